//! Rules 23 and 24: what becomes of our own writes when we see them again, and what is provably ours.

use serde_json::{Value, json};
use tminus_domain::ids::{AccountId, CalendarId, EventId, PrefixedId as _, Ulid};
use tminus_domain::mark::{MARK_PROPERTY, Mark};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN, with_an_event};

fn mirror_state(stage: &Stage) -> String {
    stage.of_graph("/* s */ SELECT state FROM event_mirrors")
}

/// The overlay of the second account and the event in it.
fn block(stage: &Stage) -> (String, String, Value) {
    let overlay = stage.overlay(1);
    let event = stage.world.events(&overlay).remove(0);
    (overlay, event["id"].as_str().unwrap().to_owned(), Value::Object(event))
}

#[test]
fn rule_23_a_block_moved_by_hand_is_moved_back_and_changes_no_event() {
    let (mut stage, _) = with_an_event(23);
    let (email, events) = (stage.emails[1].clone(), stage.graph(EVENTS));
    let (overlay, id, _) = block(&stage);
    stage.world.patch(&email, &overlay, &id, &json!({"end": {"dateTime": NOON}})).unwrap();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(stage.graph(EVENTS), events);
}

#[test]
fn rule_23_what_we_do_not_own_is_not_compared() {
    let (mut stage, _) = with_an_event(23);
    let email = stage.emails[1].clone();
    let (overlay, id, _) = block(&stage);
    stage.world.patch(&email, &overlay, &id, &json!({"colorId": "5"})).unwrap();
    let writes = stage.world.writes();
    stage.settle();
    assert_eq!(stage.world.writes(), writes);
    assert_eq!(stage.world.events(&overlay)[0]["colorId"], "5");
}

#[test]
fn rule_23_three_restores_a_day_then_error_until_the_wish_changes() {
    let (mut stage, source) = with_an_event(23);
    let email = stage.emails[1].clone();
    let (overlay, id, _) = block(&stage);
    for time in 0..4 {
        assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "restored {time} times");
        stage.world.patch(&email, &overlay, &id, &json!({"end": {"dateTime": NOON}})).unwrap();
        stage.settle();
    }
    assert_eq!(mirror_state(&stage), "ERROR");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, NOON)]), "left as the hand left it");
    stage.shift(0, &source, NOON, ONE);
    stage.settle();
    assert_eq!((mirror_state(&stage).as_str(), stage.shown(1)), ("ACTIVE", Stage::blocks(&[(NOON, ONE)])));
}

/// The echo of a write is fetched and applied before the writer has settled: someone else had a reason to look.
#[test]
fn rule_23_an_echo_is_ignored_while_the_write_is_not_settled() {
    let mut stage = Stage::settled(23, 2);
    let overlay = stage.overlay_id(1).to_string();
    let nudge = |(binding, text): &(&str, String)| *binding == "BACKFILL_QUEUE" && text.contains(&overlay);
    let (_, nudge) = stage.world.delivered().into_iter().find(nudge).unwrap();
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("settle_mirrors", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    stage.deliver_pushes();
    let row = stage.graph("/* m */ SELECT * FROM event_mirrors");
    stage.world.redeliver("BACKFILL_QUEUE", nudge);
    stage.deliver_first("BACKFILL_QUEUE");
    let echo = stage.deliver_first("DELTA_BULK_QUEUE");
    assert!(echo.contains("tminus.mark"), "the echo was fetched");
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), row, "nothing is learnt from it");
    let writes = stage.world.writes();
    stage.world.resume();
    stage.settle();
    assert_eq!((mirror_state(&stage).as_str(), stage.world.writes()), ("ACTIVE", writes));
}

