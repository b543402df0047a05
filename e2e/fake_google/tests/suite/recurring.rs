//! Series, instances, exceptions.

use serde_json::json;

use crate::world::{World, ids, series};

const SECOND: &str = "serie1_20260323T090000Z";
const THIRD: &str = "serie1_20260330T080000Z";

#[test]
fn instances_are_made_when_touched() {
    let mut w = World::new();
    let master = w.insert(&series("serie1"));
    assert_eq!(master["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=5"]));
    assert_eq!(ids(&w.list("").0), ["serie1"]);
    let untouched = w.get(&format!("/calendars/primary/events/{THIRD}"));
    assert_eq!(untouched["recurringEventId"], "serie1");
    assert_eq!(untouched["iCalUID"], master["iCalUID"]);
    assert_eq!(
        untouched["start"]["dateTime"], "2026-03-30T10:00:00+02:00",
        "local time holds over the change"
    );
    assert!(untouched["recurrence"].is_null());
    let (_, token) = w.list("");
    let moved = w.patch(
        THIRD,
        &json!({"start": {"dateTime": "2026-03-31T10:00:00+02:00"}, "end": {"dateTime": "2026-03-31T11:00:00+02:00"}}),
    );
    assert_eq!(moved["originalStartTime"]["dateTime"], "2026-03-30T10:00:00+02:00");
    let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
    assert_eq!(ids(&rows), [THIRD]);
    for bad in ["serie1_20260324T090000Z", "serie1_20260323t090000z", "serie1_20260323", "serie1_x"] {
        assert_eq!(w.call("GET", &format!("/calendars/primary/events/{bad}"), None).status, 404, "{bad}");
    }
}

#[test]
fn a_deleted_instance_is_a_cancelled_exception() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    assert_eq!(w.delete(SECOND).status, 204);
    assert_eq!(w.delete(SECOND).status, 410);
    let (rows, token) = w.list("");
    assert_eq!(ids(&rows), ["serie1", SECOND], "listed without showDeleted");
    let keys: Vec<_> = rows[1].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["etag", "id", "kind", "originalStartTime", "recurringEventId", "status"]);
    assert_eq!(w.get("/calendars/primary/events/serie1")["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=5"]));
    w.delete("serie1");
    let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
    assert_eq!(ids(&rows), ["serie1"], "the client cascades");
    assert!(w.list("").0.is_empty());
}

#[test]
fn tombstones_for_exceptions_are_a_knob() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"tombstone_exceptions": true}));
    w.insert(&series("serie1"));
    w.patch(SECOND, &json!({"summary": "Other"}));
    let (_, token) = w.list("");
    w.delete("serie1");
    let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
    assert_eq!(ids(&rows), [SECOND, "serie1"]);
    assert!(rows.iter().all(|r| r["status"] == "cancelled"));
}

#[test]
fn single_events_expand() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    w.delete(SECOND);
    w.patch(THIRD, &json!({"summary": "Third"}));
    let (rows, token) = w.list("singleEvents=true&maxResults=2");
    assert_eq!(rows.len(), 4);
    assert!(token.is_some());
    assert!(rows.iter().all(|r| r["recurringEventId"] == "serie1" && r["recurrence"].is_null()));
    let window = "singleEvents=true&timeMin=2026-03-29T00:00:00Z&timeMax=2026-04-07T00:00:00Z";
    assert_eq!(w.list(window).0.len(), 2);
    assert_eq!(w.list("timeMin=2026-04-12T00:00:00Z").0.len(), 1, "the master, by its last instance");
    assert!(w.list("timeMin=2026-04-14T00:00:00Z").0.is_empty());
    let out = w.get("/calendars/primary/events/serie1/instances");
    assert_eq!(out["items"].as_array().unwrap().len(), 5, "cancelled instances of a live series too");
}

#[test]
fn all_day_series_and_odd_rules() {
    let mut w = World::new();
    let day = |id: &str, rules: &[&str]| json!({"id": id, "start": {"date": "2026-03-09"}, "end": {"date": "2026-03-10"}, "recurrence": rules});
    w.insert(&day("dail1", &["RRULE:FREQ=DAILY;UNTIL=20260312", "EXDATE;VALUE=DATE:20260310"]));
    w.insert(&day("dail2", &["RRULE:FREQ=DAILY;UNTIL=20260311T000000Z"]));
    w.insert(&day("dail3", &["RDATE;VALUE=DATE:20260320"]));
    let starts = |w: &mut World, id: &str| -> Vec<String> {
        let out = w.get(&format!("/calendars/primary/events/{id}/instances"));
        out["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|r| r["start"]["date"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(starts(&mut w, "dail1"), ["2026-03-09", "2026-03-11", "2026-03-12"]);
    assert_eq!(starts(&mut w, "dail2"), ["2026-03-09", "2026-03-10", "2026-03-11"]);
    assert_eq!(starts(&mut w, "dail3"), ["2026-03-09", "2026-03-20"]);
    assert_eq!(w.delete("dail1_20260311").status, 204);
    assert_eq!(w.delete("dail1_20260310").status, 404);
    let truncated = w.patch("dail2", &json!({"recurrence": ["RRULE:FREQ=DAILY;UNTIL=20260301"]}));
    assert_eq!(truncated["sequence"], 1);
    assert!(starts(&mut w, "dail2").is_empty());
}
