//! The discovery document as a judge. The first tests bring a small document of their own; the ignored
//! ones need Google's, which is not part of the repository.

use std::sync::Arc;

use fake_google::discovery::{Discovery, Side};
use fake_google::http::{Request, Response};
use fake_google::scopes::{Operation, PREFIX};
use serde_json::{Value, json};

use crate::world::{ANNA, World, meeting, series};

const PLACE: &str = "/calendars/primary/events";

fn small() -> Discovery {
    let string = json!({"type": "string"});
    let time = json!({"type": "object", "properties": {"date": {"type": "string", "format": "date"}}});
    let event = json!({"type": "object", "properties": {
        "id": string, "summary": string, "sequence": {"type": "integer", "format": "int32"},
        "start": {"$ref": "Time", "annotations": {"required": ["calendar.events.insert"]}},
        "recurrence": {"type": "array", "items": string},
        "shared": {"type": "object", "additionalProperties": string},
    }});
    Discovery::parse(&json!({
        "id": "calendar:v3",
        "parameters": {"alt": {"type": "string", "location": "query", "enum": ["json"]}},
        "schemas": {"Event": event, "Time": time},
        "resources": {"events": {"methods": {
            "list": {
                "id": "calendar.events.list", "httpMethod": "GET", "path": "calendars/{calendarId}/events",
                "parameters": {
                    "calendarId": {"type": "string", "location": "path", "required": true},
                    "maxResults": {"type": "integer", "location": "query", "minimum": "1"},
                    "singleEvents": {"type": "boolean", "location": "query"},
                    "timeMin": {"type": "string", "format": "date-time", "location": "query"},
                    "kinds": {"type": "string", "location": "query", "enum": ["a", "b"], "repeated": true},
                },
            },
            "insert": {
                "id": "calendar.events.insert", "httpMethod": "POST", "path": "calendars/{calendarId}/events",
                "request": {"$ref": "Event"}, "response": {"$ref": "Event"},
            },
        }}},
    }))
    .unwrap()
}

fn judged(discovery: Discovery) -> World {
    let mut w = World::new();
    w.google.discovery = Some(Arc::new(discovery));
    w
}

/// What was found on one side: `method at: what`.
fn found(w: &mut World, side: Side) -> Vec<String> {
    let all = std::mem::take(&mut w.google.violations);
    all.iter().filter(|v| v.side == side).map(|v| format!("{} {}: {}", v.method, v.at, v.what)).collect()
}

#[test]
fn parameters_are_judged_and_refused() {
    let mut w = judged(small());
    for (query, what) in [
        ("maxResults=0", "maxResults: Invalid value '0'. Values must be within the range: [1, ]"),
        ("maxResults=x", "maxResults: Invalid value for: Invalid format: \"x\""),
        ("singleEvents=yes", "singleEvents: Invalid value for: Invalid format: \"yes\""),
        (
            "timeMin=2026-03-10T09:00:00",
            "timeMin: Invalid value for: Invalid format: \"2026-03-10T09:00:00\"",
        ),
        ("kinds=a&kinds=c", "kinds: Invalid string value: 'c'. Allowed values: [a, b]"),
        ("maxResults=1&maxResults=2", "maxResults: Given more than once."),
        ("nonsense=1", "nonsense: Unknown parameter."),
    ] {
        let response = w.call("GET", &format!("{PLACE}?{query}"), None);
        assert_eq!(response.status, 400, "{query}");
        assert_eq!(response.value()["error"]["errors"][0]["reason"], "invalidParameter");
        assert_eq!(found(&mut w, Side::Request), [format!("calendar.events.list {what}")]);
    }
    for good in ["", "maxResults=1&alt=json&kinds=a&kinds=b&q=", "timeMin=2026-03-10T09:00:00%2B01:00"] {
        w.call("GET", &format!("{PLACE}?{good}"), None);
        assert_eq!(found(&mut w, Side::Request), Vec::<String>::new(), "{good}");
    }
}

