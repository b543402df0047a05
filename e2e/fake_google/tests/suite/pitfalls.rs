//! Oddities of reading and writing, each with its knob.

use fake_google::http::Request;
use serde_json::{Value, json};

use crate::world::{ANNA, World, ids, meeting, series};

const PLACE: &str = "/calendars/primary/events";

fn set(w: &mut World, settings: &Value) {
    w.control("POST", "/settings", settings);
}

#[test]
fn an_expired_token_fails_in_mid_paging_and_in_two_ways() {
    let mut w = World::new();
    let (_, token) = w.list("");
    let token = token.unwrap();
    w.insert(&meeting("meet1", 9));
    w.insert(&meeting("meet2", 9));
    let first = w.get(&format!("{PLACE}?syncToken={token}&maxResults=1"));
    let second = format!(
        "{PLACE}?syncToken={token}&maxResults=1&pageToken={}",
        first["nextPageToken"].as_str().unwrap()
    );
    w.control("POST", "/share", &json!({"calendar": ANNA, "email": ANNA, "access_role": "owner"}));
    assert_eq!(w.call("GET", &second, None).status, 410, "the access has changed in between");
    set(&mut w, &json!({"expired_sync_token": "invalid400"}));
    let response = w.call("GET", &second, None);
    assert_eq!(response.status, 400);
    assert_eq!(response.value()["error"]["message"], "Invalid sync token value.");
}

#[test]
fn a_delta_can_run_backwards_over_its_pages() {
    let mut w = World::new();
    let (_, token) = w.list("");
    w.insert(&series("serie1"));
    w.patch("serie1_20260323T090000Z", &json!({"summary": "Another"}));
    w.insert(&meeting("meet1", 9));
    set(&mut w, &json!({"reverse_delta": true}));
    let token = token.unwrap();
    let (rows, next) = w.list(&format!("syncToken={token}&maxResults=1"));
    assert_eq!(ids(&rows), ["meet1", "serie1_20260323T090000Z", "serie1"], "exception before its master");
    assert!(w.list(&format!("syncToken={}", next.unwrap())).0.is_empty());
}

#[test]
fn year_zero_differs_between_get_and_list() {
    let mut w = World::new();
    w.insert(&meeting("meet1", 9));
    set(&mut w, &json!({"year_zero_created": true}));
    assert_eq!(w.get(&format!("{PLACE}/meet1"))["created"], "0001-01-01T00:00:00.000Z");
    assert_eq!(w.list("").0[0]["created"], "0000-12-31T00:00:00.000Z");
}

#[test]
fn a_resource_tells_of_days_by_the_hour() {
    let mut w = World::new();
    let room = "room-1@resource.calendar.google.com";
    w.control(
        "POST",
        "/calendars",
        &json!({"email": ANNA, "summary": "Room", "id": room, "time_zone": "Europe/Berlin"}),
    );
    let day = json!({"id": "allday1", "start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"}});
    w.control("POST", "/events", &json!({"email": ANNA, "calendar": room, "event": day}));
    let row = w.get("/calendars/room-1%40resource.calendar.google.com/events")["items"][0].clone();
    assert_eq!(row["start"], json!({"dateTime": "2026-03-10T00:00:00+01:00", "timeZone": "Europe/Berlin"}));
    assert_eq!(row["end"]["dateTime"], "2026-03-11T00:00:00+01:00");
}

#[test]
fn the_etag_of_a_fresh_event_can_be_stale_at_once() {
    let mut w = World::new();
    set(&mut w, &json!({"rewrite_after_create": true}));
    let (_, token) = w.list("");
    let made = w.insert(&meeting("meet1", 9));
    let patch = |w: &mut World, etag: &Value| {
        let request = Request::new("PATCH", "/calendar/v3/calendars/primary/events/meet1")
            .bearer(&w.token.clone())
            .header("If-Match", etag.as_str().unwrap())
            .json(&json!({"summary": "B"}));
        w.raw(&request).status
    };
    assert_eq!(patch(&mut w, &made["etag"]), 412);
    let row = w.list(&format!("syncToken={}", token.unwrap())).0[0].clone();
    assert_ne!(row["etag"], made["etag"]);
    assert_eq!(patch(&mut w, &row["etag"]), 200);
}

