//! Rule 11, times without an offset: what the tables of zones tell is followed, what they do not goes into quarantine.

use serde_json::{Value, json};
use tminus_domain::dirty::DirtyLevel;
use tminus_simulation::Stage;

use crate::support::{NINE, NOON, ONE, TEN, mark};

/// From now on the provider lists this event by the clock of a zone.
fn on_clock(stage: &Stage, id: &str, start: &'static str, end: &'static str, zone: &'static str) {
    let id = id.to_owned();
    stage.world.tamper(move |operation, answer| {
        if let (true, Ok(answer)) = (operation == "events.list", answer) {
            let mut list: Value = serde_json::from_slice(&answer.body).unwrap();
            for item in list["items"].as_array_mut().into_iter().flatten().filter(|item| item["id"] == *id) {
                item["start"] = json!({"dateTime": start, "timeZone": zone});
                item["end"] = json!({"dateTime": end, "timeZone": zone});
            }
            answer.body = serde_json::to_vec(&list).unwrap();
        }
    });
}

#[test]
fn rule_11_a_time_on_a_clock_is_read_by_its_zone_twice_is_once() {
    let mut stage = Stage::settled(11, 2);
    let id = stage.add(0, "on a clock", NINE, TEN);
    on_clock(&stage, &id, "2026-07-01T09:00:00", "2026-07-01T10:00:00", "Europe/Berlin");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[("2026-07-01T07:00:00Z", "2026-07-01T08:00:00Z")]));
    assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine"), Vec::<String>::new());
    let (rows, writes) = (stage.graph("/* e */ SELECT * FROM canonical_events"), stage.world.writes());
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!((stage.graph("/* e */ SELECT * FROM canonical_events"), stage.world.writes()), (rows, writes));
}

#[test]
fn rule_11_a_clock_of_no_known_zone_is_quarantined_with_its_reason() {
    let mut stage = Stage::settled(11, 2);
    let id = stage.add(0, "on a clock", NINE, TEN);
    let _ = stage.add(0, "good", NOON, ONE);
    on_clock(&stage, &id, "2026-07-01T09:00:00", "2026-07-01T10:00:00", "Mars/Olympus");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
    let reason = stage.of_graph("/* q */ SELECT reason FROM quarantine");
    assert_eq!(reason, "a time of the event has no offset, and its zone is not known");
    on_clock(&stage, &id, "2026-07-01T09:00:00", "2026-07-01T08:00:00", "Europe/Berlin");
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.of_graph("/* q */ SELECT reason FROM quarantine"), "the event ends before it starts");
    stage.world.no_tamper();
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
    assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine"), Vec::<String>::new());
}
