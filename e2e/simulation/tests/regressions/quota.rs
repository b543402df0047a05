//! What is counted against the provider's quota, and who waits for it (protocol rules 16, 18 and 29).

use tminus_account::contract::{BeginWrite, EndWrite, FetchAgain, WriteGrant, WriteOutcome, WriteStart};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{MessageId, PrefixedId, Ulid};
use tminus_simulation::Stage;

use crate::support::{fail_always, failures, stage, unlink};

const A_MINUTE: u64 = 600;

fn holder(number: u128) -> MessageId {
    MessageId::from_ulid(Ulid::from_parts(1, number))
}

/// A writer of the first account asks for the seat; `None` if it is not the time.
fn begin(stage: &Stage, holder: MessageId, lane: Lane) -> Option<Box<WriteGrant>> {
    let account = stage.accounts[0].to_string();
    match stage.world.call(&account, &BeginWrite { holder, lane }).unwrap() {
        WriteStart::Granted(grant) => Some(grant),
        WriteStart::NotNow | WriteStart::Coalesced => None,
    }
}

/// It has used all that it was permitted.
fn end(stage: &Stage, holder: MessageId, used: u32) {
    let end = EndWrite { holder, used, unwritable: vec![], outcome: WriteOutcome::Drained };
    stage.world.call(&stage.accounts[0].to_string(), &end).unwrap();
}

/// Hundreds of events are fetched again, each by a call of its own, in one run after another: a minute holds no more
/// of them than the provider allows.
#[test]
fn events_that_are_fetched_again_keep_to_the_quota() {
    let mut stage = Stage::settled(11, 1);
    let ids: Vec<String> = (0..900).map(|at| format!("nothing{at:04}")).collect();
    let again = FetchAgain { calendar: stage.primary(0), ids };
    stage.world.call(&stage.accounts[0].to_string(), &again).unwrap();
    let before = stage.world.calls("events.get");
    stage.world.settle(50_000);
    let gets = stage.world.calls("events.get") - before;
    assert!((1..=A_MINUTE).contains(&gets), "{gets} within fifty seconds");
}

/// So many events in the first account, each at a time of its own.
fn add_many(stage: &mut Stage, count: usize) {
    for at in 0..count {
        let (day, hour, minute) = (at / 45 + 1, at % 15 + 2, at / 15 % 3 * 20);
        let start = format!("2026-02-{day:02}T{hour:02}:{minute:02}:00Z");
        let end = format!("2026-02-{day:02}T{hour:02}:{:02}:00Z", minute + 10);
        let _ = stage.add(0, "many", &start, &end);
    }
}

/// An account is unlinked in the middle of a first sync, when its quota is used up: what removes its blocks waits for
/// the quota like what writes them.
#[test]
fn the_purge_keeps_to_the_quota() {
    let mut stage = Stage::settled(29, 2);
    stage.world.google(|google| google.settings.quota_per_minute_per_user = Some(A_MINUTE));
    add_many(&mut stage, 900);
    stage.run_until(|stage| stage.shown(1).len() >= 500);
    let before = failures(&stage);
    unlink(&mut stage);
    stage.world.settle(600_000);
    assert_eq!(failures(&stage), before);
    assert_eq!(stage.world.overlays(&stage.emails[1]), Vec::<String>::new());
}

/// Nothing was written for long, and much is to be removed: one pass follows another until they have used up what the
/// quota leaves to bulk work.
#[test]
fn passes_of_the_purge_count_against_the_quota() {
    let mut stage = Stage::settled(29, 2);
    add_many(&mut stage, 350);
    stage.settle();
    stage.world.advance_millis(300_000);
    stage.settle();
    let before = stage.world.calls("events.delete");
    unlink(&mut stage);
    stage.world.settle(45_000);
    assert_eq!(stage.world.calls("events.delete") - before, 300, "three passes of a hundred");
    stage.settle();
    assert_eq!(stage.world.calls("events.delete") - before, 350);
}