#[test]
fn a_sub_daily_rule_is_refused_or_crashes() {
    let mut w = World::new();
    let mut hourly = series("serie1");
    hourly["recurrence"] = json!(["RRULE:FREQ=HOURLY"]);
    assert_eq!(w.call("POST", PLACE, Some(&hourly)).status, 400);
    set(&mut w, &json!({"sub_daily_rule_crashes": true}));
    assert_eq!(w.call("POST", PLACE, Some(&hourly)).status, 500);
}

#[test]
fn exceptions_past_the_cut_stay_or_go() {
    for (keep, expected) in [(true, "confirmed"), (false, "cancelled")] {
        let mut w = World::new();
        set(&mut w, &json!({"keep_orphaned_exceptions": keep}));
        w.insert(&series("serie1"));
        w.patch("serie1_20260330T080000Z", &json!({"summary": "Third"}));
        w.patch("serie1", &json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]}));
        assert_eq!(w.get(&format!("{PLACE}/serie1_20260330T080000Z"))["status"], expected);
    }
}

#[test]
fn a_split_makes_a_new_series_with_other_instance_ids() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    w.patch("serie1_20260406T080000Z", &json!({"summary": "Fourth"}));
    let (_, token) = w.list("");
    let made = w.control(
        "POST",
        "/split",
        &json!({"calendar": ANNA, "instance": "serie1_20260330T080000Z", "changes": {"summary": "From here on"}}),
    );
    let tail = &made["event"];
    assert_eq!(tail["id"], "serie1_R20260330T080000");
    assert_eq!(tail["recurrence"], json!(["RRULE:FREQ=WEEKLY;COUNT=3"]));
    assert_eq!(tail["start"]["dateTime"], "2026-03-30T10:00:00+02:00");
    let head = w.get(&format!("{PLACE}/serie1"));
    assert_eq!(head["recurrence"], json!(["RRULE:FREQ=WEEKLY;UNTIL=20260330T075959Z"]));
    let (rows, _) = w.list(&format!("syncToken={}", token.unwrap()));
    assert_eq!(ids(&rows), ["serie1_20260406T080000Z", "serie1", "serie1_R20260330T080000"]);
    assert_eq!(rows[0]["status"], "cancelled");
    let later = w.get(&format!("{PLACE}/serie1_R20260330T080000_20260406T080000Z"));
    assert_eq!(later["summary"], "From here on");
}

#[test]
fn planted_events_pass_every_check() {
    let mut w = World::new();
    let odd = json!({
        "id": "odd_1", "status": "maybe", "eventType": "holiday", "locked": true, "attendeesOmitted": true,
        "organizer": {"email": "boss@elsewhere.example"},
        "start": {"date": "2026-03-10"}, "end": {"date": "2026-03-11"},
        "recurrence": ["RRULE:FREQ=YEARLY;UNTIL=20300310T000000", "EXRULE:FREQ=DAILY", "RDATE;VALUE=PERIOD:20260311T080000Z/PT1H"],
    });
    w.control("POST", "/plant", &json!({"calendar": ANNA, "event": odd}));
    w.control("POST", "/plant", &json!({"calendar": ANNA, "event": {"id": "bare"}}));
    let (rows, _) = w.list("");
    assert_eq!(ids(&rows), ["bare", "odd_1"]);
    for (key, value) in odd.as_object().unwrap() {
        assert_eq!(&rows[1][key], value);
    }
    set(&mut w, &json!({"shown_access_role": "archivist"}));
    assert_eq!(w.get(PLACE)["accessRole"], "archivist");
    assert_eq!(w.get("/users/me/calendarList/primary")["accessRole"], "archivist");
}

#[test]
fn a_writer_without_private_access_writes_but_sees_no_private_details() {
    let mut w = World::new();
    let mut private = meeting("meet1", 9);
    private["visibility"] = "private".into();
    w.insert(&private);
    w.google.create_user("ben@example.com", None, None, chrono_tz::UTC);
    let role = "writerWithoutPrivateAccess";
    w.control("POST", "/share", &json!({"calendar": ANNA, "email": "ben@example.com", "access_role": role}));
    w.token = w.google.access_token("ben@example.com", &["calendar"]);
    let path = "/calendars/anna%40example.com/events";
    let listed = w.get(path);
    assert_eq!(listed["accessRole"], role);
    assert!(listed["items"][0]["summary"].is_null());
    assert_eq!(w.call("POST", path, Some(&meeting("meet2", 9))).status, 200);
}
