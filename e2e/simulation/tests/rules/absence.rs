//! Rules 14 and 15: what a full run did not see, and what is too large to be sent on.

use serde_json::json;
use tminus_domain::dirty::DirtyLevel;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN, mark, with_an_event};

const SUSPECTS: &str =
    "/* s */ SELECT CAST(COUNT(*) AS TEXT) FROM canonical_events WHERE suspect_generation > 0";

/// Deletes an event behind our back: no push, no tombstone, as after an expired cursor.
fn vanish(stage: &mut Stage, ids: &[String]) {
    let email = stage.emails[0].clone();
    for id in ids {
        stage.world.delete(&email, &email, id);
    }
    stage.lose_pushes();
}

/// Fetches the primary calendar of the first account wholly, until the run has committed.
fn full_run(stage: &mut Stage) {
    mark(stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until_queued("BACKFILL_QUEUE");
    stage.deliver_first("BACKFILL_QUEUE");
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "idle");
}

#[test]
fn rule_14_an_event_is_deleted_when_a_second_full_run_misses_it_too() {
    let (mut stage, id) = with_an_event(14);
    vanish(&mut stage, &[id]);
    full_run(&mut stage);
    assert_eq!(stage.of_graph(SUSPECTS), "1");
    assert_eq!(stage.graph(EVENTS).len(), 1, "a suspect is not deleted");
    stage.settle();
    assert_eq!((stage.graph(EVENTS).len(), stage.shown(1)), (0, vec![]));
}

/// A lagging replica leaves an event out of one full list.
#[test]
fn rule_14_an_event_that_one_full_run_missed_and_the_next_saw_stays() {
    let (mut stage, id) = with_an_event(14);
    let deletes = stage.world.calls("events.delete");
    stage.world.tamper(move |operation, answer| {
        if let (true, Ok(answer)) = (operation == "events.list", answer) {
            let mut list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            list["items"].as_array_mut().unwrap().retain(|item| item["id"] != *id);
            answer.body = serde_json::to_vec(&list).unwrap();
        }
    });
    full_run(&mut stage);
    assert_eq!(stage.of_graph(SUSPECTS), "1");
    stage.world.no_tamper();
    stage.settle();
    assert_eq!((stage.of_graph(SUSPECTS), stage.shown(1)), ("0".into(), Stage::blocks(&[(NINE, TEN)])));
    assert_eq!(stage.world.calls("events.delete"), deletes);
}

fn with_many(seed: u64, count: usize) -> (Stage, Vec<String>) {
    let mut stage = Stage::settled(seed, 2);
    let ids = (0..count)
        .map(|at| {
            let (hour, minute) = (at / 60, at % 60);
            stage.add(
                0,
                "one of many",
                &format!("2026-02-02T{hour:02}:{minute:02}:00Z"),
                "2026-02-03T00:00:00Z",
            )
        })
        .collect();
    stage.settle();
    assert_eq!(stage.shown(1).len(), count);
    (stage, ids)
}

#[test]
fn rule_14_too_many_missing_are_held() {
    let (mut stage, ids) = with_many(14, 30);
    vanish(&mut stage, &ids[..26]);
    for _ in 0..3 {
        full_run(&mut stage);
        stage.settle();
        assert_eq!(stage.graph(EVENTS).len(), 30);
        assert_eq!(stage.shown(1).len(), 30);
    }
    assert_eq!(stage.of_graph("/* h */ SELECT missing || ' of ' || total FROM holds"), "26 of 30");
}

#[test]
fn rule_14_up_to_twenty_five_missing_are_believed() {
    let (mut stage, ids) = with_many(14, 30);
    vanish(&mut stage, &ids[..25]);
    full_run(&mut stage);
    stage.settle();
    assert_eq!((stage.graph(EVENTS).len(), stage.shown(1).len()), (5, 5));
}

#[test]
fn rule_14_explicit_tombstones_are_never_held() {
    let (mut stage, ids) = with_many(14, 30);
    let email = stage.emails[0].clone();
    for id in &ids {
        stage.world.delete(&email, &email, id);
    }
    stage.settle();
    assert_eq!((stage.graph(EVENTS).len(), stage.shown(1).len()), (0, 0));
    assert_eq!(stage.graph("/* h */ SELECT 1 FROM holds"), Vec::<String>::new());
}

/// An unchanged event costs no write: what a full run saw is one row a chunk, forgotten at its end.
#[test]
fn rule_14_a_full_run_writes_one_row_a_chunk() {
    let (mut stage, _) = with_many(14, 30);
    let before = stage.graph("/* e */ SELECT * FROM canonical_events");
    let chunks = "/* c */ SELECT 1 FROM full_run_chunks";
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until_queued("BACKFILL_QUEUE");
    stage.deliver_first("BACKFILL_QUEUE");
    stage.world.hold("conclude_full_run", Side::Before);
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(stage.graph(chunks).len(), 1);
    stage.world.resume();
    assert_eq!(stage.graph(chunks).len(), 0);
    assert_eq!(stage.graph("/* e */ SELECT * FROM canonical_events"), before);
}

/// Its conclusion is lost after it was made: concluding again must not take the first suspicion for the second.
#[test]
fn rule_14_a_run_that_concludes_twice_concludes_once() {
    let (mut stage, id) = with_an_event(14);
    vanish(&mut stage, &[id]);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until_queued("BACKFILL_QUEUE");
    stage.deliver_first("BACKFILL_QUEUE");
    stage.world.crash_on("conclude_full_run", Side::After);
    stage.deliver_first("DELTA_BULK_QUEUE");
    stage.run_until_queued("DELTA_BULK_QUEUE");
    stage.world.advance_millis(2_000);
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!((stage.of_graph(SUSPECTS), stage.graph(EVENTS).len()), ("1".into(), 1));
    stage.settle();
    assert_eq!(stage.shown(1), [], "the second look was not forgotten");
}

#[test]
fn rule_15_an_oversize_item_is_quarantined_and_blocks_nobody() {
    let mut stage = Stage::settled(15, 2);
    let email = stage.emails[0].clone();
    let mut huge = timed("huge", NOON, ONE);
    huge["location"] = json!("x".repeat(200_000));
    stage.world.insert(&email, &email, &huge);
    let _ = stage.add(0, "small", NINE, TEN);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(stage.of_graph("/* q */ SELECT reason FROM quarantine"), "the event is too large");
    assert_eq!(stage.of_primary(0, "phase"), "idle");
}

#[test]
fn rule_15_a_long_description_is_cut_and_other_guests_are_not_passed_on() {
    let mut stage = Stage::settled(15, 2);
    let email = stage.emails[0].clone();
    let mut long = timed("long", NINE, TEN);
    long["description"] = json!("ä".repeat(20_000));
    long["attendees"] = json!([{"email": "guest@elsewhere.example"}, {"email": email}]);
    stage.world.insert(&email, &email, &long);
    stage.settle();
    let kept = stage.of_graph("/* d */ SELECT description FROM canonical_events");
    assert!(kept.len() <= 16_384 + '…'.len_utf8() && kept.ends_with('…'), "{}", kept.len());
    let (_, delta) =
        stage.world.delivered().into_iter().rfind(|(binding, _)| *binding == "DELTA_QUEUE").unwrap();
    assert!(!delta.contains("elsewhere.example"));
    let delta: serde_json::Value = serde_json::from_str(&delta).unwrap();
    assert_eq!(delta["body"]["items"][0]["attendees"].as_array().unwrap().len(), 1, "the owner's own answer");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}
