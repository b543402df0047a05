//! Rule 29: what an account that is being unlinked does no more, and what is waited for and looked for before its end.

use serde_json::json;
use tminus_domain::ids::{AccountId, EventId, PrefixedId, Ulid};
use tminus_domain::lease;
use tminus_domain::mark::{MARK_PROPERTY, Mark};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN, with_an_event};

const STILL_LINKED: &str = "/* l */ SELECT 1 FROM linked_accounts";

/// The graph forgets the second account, and nothing else happens yet.
fn unlink_at_the_graph(stage: &mut Stage) {
    unlink(stage);
    stage.run_until(|stage| stage.graph(STILL_LINKED).len() == 1);
}

fn unlink(stage: &mut Stage) {
    let account = stage.accounts[1];
    assert_eq!(stage.world.unlink(&mut stage.person, account), Some(202));
}

/// Until the account's object is at this step.
fn until_step(stage: &mut Stage, step: &str) {
    let at = format!("/* s */ SELECT 1 FROM account WHERE unlink_step = '{step}'");
    stage.run_until(|stage| !stage.account(1, &at).is_empty());
}

/// A chunk is held in front of the graph until the account is a tombstone, and the job that forgets it through: nobody
/// would delete what it brings.
#[test]
fn rule_29_a_chunk_that_comes_after_the_end_makes_no_event() {
    let mut stage = Stage::settled(29, 2);
    let _ = stage.add(1, "late", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    unlink(&mut stage);
    stage.settle();
    let state = stage.world.state();
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.graph(EVENTS), Vec::<String>::new());
    assert_eq!(stage.world.state(), state, "not even a row");
}

/// A writer has its seat and is about to claim when the graph forgets the account: without the account's edges the block
/// is to go, and its deletion would be a write that nobody waits for.
#[test]
fn rule_29_the_graph_hands_out_no_claim_of_an_account_that_it_has_forgotten() {
    let (mut stage, id) = with_an_event(29);
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("claim_mirrors", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    unlink_at_the_graph(&mut stage);
    let batches = stage.world.calls("batch");
    stage.world.resume();
    assert_eq!(stage.world.calls("batch"), batches);
}

/// A nudge to write comes when the account is being unlinked and the graph does not know it yet.
#[test]
fn rule_29_nobody_begins_to_write_from_the_first_step_on() {
    let (mut stage, id) = with_an_event(29);
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("MIRROR_QUEUE");
    unlink(&mut stage);
    let batches = stage.world.calls("batch");
    stage.deliver_first("MIRROR_QUEUE");
    assert_eq!(stage.world.calls("batch"), batches);
    assert_eq!(
        stage.graph("/* c */ SELECT 1 FROM event_mirrors WHERE claim_id IS NOT NULL"),
        Vec::<String>::new()
    );
    assert_eq!(stage.graph(STILL_LINKED).len(), 2);
}

/// A nudge to fetch comes when the account is being unlinked: its run would hold events of somebody who is leaving.
#[test]
fn rule_29_no_run_begins_from_the_first_step_on() {
    let mut stage = Stage::settled(29, 2);
    let _ = stage.add(1, "late", NINE, TEN);
    stage.deliver_pushes();
    assert_eq!(stage.queued("SYNC_QUEUE").len(), 1);
    unlink(&mut stage);
    let lists = stage.world.calls("events.list");
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.world.calls("events.list"), lists);
    assert_eq!(stage.of_primary(1, "phase"), "idle");
}

/// A writer has claimed and is slow. Its claim may last, and then its call: only then what it wrote can be seen.
#[test]
fn rule_29_the_purge_begins_when_the_last_claim_and_its_call_have_ended() {
    const A_CALL_MS: i64 = 10_000;
    let mut stage = Stage::settled(29, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    let claimed = stage.world.now();
    unlink(&mut stage);
    until_step(&mut stage, "purging");
    let lists = stage.world.calls("events.list");
    stage.world.settle(lease::WRITING_MS);
    assert_eq!(stage.world.calls("events.list"), lists, "the claim may still be under way");
    stage.run_until(|stage| stage.world.calls("events.list") > lists);
    assert!(stage.world.now() >= claimed.plus_millis(lease::WRITING_MS + A_CALL_MS));
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.world.overlays(&stage.emails[1]), Vec::<String>::new());
}

/// A list shows none of our events, which may be for its lag: another one follows, and not at once.
#[test]
fn rule_29_two_lists_that_hold_none_end_the_purge() {
    let mut stage = Stage::settled(29, 2);
    unlink(&mut stage);
    until_step(&mut stage, "purging");
    let (lists, began) = (stage.world.calls("events.list"), stage.world.now());
    until_step(&mut stage, "closing");
    assert_eq!(stage.world.calls("events.list"), lists + 4, "two of each calendar that is written into");
    assert!(stage.world.now() >= began.plus_millis(10_000), "replicas lag");
}

/// A block that proves itself stands in the primary calendar, and was written for another account, by another
/// installation perhaps: whoever wrote it removes it.
#[test]
fn rule_29_the_purge_leaves_the_blocks_of_other_accounts() {
    let mut stage = Stage::settled(29, 2);
    let email = stage.emails[1].clone();
    // With the scope that a deletion in the primary calendar needs.
    assert_eq!(stage.world.link_primary(&mut stage.person, &email), Some(stage.accounts[1]));
    stage.settle();
    let mark = Mark {
        event: EventId::from_ulid(Ulid::from_parts(1, 1)),
        target_account: AccountId::from_ulid(Ulid::from_parts(2, 2)),
        target_calendar: stage.primary(1),
        id_generation: 0,
    };
    let event = json!({"id": mark.provider_event_id(), "summary": "Busy",
        "start": {"dateTime": NINE}, "end": {"dateTime": TEN},
        "extendedProperties": {"private": {MARK_PROPERTY: mark.to_string()}}});
    let theirs = stage.world.insert(&email, &email, &event);
    stage.settle();
    unlink(&mut stage);
    stage.settle();
    assert_eq!(stage.world.overlays(&email), Vec::<String>::new());
    assert_eq!(stage.world.events(&email), [theirs]);
}