#[test]
fn bodies_are_judged_and_only_wrong_types_refused() {
    let mut w = judged(small());
    let mut post = |body: &Value| {
        let status = w.call("POST", PLACE, Some(body)).status;
        (status, found(&mut w, Side::Request))
    };
    let said = |what: &str| vec![format!("calendar.events.insert {what}")];
    let day = json!({"date": "2026-03-10"});
    let (status, problems) = post(&json!({"start": day, "end": {"date": "2026-03-11"}, "colour": 1}));
    assert_eq!(status, 200, "servers pass over what they do not know");
    let mut expected = said("colour: unknown property");
    expected.extend(said("end: unknown property"));
    assert_eq!(problems, expected);
    for (body, what) in [
        (json!({"start": day, "summary": 7}), "summary: a number instead of a string"),
        (json!({"start": [1, 2]}), "start: an array instead of an object"),
        (json!({"start": {"date": "10.3.2026"}}), "start.date: not of the format Date"),
        (json!({"start": day, "recurrence": ["a", 1]}), "recurrence[1]: a number instead of a string"),
        (json!({"start": day, "shared": {"k": true}}), "shared.k: a boolean instead of a string"),
        (
            json!({"start": day, "sequence": 3_000_000_000_u64}),
            "sequence: a number instead of an integer of 32 bits",
        ),
    ] {
        assert_eq!(post(&body), (400, said(what)));
    }
    assert_eq!(post(&json!({"start": null})).1, said(": start is required"));
    assert_eq!(post(&json!([])).0, 400);
}

#[test]
fn answers_are_judged_too() {
    let mut w = judged(small());
    w.insert(&meeting("meet1", 9));
    let answers = found(&mut w, Side::Answer);
    assert!(answers.contains(&"calendar.events.insert etag: unknown property".to_owned()), "{answers:?}");
    assert_eq!(w.call("GET", "/colors", None).status, 404);
    assert_eq!(found(&mut w, Side::Request), ["GET : no such method"]);
    w.call("GET", PLACE, None);
    assert_eq!(found(&mut w, Side::Answer), ["calendar.events.list : a body where none belongs"]);
    let counters = w.control("GET", "/counters", &json!({}));
    assert!(["answer", "request"].iter().all(|side| counters["violations"][side].as_u64() > Some(1)));
    w.call("GET", "/colors", None);
    let seen = w.control("GET", "/violations", &json!({}));
    assert_eq!(seen["judged"], true);
    assert_eq!(
        seen["items"],
        json!([{"side": "request", "method": "GET", "at": "", "what": "no such method"}])
    );
    w.control("DELETE", "/violations", &json!({}));
    assert_eq!(w.control("GET", "/violations", &json!({}))["items"], json!([]));
    assert_eq!(World::new().control("GET", "/violations", &json!({}))["judged"], false);
}

#[test]
fn parts_of_a_batch_are_judged_one_by_one() {
    let mut w = judged(small());
    let mut request = Request::new("POST", "/batch/calendar/v3")
        .bearer(&w.token.clone())
        .header("Content-Type", "multipart/mixed; boundary=b");
    let part = "--b\r\nContent-Type: application/http\r\n\r\n\
                GET /calendar/v3/calendars/primary/events?maxResults=0\r\n\r\n";
    request.body = format!("{}--b--", part.repeat(2)).into_bytes();
    w.raw(&request);
    assert_eq!(found(&mut w, Side::Request).len(), 2);
}

fn google_s() -> Discovery {
    Discovery::from_environment().unwrap().expect("FAKE_GOOGLE_DISCOVERY names Google's document")
}

fn ok(response: &Response) -> Value {
    assert!(response.status < 300, "{}", response.value());
    response.value()
}

#[test]
#[ignore = "needs Google's discovery document: cargo xtask test --only google-client"]
fn every_operation_is_google_s_with_the_same_scopes() {
    let discovery = google_s();
    for operation in Operation::ALL {
        let method = discovery.named(operation.name()).expect("a method of this name");
        let mut theirs: Vec<&str> = method.scopes.iter().map(|s| s.strip_prefix(PREFIX).unwrap()).collect();
        let mut ours = operation.accepted().to_vec();
        theirs.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, theirs, "{}", operation.name());
    }
}

