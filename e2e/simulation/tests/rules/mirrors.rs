//! Rules 17 and 19 to 21: intent against fact, ids, fences and conflicts.

use serde_json::json;
use tminus_domain::mark::Mark;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;
use tminus_simulation::world::{Side, id_in};

use crate::support::{NINE, NOON, ONE, TEN, a_minute, failed, lose_answers, with_an_event};

/// The only mirror: state, version, acknowledged hash equals the wish, and whether an answer is missing.
fn mirror(stage: &Stage) -> String {
    stage.of_graph(
        "/* m */ SELECT state || ' v' || CAST(desired_version AS INTEGER)
           || CASE WHEN last_projected_hash IS desired_hash THEN ' as wanted' ELSE ' not as wanted' END
           || CASE WHEN in_doubt THEN ' in doubt' ELSE '' END FROM event_mirrors",
    )
}

/// The id at the provider of the only mirror, as it is stored.
fn stored_id(stage: &Stage) -> String {
    stage.of_graph("/* i */ SELECT provider_event_id FROM event_mirrors")
}

/// The event moves while its first version is being written.
#[test]
fn rule_17_settling_an_older_version_leaves_the_mirror_pending() {
    let mut stage = Stage::settled(17, 2);
    let id = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::After);
    stage.deliver_first("MIRROR_QUEUE");
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    stage.world.hold("end_write", Side::Before);
    stage.world.resume();
    // The writer goes on at once, since the mirror is still pending; without messages the timer does it.
    stage.world.restart(true);
    stage.settle();
    assert_eq!(mirror(&stage), "ACTIVE v2 as wanted");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

#[test]
fn rule_17_the_first_version_settles_as_pending() {
    let mut stage = Stage::settled(17, 2);
    let id = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::After);
    stage.deliver_first("MIRROR_QUEUE");
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    stage.world.hold("settle_mirrors", Side::After);
    stage.world.resume();
    assert_eq!(mirror(&stage), "PENDING v2 not as wanted");
    stage.world.resume();
    stage.settle();
    assert_eq!(mirror(&stage), "ACTIVE v2 as wanted");
}

/// The wish returns to what the provider holds while another write is under way: nothing rests before that is known.
#[test]
fn rule_17_a_wish_that_returns_during_a_write_waits_for_it() {
    let (mut stage, id) = with_an_event(17);
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    stage.shift(0, &id, NINE, TEN);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(mirror(&stage), "PENDING v3 as wanted");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The writer dies between claim and write, and again between write and answer: the id is the one of the claim.
#[test]
fn rule_19_the_id_is_persisted_before_it_is_sent() {
    for side in [Side::Before, Side::After] {
        let mut stage = Stage::settled(19, 2);
        let _ = stage.add(0, "secret", NINE, TEN);
        stage.run_until_queued("MIRROR_QUEUE");
        assert_eq!(stored_id(&stage), "");
        stage.world.crash_on("batch", side);
        stage.deliver_first("MIRROR_QUEUE");
        let id = stored_id(&stage);
        assert!(id.starts_with("tm") && id.len() == 34, "{id}");
        stage.world.restart(true);
        stage.settle();
        let overlay = stage.overlay(1);
        let ids: Vec<_> = stage.world.events(&overlay).into_iter().map(|event| event["id"].clone()).collect();
        assert_eq!(ids, [json!(id)], "{side:?}");
        assert_eq!(stage.world.calls("events.insert"), if side == Side::Before { 1 } else { 2 });
    }
}

#[test]
fn rule_19_the_id_is_the_hash_of_our_ids_and_a_generation() {
    let (stage, _) = with_an_event(19);
    let events = "/* e */ SELECT canonical_event_id FROM canonical_events";
    let events = stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), events);
    let mark = Mark {
        event: id_in(&events[0], 0),
        target_account: stage.accounts[1],
        target_calendar: stage.overlay_id(1),
        id_generation: 0,
    };
    assert_eq!(stored_id(&stage), mark.provider_event_id());
    let elsewhere = Mark { target_calendar: stage.overlay_id(0), ..mark };
    assert_ne!(elsewhere.provider_event_id(), mark.provider_event_id());
}

