//! What people do to events through the control interface.

use serde_json::{Value, json};

use crate::world::{ANNA, World, ids, meeting, series};

const BOB: &str = "bob@example.com";
const THIRD: &str = "serie1_20260330T080000Z";

fn world() -> World {
    let mut w = World::new();
    w.control("POST", "/users", &json!({"email": BOB, "time_zone": "America/New_York"}));
    w
}

fn of(w: &mut World, email: &str) -> Vec<Value> {
    let out = w.control("GET", &format!("/events?email={email}"), &json!({}));
    out["items"].as_array().unwrap().clone()
}

fn attendee(event: &Value, email: &str) -> Value {
    let rows = event["attendees"].as_array().unwrap();
    rows.iter().find(|row| row["email"] == email).unwrap().clone()
}

#[test]
fn a_series_is_made_moved_cancelled_split_and_deleted() {
    let mut w = world();
    w.control("POST", "/events", &json!({"email": ANNA, "event": series("serie1")}));
    let moved = w.control("POST", "/move", &json!({"calendar": ANNA, "event": THIRD, "minutes": 90}));
    assert_eq!(moved["event"]["start"]["dateTime"], "2026-03-30T11:30:00+02:00");
    assert_eq!(moved["event"]["originalStartTime"]["dateTime"], "2026-03-30T10:00:00+02:00");
    let cancelled = w.control("DELETE", &format!("/events/{ANNA}/serie1_20260323T090000Z"), &json!({}));
    assert_eq!(cancelled["event"]["status"], "cancelled");
    w.control("PATCH", &format!("/events/{ANNA}/serie1"), &json!({"summary": "All"}));
    let tail =
        json!({"calendar": ANNA, "instance": "serie1_20260406T080000Z", "changes": {"summary": "Later"}});
    let tail = w.control("POST", "/split", &tail);
    assert_eq!(tail["event"]["id"], "serie1_R20260406T080000");
    assert_eq!(tail["event"]["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=2"]));
    let whole = w.control("POST", "/move", &json!({"calendar": ANNA, "event": "serie1", "minutes": -60}));
    assert_eq!(whole["event"]["start"]["dateTime"], "2026-03-16T09:00:00+01:00");
    assert_eq!(whole["event"]["start"]["timeZone"], "Europe/Berlin");
    w.control("DELETE", &format!("/events/{ANNA}/serie1"), &json!({}));
    assert_eq!(ids(&of(&mut w, ANNA)), ["serie1_R20260406T080000"]);
}

#[test]
fn whole_days_move_by_days() {
    let mut w = world();
    w.insert(&json!({"id": "dail1", "start": {"date": "2026-03-09"}, "end": {"date": "2026-03-10"}}));
    let moved = w.control("POST", "/move", &json!({"calendar": ANNA, "event": "dail1", "minutes": 2_880}));
    assert_eq!(moved["event"]["start"], json!({"date": "2026-03-11"}));
}

#[test]
fn an_invitation_is_the_same_meeting_in_both_accounts() {
    let mut w = world();
    let event = json!({"organizer": ANNA, "guests": [BOB, "away@elsewhere.org"], "event": series("serie1")});
    let made = w.control("POST", "/invite", &event);
    let copy = of(&mut w, BOB).remove(0);
    for key in ["id", "iCalUID", "recurrence", "start"] {
        assert_eq!(copy[key], made["event"][key], "{key}");
    }
    assert_eq!(copy["organizer"], json!({"email": ANNA}));
    assert_eq!(attendee(&copy, BOB)["self"], true);
    assert_eq!(attendee(&copy, BOB)["responseStatus"], "needsAction");
    assert!(attendee(&copy, ANNA)["self"].is_null());
    let one = json!({"calendar": BOB, "event": THIRD, "response": "declined"});
    let declined = w.control("POST", "/respond", &one);
    assert_eq!(attendee(&declined["event"], BOB)["responseStatus"], "declined");
    assert_eq!(declined["event"]["recurringEventId"], "serie1");
    let all = json!({"calendar": BOB, "event": "serie1", "response": "accepted"});
    let accepted = w.control("POST", "/respond", &all);
    assert_eq!(attendee(&accepted["event"], BOB)["responseStatus"], "accepted");
    assert_eq!(of(&mut w, BOB).len(), 2);
}

#[test]
fn who_is_no_guest_can_decline_too() {
    let mut w = world();
    w.insert(&meeting("meet1", 9));
    let answer = json!({"calendar": ANNA, "event": "meet1", "response": "declined"});
    let declined = w.control("POST", "/respond", &answer);
    let me = json!({"email": ANNA, "self": true, "responseStatus": "declined"});
    assert_eq!(declined["event"]["attendees"], json!([me]));
}

#[test]
fn an_invitation_to_one_instance_comes_without_its_series() {
    let mut w = world();
    w.insert(&series("serie1"));
    let copy = w.control("POST", "/invite", &json!({"organizer": ANNA, "instance": THIRD, "guest": BOB}));
    let copy = &copy["event"];
    assert_eq!((&copy["id"], &copy["recurringEventId"]), (&json!(THIRD), &json!("serie1")));
    assert_eq!(copy["originalStartTime"]["dateTime"], "2026-03-30T10:00:00+02:00");
    assert_eq!(ids(&of(&mut w, BOB)), [THIRD], "the master is not there");
    assert_eq!(ids(&of(&mut w, ANNA)), ["serie1", THIRD]);
    w.token = w.google.access_token(BOB, &["calendar"]);
    assert_eq!(w.call("GET", "/calendars/primary/events/serie1", None).status, 404);
    assert_eq!(w.get(&format!("/calendars/primary/events/{THIRD}"))["organizer"], json!({"email": ANNA}));
}