/// A page of the overlay was fetched before our last write, and is applied after it.
#[test]
fn rule_23_a_page_that_is_older_than_our_write_is_no_drift() {
    let (mut stage, id) = with_an_event(23);
    let email = stage.emails[1].clone();
    let (overlay, mirror, _) = block(&stage);
    stage.world.patch(&email, &overlay, &mirror, &json!({"colorId": "5"})).unwrap();
    stage.run_until_queued("DELTA_BULK_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_BULK_QUEUE");
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.deliver_first("MIRROR_QUEUE");
    // Our update failed on the etag and was decided anew; it is through.
    stage.run_until(|stage| mirror_state(stage) == "ACTIVE");
    let row = stage.graph("/* m */ SELECT * FROM event_mirrors");
    stage.world.resume();
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), row);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// Our write comes back by push and list: its etag says so, and no row is written but the page's own.
#[test]
fn rule_23_an_echo_with_our_own_etag_writes_no_row() {
    let mut stage = Stage::settled(23, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.run_until_queued("DELTA_BULK_QUEUE");
    let written = |stage: &Stage| {
        stage.of_graph("/* w */ SELECT CAST(total_changes() AS TEXT)").parse::<u32>().unwrap()
    };
    let before = written(&stage);
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(written(&stage) - before, 1);
}

/// Echoes are collected for two seconds before anyone looks; then it is one list, on the bulk lane.
#[test]
fn rule_23_echoes_are_collected_on_the_bulk_lane() {
    let mut stage = Stage::settled(23, 2);
    let overlay = stage.overlay_id(1).to_string();
    let lists = stage.world.calls("events.list");
    for at in 0..3 {
        let _ = stage.add(0, "one of three", &format!("2026-02-02T09:{at:02}:00Z"), TEN);
        stage.world.settle(500);
        assert_eq!(stage.shown(1).len(), at + 1);
        let asked = stage.world.waiting().iter().any(|message| message.text.contains(&overlay));
        assert!(!asked, "nobody looks at the echo yet");
        assert_eq!(stage.world.calls("events.list"), lists + 1 + at as u64, "only the source is listed");
    }
    stage.run_until(|stage| stage.world.waiting().iter().any(|message| message.text.contains(&overlay)));
    assert_eq!(stage.queued("BACKFILL_QUEUE").len(), 1);
    stage.settle();
    assert_eq!(stage.world.calls("events.list"), lists + 4);
}

/// An event as a person's client copies it: everything but what the provider gives anew.
fn copy_of(event: &Value) -> Value {
    let mut copy = event.clone();
    for key in ["id", "iCalUID", "etag", "kind", "updated", "htmlLink", "created", "creator", "organizer"] {
        copy.as_object_mut().unwrap().remove(key);
    }
    copy
}

#[test]
fn rule_24_a_copy_of_a_block_is_no_origin_and_never_touched() {
    let (mut stage, source) = with_an_event(24);
    let (email, first) = (stage.emails[1].clone(), stage.emails[0].clone());
    let (overlay, _, event) = block(&stage);
    let in_the_overlay = stage.world.insert(&email, &overlay, &copy_of(&event));
    let in_the_primary = stage.world.insert(&email, &email, &copy_of(&event));
    stage.settle();
    assert_eq!(stage.graph(EVENTS).len(), 1, "a copy became an origin");
    assert_eq!(stage.shown(0), []);
    stage.world.delete(&first, &first, &source);
    stage.settle();
    assert_eq!(stage.world.events(&overlay), [in_the_overlay]);
    assert_eq!(stage.world.events(&email), [in_the_primary]);
}

/// A block of another installation: its mark proves itself, and our rows know nothing of it.
#[test]
fn rule_24_a_marked_event_of_any_installation_is_no_origin() {
    let mut stage = Stage::settled(24, 2);
    let email = stage.emails[0].clone();
    let mark = Mark {
        event: EventId::from_ulid(Ulid::from_parts(1, 1)),
        target_account: AccountId::from_ulid(Ulid::from_parts(2, 2)),
        target_calendar: CalendarId::from_ulid(Ulid::from_parts(3, 3)),
        id_generation: 0,
    };
    let event = json!({"id": mark.provider_event_id(), "summary": "Busy",
        "start": {"dateTime": NINE}, "end": {"dateTime": TEN},
        "extendedProperties": {"private": {MARK_PROPERTY: mark.to_string()}}});
    let made = stage.world.insert(&email, &email, &event);
    stage.settle();
    assert_eq!((stage.graph(EVENTS).len(), stage.shown(1)), (0, vec![]));
    assert_eq!(stage.world.events(&email), [made]);
}

/// A hand copies a block and moves the copy: its mark is the block's, its id is not the mark's hash. It tells nothing
/// of the block, and nobody deletes it.
#[test]
fn rule_24_a_mark_that_does_not_hash_to_the_id_proves_nothing() {
    let (mut stage, source) = with_an_event(24);
    let (overlay, id, event) = block(&stage);
    let email = stage.emails[1].clone();
    let (row, writes) = (stage.graph("/* m */ SELECT * FROM event_mirrors"), stage.world.writes());
    let mut forged = copy_of(&event);
    forged["id"] = json!(format!("tm{}", "0".repeat(32)));
    forged["end"] = json!({"dateTime": NOON});
    let forged = stage.world.insert(&email, &overlay, &forged);
    stage.settle();
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), row);
    assert_eq!(stage.world.writes(), writes);
    let first = stage.emails[0].clone();
    stage.world.delete(&first, &first, &source);
    stage.settle();
    assert_eq!(stage.world.events(&overlay), [forged], "only the one with the id {id} was ours");
}
