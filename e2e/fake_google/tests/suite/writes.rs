//! Writes: versions, defaults, silent rewrites.

use fake_google::http::Request;
use serde_json::{Value, json};

use crate::world::{ANNA, START_MS, World, meeting};

fn number(event: &Value) -> i64 {
    event["etag"].as_str().unwrap().trim_matches('"').parse().unwrap()
}

#[test]
fn insert_fills_in_what_google_fills_in() {
    let mut w = World::new();
    let made = w.insert(&meeting("meet1", 9));
    assert_eq!(made["kind"], "calendar#event");
    assert_eq!(made["status"], "confirmed");
    assert_eq!(made["iCalUID"], "meet1@google.com");
    assert_eq!(made["created"], "2026-03-02T09:00:00.000Z");
    assert_eq!(made["updated"], "2026-03-02T09:00:00.000Z");
    assert_eq!(made["organizer"], json!({"email": ANNA, "self": true}));
    assert_eq!(made["creator"], json!({"email": ANNA, "self": true}));
    assert_eq!(made["eventType"], "default");
    assert_eq!(made["reminders"], json!({"useDefault": true}));
    assert_eq!(made["sequence"], 0);
    assert_eq!(made["start"], json!({"dateTime": "2026-03-10T10:00:00+01:00", "timeZone": "Europe/Berlin"}));
    assert_eq!(number(&made), START_MS * 2000, "twice the microseconds of updated");
    let server_made = w.insert(&json!({"start": made["start"], "end": made["end"]}));
    assert_eq!(server_made["id"].as_str().unwrap().len(), 26);
}

#[test]
fn etags_grow_and_guard() {
    let mut w = World::new();
    let first = w.insert(&meeting("meet1", 9));
    let second = w.patch("meet1", &json!({"summary": "B"}));
    assert!(number(&second) > number(&first), "at the same millisecond");
    assert_eq!(second["sequence"], 0);
    let path = "/calendar/v3/calendars/primary/events/meet1";
    let mut put = |etag: &Value| {
        let request = Request::new("PUT", path)
            .bearer(&w.token.clone())
            .header("If-Match", etag.as_str().unwrap())
            .json(&meeting("meet1", 15));
        w.raw(&request)
    };
    assert_eq!(put(&first["etag"]).status, 412);
    let moved = put(&second["etag"]);
    assert_eq!(moved.status, 200);
    assert_eq!(moved.value()["sequence"], 1, "the time has changed");
    assert_eq!(moved.get_header("etag"), moved.value()["etag"].as_str());
}

#[test]
fn reminders_move_the_etag_but_not_updated() {
    let mut w = World::new();
    let made = w.insert(&meeting("meet1", 9));
    let (_, token) = w.list("");
    w.now_ms += 5000;
    let overrides = json!([{"method": "popup", "minutes": 99_999}, {"method": "sms", "minutes": 1}]);
    let out = w.patch("meet1", &json!({"reminders": {"useDefault": false, "overrides": overrides}}));
    assert_eq!(out["reminders"]["overrides"], json!([{"method": "popup", "minutes": 40_320}]));
    assert_eq!(out["updated"], made["updated"]);
    assert_ne!(out["etag"], made["etag"]);
    assert_eq!(w.list(&format!("syncToken={}", token.unwrap())).0.len(), 1);
}

#[test]
fn put_clears_and_patch_merges() {
    let mut w = World::new();
    let mut event = meeting("meet1", 9);
    event["description"] = "d".into();
    event["extendedProperties"] =
        json!({"private": {"a": "1", "b": "2", "k".repeat(45): "x", "long": "y".repeat(2000)}});
    let made = w.insert(&event);
    let private = &made["extendedProperties"]["private"];
    assert_eq!(private.as_object().unwrap().len(), 3, "long keys vanish");
    assert_eq!(private["long"].as_str().unwrap().len(), 1024);
    let out =
        w.patch("meet1", &json!({"extendedProperties": {"private": {"a": null, "long": null, "c": "3"}}}));
    assert_eq!(out["extendedProperties"], json!({"private": {"b": "2", "c": "3"}}));
    assert_eq!(out["description"], "d");
    let put = w.call("PUT", "/calendars/primary/events/meet1", Some(&meeting("meet1", 9))).value();
    assert!(put["description"].is_null() && put["extendedProperties"].is_null());
    assert_eq!(put["created"], made["created"]);
    let day = json!({"start": {"date": "2026-03-10", "dateTime": null, "timeZone": null},
                     "end": {"date": "2026-03-11", "dateTime": null, "timeZone": null}});
    assert_eq!(w.patch("meet1", &day)["start"], json!({"date": "2026-03-10"}));
}

#[test]
fn a_cancelled_event_can_be_put_back() {
    let mut w = World::new();
    for (policy, status) in [("revive200", 200), ("forbidden403", 403), ("gone410", 410)] {
        let id = format!("meet{status}");
        w.insert(&meeting(&id, 9));
        w.delete(&id);
        w.control("POST", "/settings", &json!({"put_on_cancelled": policy}));
        let path = format!("/calendars/primary/events/{id}");
        assert_eq!(w.call("PUT", &path, Some(&meeting(&id, 10))).status, status);
    }
    assert_eq!(w.get("/calendars/primary/events/meet200")["status"], "confirmed");
}

#[test]
fn readers_cannot_write_and_do_not_see_private_details() {
    let mut w = World::new();
    let id =
        w.control("POST", "/calendars", &json!({"email": ANNA, "summary": "Team", "access_role": "reader"}));
    let id = id["id"].as_str().unwrap().to_owned();
    let mut event = meeting("meet1", 9);
    event["visibility"] = "private".into();
    w.control("POST", "/events", &json!({"email": ANNA, "calendar": id, "event": event}));
    let path = format!("/calendars/{id}/events");
    let response = w.call("POST", &path, Some(&meeting("meet2", 9)));
    assert_eq!(response.status, 403);
    assert_eq!(response.value()["error"]["errors"][0]["reason"], "requiredAccessLevel");
    let rows = w.get(&path);
    assert!(rows["items"][0]["summary"].is_null());
    assert_eq!(rows["accessRole"], "reader");
}

#[test]
fn writes_are_counted() {
    let mut w = World::new();
    let mut event = meeting("meet1", 9);
    event["attendees"] = json!([{"email": "Bob@example.com"}]);
    assert_eq!(w.call("POST", "/calendars/primary/events?sendUpdates=none", Some(&event)).status, 200);
    let made = w.get("/calendars/primary/events/meet1");
    assert_eq!(made["attendees"], json!([{"email": "bob@example.com", "responseStatus": "needsAction"}]));
    w.insert(&meeting("meet2", 9));
    w.patch("meet1", &json!({"summary": "B"}));
    let counters = w.control("GET", "/counters", &json!({}));
    assert_eq!(counters["writes"], json!({ANNA: 3}));
    assert_eq!(counters["writes_without_send_updates_none"], 2);
    assert_eq!(counters["notifications_sent"], 1);
    assert_eq!(counters["operations"]["events.insert"], 2);
}
