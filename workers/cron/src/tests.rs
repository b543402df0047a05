//! Which accounts a run nudges, on a real registry.

use futures::executor::block_on;
use tminus_domain::ids::{AccountId, PrefixedId, Ulid};
use tminus_ports::Clock as _;
use tminus_queues::{SyncMessage, decode};
use tminus_registry::Subject;
use tminus_registry::accounts::{AccountStatus, NewAccount, set_account_status, set_channel, upsert_account};
use tminus_registry::oauth_states::use_state_once;
use tminus_registry::unlink::begin_unlink;
use tminus_registry::users::{NewUser, create_user_with_org};
use tminus_testkit::TestPorts;

use crate::{CronError, CronReport, run};

fn id<I: PrefixedId>(number: u32) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number.into()))
}

/// A world with one person.
fn world() -> TestPorts {
    let world = TestPorts::new().unwrap();
    let new = NewUser {
        org: id(1),
        user: id(1),
        subject: Subject::google("one"),
        email: "one@example.com".to_owned(),
        now: world.now(),
    };
    block_on(create_user_with_org(&world, &new)).unwrap();
    world
}

/// Links an account whose channel ends after this many hours.
fn link(world: &TestPorts, number: u32, hours: Option<i64>) -> AccountId {
    let new = NewAccount {
        account: id(number),
        user: id(1),
        subject: Subject::google(format!("s{number}")),
        email: format!("s{number}@example.com"),
        now: world.now(),
    };
    let account = block_on(upsert_account(world, &new)).unwrap().account;
    let first = hours.map(|hours| (id(number), world.now().plus_seconds(hours.saturating_mul(3600))));
    block_on(set_channel(world, account, first)).unwrap();
    account
}

fn nudged(world: &TestPorts) -> Vec<AccountId> {
    let texts = world.queues.on("BACKFILL_QUEUE");
    assert_eq!(texts.len(), world.queues.take().len(), "only the bulk lane is used");
    texts.iter().map(|text| decode::<SyncMessage>(text).unwrap().body.account()).collect()
}

#[test]
fn accounts_with_ending_or_no_channels_and_those_that_leave_are_nudged() {
    let world = world();
    let without = link(&world, 1, None);
    let lasting = link(&world, 2, Some(25));
    let ending = link(&world, 3, Some(23));
    let ended = link(&world, 4, Some(-1));
    let leaving = link(&world, 6, Some(25));
    block_on(begin_unlink(&world, leaving, id(1))).unwrap();
    let revoked = link(&world, 5, None);
    block_on(set_account_status(&world, revoked, AccountStatus::Revoked)).unwrap();
    assert_eq!(block_on(run(&world)), Ok(CronReport { nudged: 4, more: false }));
    let first = nudged(&world);
    assert_eq!(first, [ended, ending, leaving, without]);
    assert!(!first.contains(&lasting));
}

#[test]
fn running_twice_says_the_same_and_changes_no_account() {
    let world = world();
    link(&world, 1, None);
    let account = || block_on(tminus_registry::accounts::account_by_id(&world, id(1))).unwrap();
    let before = account();
    let reports = [block_on(run(&world)), block_on(run(&world))];
    assert_eq!(reports[0], reports[1]);
    assert_eq!(account(), before);
}

#[test]
fn a_run_is_bounded_and_takes_the_most_urgent() {
    let world = world();
    for number in 1..=1101 {
        link(&world, number, Some(if number == 1101 { 1 } else { 2 }));
    }
    assert_eq!(block_on(run(&world)), Ok(CronReport { nudged: 1000, more: true }));
    assert_eq!(nudged(&world)[0], id::<AccountId>(1101));
}

#[test]
fn a_queue_that_is_down_is_told() {
    let world = world();
    link(&world, 1, None);
    world.queues.set_down(true);
    assert!(matches!(block_on(run(&world)), Err(CronError::Queue(_))));
}

#[test]
fn used_states_are_forgotten_an_hour_after_their_end() {
    let world = world();
    let end = world.now().plus_seconds(600);
    assert_eq!(block_on(use_state_once(&world, "h", end)), Ok(true));
    world.clock.advance_seconds(600 + 3599);
    block_on(run(&world)).unwrap();
    assert_eq!(block_on(use_state_once(&world, "h", end)), Ok(false));
    world.clock.advance_seconds(2);
    block_on(run(&world)).unwrap();
    assert_eq!(block_on(use_state_once(&world, "h", end)), Ok(true));
}