#[test]
#[ignore = "needs Google's discovery document: cargo xtask test --only google-client"]
fn every_answer_has_google_s_shape() {
    let mut w = judged(google_s());
    let list = ok(&w.call("GET", "/users/me/calendarList?minAccessRole=owner", None));
    w.call(
        "GET",
        &format!("/users/me/calendarList?syncToken={}", list["nextSyncToken"].as_str().unwrap()),
        None,
    );
    let made =
        ok(&w.call("POST", "/calendars", Some(&json!({"summary": "Other", "timeZone": "Asia/Tokyo"}))));
    let other = made["id"].as_str().unwrap().replace('@', "%40");
    for path in [format!("/calendars/{other}"), format!("/users/me/calendarList/{other}")] {
        ok(&w.call("GET", &path, None));
    }
    ok(&w.call("PATCH", &format!("/calendars/{other}"), Some(&json!({"description": "About"}))));
    ok(&w.call("PUT", &format!("/calendars/{other}"), Some(&json!({"summary": "New", "location": "Here"}))));

    let mut rich = meeting("meet1", 9);
    for (key, value) in [
        ("attendees", json!([{"email": ANNA}, {"email": "ben@example.com", "optional": true}])),
        ("extendedProperties", json!({"private": {"a": "1"}, "shared": {"b": "2"}})),
        ("reminders", json!({"useDefault": false, "overrides": [{"method": "popup", "minutes": 5}]})),
        ("conferenceData", json!({"createRequest": {"requestId": "r1"}})),
        ("source", json!({"title": "T", "url": "https://example.com"})),
        ("colorId", json!("4")),
        ("visibility", json!("private")),
        ("transparency", json!("transparent")),
        ("guestsCanModify", json!(true)),
    ] {
        rich[key] = value;
    }
    ok(&w.call("POST", &format!("{PLACE}?conferenceDataVersion=1&sendUpdates=none"), Some(&rich)));
    ok(&w.call("GET", &format!("{PLACE}/meet1?maxAttendees=1&timeZone=Asia/Tokyo"), None));
    ok(&w.call("PUT", &format!("{PLACE}/meet1?sendUpdates=none"), Some(&meeting("meet1", 15))));
    w.insert(&series("serie1"));
    w.patch("serie1_20260323T090000Z", &json!({"summary": "Another", "description": null}));
    w.delete("serie1_20260330T080000Z");
    ok(&w.call("GET", &format!("{PLACE}/serie1/instances?maxResults=2&showDeleted=true"), None));
    let mut imported = meeting("ignored", 9);
    imported["iCalUID"] = "abc@elsewhere.example".into();
    let imported = ok(&w.call("POST", &format!("{PLACE}/import"), Some(&imported)));
    let id = imported["id"].as_str().unwrap();
    ok(&w.call("POST", &format!("{PLACE}/{id}/move?destination={other}"), None));
    for query in ["", "singleEvents=true&orderBy=startTime&maxResults=3", "showDeleted=true&maxResults=1"] {
        w.list(query);
    }
    let (_, token) = w.list("eventTypes=default&eventTypes=focusTime");
    w.delete("meet1");
    w.list(&format!("syncToken={}&eventTypes=default&eventTypes=focusTime", token.unwrap()));
    let channel = json!({"id": "chan", "type": "web_hook", "address": "https://example.com/h", "params": {"ttl": "60"}});
    let channel = ok(&w.call("POST", &format!("{PLACE}/watch"), Some(&channel)));
    let stop = json!({"id": "chan", "resourceId": channel["resourceId"]});
    ok(&w.call("POST", "/channels/stop", Some(&stop)));
    ok(&w.call("DELETE", &format!("/users/me/calendarList/{other}"), None));
    ok(&w.call("POST", "/users/me/calendarList", Some(&json!({"id": made["id"]}))));
    ok(&w.call("DELETE", &format!("/calendars/{other}"), None));
    // Errors have a shape as well, in both envelopes.
    assert_eq!(w.call("GET", &format!("{PLACE}/nothing"), None).status, 404);
    w.token = w.google.access_token(ANNA, &["calendar.events"]);
    assert_eq!(w.call("GET", "/users/me/calendarList", None).status, 403);
    assert_eq!(w.google.violations, []);
}

#[test]
#[ignore = "needs Google's discovery document: cargo xtask test --only google-client"]
fn google_s_document_judges_requests() {
    let mut w = judged(google_s());
    for bad in ["maxResults=0", "orderBy=name", "eventTypes=party", "showDeleted=1", "since=yesterday"] {
        assert_eq!(w.call("GET", &format!("{PLACE}?{bad}"), None).status, 400, "{bad}");
    }
    let mut event = meeting("meet1", 9);
    event["color"] = "4".into();
    w.insert(&event);
    let at: Vec<String> = w.google.violations.iter().map(|v| v.at.clone()).collect();
    assert_eq!(at, ["maxResults", "orderBy", "eventTypes", "showDeleted", "since", "color"]);
}