/// A hand changes the mirror between claim and write: the write carries the etag that we know, fails, and decides anew.
#[test]
fn rule_20_an_update_carries_the_last_etag() {
    let (mut stage, id) = with_an_event(20);
    let (email, overlay, mirror_id) = (stage.emails[1].clone(), stage.overlay(1), stored_id(&stage));
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    stage.world.patch(&email, &overlay, &mirror_id, &json!({"summary": "by hand"})).unwrap();
    stage.lose_pushes();
    stage.world.resume();
    assert_eq!(failed(&stage, "events.update 412"), 1);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

#[test]
fn rule_20_a_delete_carries_the_last_etag() {
    let (mut stage, id) = with_an_event(20);
    let (email, overlay, mirror_id) = (stage.emails[1].clone(), stage.overlay(1), stored_id(&stage));
    let first = stage.emails[0].clone();
    stage.world.delete(&first, &first, &id);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    stage.world.patch(&email, &overlay, &mirror_id, &json!({"summary": "by hand"})).unwrap();
    stage.lose_pushes();
    stage.world.resume();
    assert_eq!(failed(&stage, "events.delete 412"), 1);
    stage.settle();
    assert_eq!(stage.shown(1), []);
}

/// An insert hangs on its way for longer than its claim. Meanwhile the event is deleted, and the delete finds nothing.
/// Then the insert arrives.
#[test]
fn rule_20_a_delete_that_finds_nothing_while_an_insert_is_in_doubt_is_repeated() {
    let mut stage = Stage::settled(20, 2);
    let first = stage.emails[0].clone();
    let id = stage.add(0, "short-lived", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    stage.world.delete(&first, &first, &id);
    stage.run_until(|stage| stage.world.calls("events.delete") == 1);
    assert_eq!(failed(&stage, "events.delete 404"), 1);
    stage.world.resume();
    assert_eq!(stage.shown(1).len(), 1, "the insert arrived after the delete");
    stage.settle();
    assert_eq!(stage.shown(1), []);
    assert_eq!(stage.of_graph("/* s */ SELECT state FROM event_mirrors"), "DELETED");
}

/// Nothing is in doubt: a 404 or 410 of a delete is the end.
#[test]
fn rule_20_a_delete_that_finds_nothing_without_doubt_is_final() {
    let (mut stage, id) = with_an_event(20);
    let (email, overlay, mirror_id) = (stage.emails[1].clone(), stage.overlay(1), stored_id(&stage));
    let first = stage.emails[0].clone();
    stage.world.delete(&email, &overlay, &mirror_id);
    stage.world.delete(&first, &first, &id);
    stage.lose_pushes();
    stage.world.push_all();
    stage.run_until_queued("MIRROR_QUEUE");
    let deletes = stage.world.calls("events.delete");
    stage.settle();
    a_minute(&mut stage);
    assert!(stage.world.calls("events.delete") <= deletes + 1);
    assert_eq!(stage.of_graph("/* s */ SELECT state FROM event_mirrors"), "DELETED");
}

/// The insert was done, its answer lost: the repeat meets our own id.
#[test]
fn rule_21_a_conflict_with_our_own_block_settles() {
    let mut stage = Stage::settled(21, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    lose_answers(&stage, "batch", 1);
    stage.settle();
    assert_eq!(failed(&stage, "events.insert 409"), 1);
    assert_eq!(stage.world.calls("events.update"), 0, "it is as it is wanted");
    assert_eq!(mirror(&stage), "ACTIVE v1 as wanted");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The same, and the event moved meanwhile: what is there is ours but not what is wanted.
#[test]
fn rule_21_a_conflict_with_an_older_block_of_ours_is_an_update() {
    let mut stage = Stage::settled(21, 2);
    let id = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    lose_answers(&stage, "batch", 1);
    stage.deliver_first("MIRROR_QUEUE");
    stage.shift(0, &id, NOON, ONE);
    stage.settle();
    assert_eq!((failed(&stage, "events.insert 409"), stage.world.calls("events.update")), (1, 1));
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// The same, and a hand deleted the block meanwhile: an id is never free again.
#[test]
fn rule_21_a_conflict_with_a_tombstone_takes_the_next_id() {
    let mut stage = Stage::settled(21, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    lose_answers(&stage, "batch", 1);
    stage.deliver_first("MIRROR_QUEUE");
    let (email, overlay, first) = (stage.emails[1].clone(), stage.overlay(1), stored_id(&stage));
    assert!(stage.world.delete(&email, &overlay, &first));
    stage.lose_pushes();
    stage.settle();
    assert_eq!(stage.of_graph("/* g */ SELECT CAST(id_generation AS TEXT) FROM event_mirrors"), "1");
    assert_ne!(stored_id(&stage), first);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// Someone else's event has the id: it is left alone, an alert is logged, and the next id is taken.
#[test]
fn rule_21_a_conflict_with_an_event_that_is_not_ours_takes_the_next_id_and_alerts() {
    let mut stage = Stage::settled(21, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    let squatter = json!({"id": stored_id(&stage), "summary": "not ours",
        "start": {"dateTime": NOON}, "end": {"dateTime": ONE}});
    let theirs = stage.world.insert(&email, &overlay, &squatter);
    let ((), lines) = logged(|| {
        stage.world.resume();
        stage.settle();
    });
    assert!(lines.iter().any(|line| line.starts_with("ERROR") && line.contains("is not ours")), "{lines:#?}");
    let events = stage.world.events(&overlay);
    assert_eq!(events.len(), 2);
    assert!(events.contains(&theirs), "it is as its owner made it");
    assert_eq!(mirror(&stage), "ACTIVE v1 as wanted");
}
