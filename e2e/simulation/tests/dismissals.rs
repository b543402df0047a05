//! Mirrors that a user does not want, of series too: dismissed here or deleted by hand, and taken back.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use serde_json::{Value, json};
use tminus_domain::ids::EventId;
use tminus_domain::time::Timestamp;
use tminus_simulation::Stage;
use tminus_user_graph::contract::{ListEvents, ListedEvent};
use tminus_user_graph::policy_contract::{HandDeleted, MirrorWish, SetDismissed, SetHandDeleted};
use tminus_user_graph::reading_contract::EventFilter;

/// The series, and its second occurrence two hours late.
const WHOLE: [&str; 2] = ["03T11", "series 02T09"];

/// A daily series of three in the first account, whose second occurrence is two hours late.
fn with_a_series() -> (Stage, EventId, EventId) {
    let mut stage = Stage::settled(4, 2);
    let email = stage.emails[0].clone();
    let at = |time: &str| json!({"dateTime": time, "timeZone": "UTC"});
    let daily = json!({
        "summary": "daily", "start": at("2026-02-02T09:00:00Z"), "end": at("2026-02-02T10:00:00Z"),
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=3"],
    });
    let id = stage.world.insert(&email, &email, &daily)["id"].as_str().unwrap().to_owned();
    let late = json!({"start": at("2026-02-03T11:00:00Z"), "end": at("2026-02-03T12:00:00Z")});
    stage.world.patch(&email, &email, &format!("{id}_20260203T090000Z"), &late).expect("an instance");
    stage.settle();
    let time = |text| Timestamp::parse_rfc3339(text).unwrap();
    let (from, to) = (time("2026-02-01T00:00:00Z"), time("2026-03-01T00:00:00Z"));
    let list = ListEvents { from, to, filter: EventFilter::default(), limit: 10, after: None };
    let events = stage.world.call(&stage.person.user.to_string(), &list).unwrap().events;
    let of = |is_exception: bool| {
        let fits = |event: &&ListedEvent| event.occurrence.is_none() == is_exception;
        events.iter().find(fits).unwrap_or_else(|| panic!("{events:#?}")).event
    };
    let (series, exception) = (of(false), of(true));
    assert_eq!(shape(&stage), WHOLE);
    (stage, series, exception)
}

/// What the overlay of the second account holds: its series, and what differs in one that is there.
fn shape(stage: &Stage) -> Vec<String> {
    let overlay = stage.overlay(1);
    let rows: Vec<_> = stage.world.google(|google| {
        google.calendars[&overlay].events.values().map(|event| (event.cancelled(), event.full())).collect()
    });
    let hour = |value: &Value| value["dateTime"].as_str().unwrap().get(8..13).unwrap().to_owned();
    let live = |id: &Value| rows.iter().any(|(is_cancelled, event)| !is_cancelled && event["id"] == *id);
    let mut shape: Vec<String> = rows
        .iter()
        .filter(|(is_cancelled, event)| event.get("recurringEventId").map_or(!is_cancelled, live))
        .map(|(is_cancelled, event)| match (is_cancelled, event.get("originalStartTime")) {
            (true, Some(original)) => format!("not {}", hour(original)),
            (_, None) if event.contains_key("recurrence") => format!("series {}", hour(&event["start"])),
            _ => hour(&event["start"]),
        })
        .collect();
    shape.sort();
    shape
}

fn set(stage: &mut Stage, event: EventId, wish: MirrorWish) {
    let command = SetDismissed { event, calendar: stage.overlay_id(1), wish };
    stage.world.call(&stage.person.user.to_string(), &command).unwrap();
    stage.settle();
}

#[test]
fn a_series_is_dismissed_and_taken_back_as_a_whole() {
    let (mut stage, series, _) = with_a_series();
    set(&mut stage, series, MirrorWish::Dismissed);
    assert_eq!(shape(&stage), Vec::<String>::new());
    set(&mut stage, series, MirrorWish::AsPolicy);
    assert_eq!(shape(&stage), WHOLE);
}

#[test]
fn one_occurrence_is_dismissed_and_taken_back() {
    let (mut stage, _, exception) = with_a_series();
    set(&mut stage, exception, MirrorWish::Dismissed);
    assert_eq!(shape(&stage), ["not 03T09", "series 02T09"]);
    set(&mut stage, exception, MirrorWish::AsPolicy);
    assert_eq!(shape(&stage), WHOLE);
}

/// Whoever reads the overlay deletes one occurrence of the series there, and it is to stay away.
#[test]
fn an_occurrence_that_was_deleted_by_hand_is_taken_back() {
    let (mut stage, series, exception) = with_a_series();
    let user = stage.person.user.to_string();
    let dismiss = SetHandDeleted { event: None, becomes: Some(HandDeleted::Dismiss) };
    stage.world.call(&user, &dismiss).unwrap();
    for take_back in [exception, series] {
        let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
        let events = stage.world.events(&overlay);
        let instance = events.iter().find(|event| event.contains_key("recurringEventId")).unwrap();
        let id = instance["id"].as_str().unwrap().to_owned();
        assert!(stage.world.delete(&email, &overlay, &id));
        stage.settle();
        assert_eq!(shape(&stage), ["not 03T09", "series 02T09"]);
        set(&mut stage, take_back, MirrorWish::AsPolicy);
        assert_eq!(shape(&stage), WHOLE);
    }
}

/// The same of a mirror that is no series, and of a setting that is the event's own.
#[test]
fn a_mirror_that_was_deleted_by_hand_is_dismissed_if_its_event_says_so() {
    let (mut stage, series, _) = with_a_series();
    let user = stage.person.user.to_string();
    let dismiss = SetHandDeleted { event: Some(series), becomes: Some(HandDeleted::Dismiss) };
    stage.world.call(&user, &dismiss).unwrap();
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    let events = stage.world.events(&overlay);
    let id = events.iter().find(|event| event.contains_key("recurrence")).unwrap()["id"].as_str().unwrap();
    assert!(stage.world.delete(&email, &overlay, id));
    stage.settle();
    assert_eq!(shape(&stage), Vec::<String>::new());
    set(&mut stage, series, MirrorWish::AsPolicy);
    assert_eq!(shape(&stage), WHOLE);
}
