//! Series as a client writes them: master and instances by their ids.

use serde_json::{Value, json};

use crate::world::{World, ids, series};

const MASTER: &str = "/calendars/primary/events/serie1";
const SECOND: &str = "serie1_20260323T090000Z";
const THIRD: &str = "serie1_20260330T080000Z";

fn path(id: &str) -> String {
    format!("/calendars/primary/events/{id}")
}

fn put(w: &mut World, id: &str, event: &Value) -> (u16, Value) {
    let response = w.call("PUT", &path(id), Some(event));
    (response.status, response.value())
}

/// An instance as a client writes it: an hour at eight, UTC.
fn instance(day: &str, status: &str) -> Value {
    json!({
        "summary": "Moved", "status": status, "colorId": "7",
        "start": {"dateTime": format!("2026-03-{day}T08:00:00Z")}, "end": {"dateTime": format!("2026-03-{day}T09:00:00Z")},
        "extendedProperties": {"private": {"hash": "own"}},
    })
}

fn marked() -> Value {
    let mut event = series("serie1");
    event["extendedProperties"] = json!({"private": {"mark": "m", "hash": "master"}});
    event["colorId"] = json!("3");
    event
}

#[test]
fn an_instance_inherits_until_it_is_written() {
    let mut w = World::new();
    w.insert(&marked());
    let before = w.get(&path(THIRD));
    assert_eq!(before["extendedProperties"]["private"], json!({"mark": "m", "hash": "master"}));
    assert_eq!((&before["colorId"], &before["recurringEventId"]), (&json!("3"), &json!("serie1")));
    assert_eq!(before["etag"], w.get(MASTER)["etag"]);
    let (status, after) = put(&mut w, THIRD, &instance("31", "tentative"));
    assert_eq!(status, 200);
    assert_eq!(after["extendedProperties"], json!({"private": {"hash": "own"}}), "replaced as a whole");
    assert_eq!((&after["colorId"], &after["status"]), (&json!("7"), &json!("tentative")));
    for key in ["id", "recurringEventId", "originalStartTime", "iCalUID"] {
        assert_eq!(after[key], before[key], "{key} cannot be changed");
    }
    assert_ne!(after["etag"], before["etag"]);
    let master = w.get(MASTER);
    assert_eq!((&master["summary"], &master["colorId"]), (&json!("Weekly"), &json!("3")));
}

#[test]
fn what_is_no_occurrence_is_not_there() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    for bad in ["serie1_20260324T090000Z", "serie1_20260420T080000Z", "serie2_20260330T080000Z"] {
        assert_eq!(put(&mut w, bad, &instance("31", "confirmed")).0, 404, "{bad}");
        assert_eq!(w.delete(bad).status, 404, "{bad}");
    }
}

#[test]
fn a_cancelled_instance_shows_and_comes_back() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    assert_eq!(w.delete(THIRD).status, 204);
    let gone = w.get(&path(THIRD));
    assert_eq!((&gone["status"], &gone["recurringEventId"]), (&json!("cancelled"), &json!("serie1")));
    assert_eq!(put(&mut w, THIRD, &instance("31", "confirmed")).0, 200);
    let (rows, _) = w.list("");
    assert_eq!(rows[1]["status"], "confirmed");
    assert_eq!(put(&mut w, THIRD, &instance("31", "cancelled")).0, 200, "a PUT cancels as well");
    w.control("POST", "/settings", &json!({"revive_cancelled_instance": false}));
    let (status, refusal) = put(&mut w, THIRD, &instance("31", "confirmed"));
    assert_eq!((status, &refusal["error"]["errors"][0]["reason"]), (403, &json!("forbidden")));
}

#[test]
fn an_instance_goes_with_its_series() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    put(&mut w, SECOND, &instance("24", "confirmed"));
    w.delete("serie1");
    for id in [SECOND, THIRD] {
        assert_eq!(w.get(&path(id))["status"], "cancelled");
        assert_eq!(put(&mut w, id, &instance("31", "confirmed")).0, 404, "no way back to {id}");
        assert_eq!(w.delete(id).status, 410);
    }
}

#[test]
fn a_moved_series_keeps_what_still_fits() {
    for keep in [true, false] {
        let mut w = World::new();
        w.control("POST", "/settings", &json!({"keep_orphaned_exceptions": keep}));
        w.insert(&series("serie1"));
        put(&mut w, SECOND, &instance("24", "confirmed"));
        put(&mut w, THIRD, &instance("31", "confirmed"));
        // From the second week on, every other week: the third occurrence is none any more.
        let mut moved = series("serie1");
        moved["start"]["dateTime"] = json!("2026-03-23T10:00:00");
        moved["end"]["dateTime"] = json!("2026-03-23T11:00:00");
        moved["recurrence"] = json!(["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2"]);
        let (_, token) = w.list("");
        let (status, master) = put(&mut w, "serie1", &moved);
        assert_eq!((status, &master["sequence"]), (200, &json!(1)));
        assert_eq!(w.get(&path(SECOND))["summary"], "Moved", "an exception that fits stays");
        assert_eq!(w.get(&path(THIRD))["status"], if keep { "confirmed" } else { "cancelled" });
        let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
        assert_eq!(ids(&rows), if keep { vec!["serie1"] } else { vec!["serie1", THIRD] });
        assert_eq!(w.call("GET", &path("serie1_20260316T090000Z"), None).status, 404);
        assert_eq!(w.get(&path("serie1_20260406T080000Z"))["summary"], "Weekly");
    }
}

#[test]
fn a_series_that_stops_repeating_is_one_event() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    let mut single = series("serie1");
    single.as_object_mut().unwrap().remove("recurrence");
    let (status, after) = put(&mut w, "serie1", &single);
    assert_eq!((status, after["recurrence"].is_null()), (200, true));
    assert_eq!(w.call("GET", &path(SECOND), None).status, 404);
}

#[test]
fn an_instance_hides_its_series_but_never_shows_it() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    put(&mut w, SECOND, &instance("24", "confirmed"));
    let mut open = instance("31", "confirmed");
    open["visibility"] = json!("public");
    assert!(put(&mut w, THIRD, &open).1["visibility"].is_null(), "a looser one is ignored");
    open["visibility"] = json!("private");
    put(&mut w, THIRD, &open);
    for id in ["serie1", SECOND, THIRD, "serie1_20260406T080000Z"] {
        assert_eq!(w.get(&path(id))["visibility"], "private", "{id}");
    }
}
