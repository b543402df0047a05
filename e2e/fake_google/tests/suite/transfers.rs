//! Import, move, subscriptions.

use serde_json::{Value, json};

use crate::world::{ANNA, World, ids, meeting, series};

fn second_calendar(w: &mut World) -> String {
    let made = w.call("POST", "/calendars", Some(&json!({"summary": "Other"}))).value();
    made["id"].as_str().unwrap().to_owned()
}

fn move_to(w: &mut World, id: &str, destination: &str) -> (u16, Value) {
    let path = format!("/calendars/primary/events/{id}/move?destination={}", destination.replace('@', "%40"));
    let response = w.call("POST", &path, None);
    (response.status, response.value())
}

fn reason(out: &Value) -> &str {
    out["error"]["errors"][0]["reason"].as_str().unwrap()
}

#[test]
fn an_import_is_a_private_copy_and_mails_nobody() {
    let mut w = World::new();
    let mut event = meeting("ignored", 9);
    event["iCalUID"] = "abc@elsewhere.example".into();
    event["organizer"] = json!({"email": "boss@elsewhere.example", "displayName": "Boss"});
    event["attendees"] = json!([{"email": ANNA}, {"email": "boss@elsewhere.example"}]);
    let path = "/calendars/primary/events/import";
    let response = w.call("POST", path, Some(&event));
    assert_eq!(response.status, 200);
    let made = response.value();
    assert_ne!(made["id"], "ignored", "the id is Google's");
    assert_eq!(made["iCalUID"], "abc@elsewhere.example");
    assert_eq!(made["organizer"], json!({"email": "boss@elsewhere.example", "displayName": "Boss"}));
    assert_eq!(made["attendees"][0]["organizer"], Value::Null);
    assert_eq!(made["attendees"][1]["organizer"], true);
    assert_eq!(made["privateCopy"], true);
    let counters = w.control("GET", "/counters", &json!({}));
    assert_eq!(counters["notifications_sent"], 0);
    assert_eq!(counters["operations"]["events.import"], 1);

    // A known UID is a duplicate: with a raised sequence, and even after a delete.
    event["sequence"] = 9.into();
    assert_eq!(w.call("POST", path, Some(&event)).status, 409);
    assert_eq!(w.delete(made["id"].as_str().unwrap()).status, 204);
    assert_eq!(w.call("POST", path, Some(&event)).status, 409);
    event["iCalUID"] = Value::Null;
    assert_eq!(reason(&w.call("POST", path, Some(&event)).value()), "required");
    event["iCalUID"] = "def@elsewhere.example".into();
    event["eventType"] = "focusTime".into();
    assert_eq!(reason(&w.call("POST", path, Some(&event)).value()), "eventTypeRestriction");
}

#[test]
fn a_move_leaves_a_stub_behind() {
    let mut w = World::new();
    let other = second_calendar(&mut w);
    w.insert(&series("serie1"));
    w.patch("serie1_20260323T090000Z", &json!({"summary": "Another"}));
    let (_, token) = w.list("");
    let (status, moved) = move_to(&mut w, "serie1", &other);
    assert_eq!(status, 200);
    assert_eq!((&moved["id"], &moved["organizer"]["email"]), (&json!("serie1"), &json!(other)));
    assert_eq!(moved["iCalUID"], "serie1@google.com");

    let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
    assert_eq!(ids(&rows), ["serie1_20260323T090000Z", "serie1"]);
    for row in &rows {
        let keys: Vec<_> = row.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, ["etag", "id", "kind", "status"], "nothing but the id");
    }
    assert!(w.list("").0.is_empty());
    let there = w.get(&format!("/calendars/{}/events", other.replace('@', "%40")));
    assert_eq!(ids(there["items"].as_array().unwrap()), ["serie1", "serie1_20260323T090000Z"]);

    // The stub is somebody else's event; the event can come back in its place.
    assert_eq!(w.call("PUT", "/calendars/primary/events/serie1", Some(&series("serie1"))).status, 403);
    assert_eq!(w.delete("serie1").status, 410);
    let back = format!(
        "/calendars/{}/events/serie1/move?destination=primary&sendUpdates=none",
        other.replace('@', "%40")
    );
    assert_eq!(w.call("POST", &back, None).status, 200);
    assert_eq!(ids(&w.list("").0), ["serie1", "serie1_20260323T090000Z"]);
}

#[test]
fn what_cannot_be_moved() {
    let mut w = World::new();
    let other = second_calendar(&mut w);
    w.insert(&series("serie1"));
    w.insert(&meeting("meet1", 9));
    let response = w.call("POST", "/calendars/primary/events/meet1/move", None);
    assert_eq!((response.status, reason(&response.value())), (400, "required"));
    let (status, out) = move_to(&mut w, "serie1_20260323T090000Z", &other);
    assert_eq!((status, reason(&out)), (403, "cannotChangeOrganizerOfInstance"));
    assert_eq!(move_to(&mut w, "nothing", &other).0, 404);
    assert_eq!(move_to(&mut w, "meet1", "nobody@example.com").0, 404);
    let mut focus = meeting("focus1", 12);
    focus["eventType"] = "focusTime".into();
    w.insert(&focus);
    assert_eq!(reason(&move_to(&mut w, "focus1", &other).1), "eventTypeRestriction");

    // One scope that makes calendars and writes into them does not move.
    w.token = w.google.access_token(ANNA, &["calendar.app.created"]);
    let mine = second_calendar(&mut w);
    let path = format!("/calendars/{}/events", mine.replace('@', "%40"));
    w.call("POST", &path, Some(&meeting("meet2", 9)));
    let response = w.call("POST", &format!("{path}/meet2/move?destination={other}"), None);
    assert_eq!((response.status, reason(&response.value())), (403, "insufficientPermissions"));
}

#[test]
fn a_calendar_leaves_the_list_and_stays_reachable() {
    let mut w = World::new();
    let other = second_calendar(&mut w);
    let path = format!("/users/me/calendarList/{}", other.replace('@', "%40"));
    let token = w.get("/users/me/calendarList")["nextSyncToken"].as_str().unwrap().to_owned();
    assert_eq!(w.call("DELETE", &path, None).status, 204);
    assert_eq!(w.call("DELETE", &path, None).status, 404);
    assert_eq!(w.call("GET", &path, None).status, 404);
    assert_eq!(w.call("DELETE", "/users/me/calendarList/primary", None).status, 403);
    let delta = w.get(&format!("/users/me/calendarList?syncToken={token}"));
    assert_eq!(delta["items"][0]["deleted"], true);
    assert_eq!(w.call("GET", &format!("/calendars/{}/events", other.replace('@', "%40")), None).status, 200);
    let again = w.call("POST", "/users/me/calendarList", Some(&json!({"id": other}))).value();
    assert_eq!((&again["id"], &again["accessRole"]), (&json!(other), &json!("owner")));
    assert_eq!(w.get("/users/me/calendarList")["items"].as_array().unwrap().len(), 2);
}