/// Live work waits for the quota, then bulk work comes and waits longer: the nudge comes when there is room for the
/// live one, and on its lane.
#[test]
fn bulk_work_does_not_put_off_live_work_that_waits_for_the_quota() {
    let mut stage = Stage::settled(29, 2);
    let mut writers = 1_u128..;
    let mut waits = |stage: &Stage| {
        let holder = holder(writers.next().unwrap());
        let grant = begin(stage, holder, Lane::Live);
        if let Some(grant) = &grant {
            end(stage, holder, grant.permits.live);
        }
        grant.is_none()
    };
    while !waits(&stage) {}
    stage.world.advance_millis(20_000);
    assert!(begin(&stage, holder(999), Lane::Bulk).is_none(), "bulk work waits, too");
    stage.run_until(|stage| !stage.world.waiting().is_empty());
    assert_eq!(stage.queued("MIRROR_BULK_QUEUE"), Vec::<String>::new());
    assert_eq!(stage.queued("MIRROR_QUEUE").len(), 1);
}

/// A writer dies after it wrote, and its message comes again, each time: what the first delivery may have used stays
/// counted.
#[test]
fn a_writer_that_comes_again_gets_no_permit_twice() {
    let stage = Stage::settled(29, 2);
    let mut permitted = 0;
    'minute: for writer in 1.. {
        for last in [false, true] {
            let Some(grant) = begin(&stage, holder(writer), Lane::Live) else { break 'minute };
            permitted += u64::from(grant.permits.live);
            if last {
                end(&stage, holder(writer), grant.permits.live);
            }
        }
    }
    assert!((100..=A_MINUTE).contains(&permitted), "{permitted} within a second");
}

/// A calendar refuses every write, for hours: it is asked ever more seldom, up to once an hour, and maintenance with
/// it.
#[test]
fn a_calendar_that_goes_on_refusing_is_asked_ever_more_seldom() {
    let mut stage = stage(2);
    fail_always(&stage, "events.insert", 403, "forbidden");
    for at in 0..60 {
        let (day, hour) = (1 + at % 20, 8 + at / 20);
        let (start, end) =
            (format!("2026-03-{day:02}T{hour:02}:00:00Z"), format!("2026-03-{day:02}T{hour:02}:30:00Z"));
        let _ = stage.add(0, "many", &start, &end);
    }
    stage.lose_pushes();
    stage.world.push_all();
    let asked = |stage: &mut Stage, hours: i64| {
        let before = (stage.world.calls("batch"), stage.world.calls("calendarList.list"));
        stage.world.settle(hours * 3_600_000);
        (stage.world.calls("batch") - before.0, stage.world.calls("calendarList.list") - before.1)
    };
    let (first, _) = asked(&mut stage, 1);
    assert!((4..=8).contains(&first), "{first} in the first hour: after 1, 3, 7, 15, 31 minutes");
    let _ = asked(&mut stage, 2);
    let (later, lists) = asked(&mut stage, 4);
    assert!((3..=5).contains(&later), "{later} in four later hours");
    assert!(lists <= 5, "{lists} times maintained in four hours");
}

/// Fifty events are fetched again, then writers come: what was read leaves them less room.
#[test]
fn events_that_are_fetched_again_leave_writes_less_room() {
    let mut stage = Stage::settled(11, 1);
    let ids: Vec<String> = (0..50).map(|at| format!("nothing{at:04}")).collect();
    let again = FetchAgain { calendar: stage.primary(0), ids };
    stage.world.call(&stage.accounts[0].to_string(), &again).unwrap();
    stage.world.settle(1_000);
    let gets = stage.world.calls("events.get");
    assert_eq!(gets, 50);
    let mut permitted = 0;
    for writer in 1.. {
        let Some(grant) = begin(&stage, holder(writer), Lane::Live) else { break };
        permitted += u64::from(grant.permits.live);
        end(&stage, holder(writer), grant.permits.live);
    }
    assert!(permitted > 0 && permitted + gets <= A_MINUTE * 9 / 10, "{permitted} and {gets}");
}
