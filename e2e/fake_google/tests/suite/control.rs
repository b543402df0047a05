//! The control interface: faults, timeline, settings.

use fake_google::http::{Fate, Request};
use serde_json::json;

use crate::world::{ANNA, START_MS, World, meeting};

#[test]
fn faults_strike_when_told() {
    let mut w = World::new();
    w.control(
        "POST",
        "/faults",
        &json!({
            "match": {"operation": "events.insert", "nth": 2, "times": 2},
            "effect": {"status": 429, "headers": {"Retry-After": "3"}},
        }),
    );
    let path = "/calendars/primary/events";
    let answers: Vec<u16> =
        (0..4).map(|n| w.call("POST", path, Some(&meeting(&format!("meet{n}"), 9))).status).collect();
    assert_eq!(answers, [200, 429, 429, 200]);
    w.control("POST", "/faults", &json!({"match": {"times": 0}, "effect": {"html": true, "status": 502}}));
    let response = w.call("GET", path, None);
    assert_eq!(
        (response.status, response.get_header("content-type")),
        (502, Some("text/html; charset=UTF-8"))
    );
    w.control("DELETE", "/faults", &json!({}));
    assert_eq!(w.call("GET", path, None).status, 200);
}

#[test]
fn an_answer_can_get_lost_after_the_effect() {
    let mut w = World::new();
    let drop_after =
        json!({"match": {"method": "POST", "calendar": ANNA}, "effect": {"drop_answer_after": true}});
    w.control("POST", "/faults", &drop_after);
    let response = w.call("POST", "/calendars/primary/events", Some(&meeting("meet1", 9)));
    assert_eq!(response.fate, Fate::DropConnection);
    w.get("/calendars/primary/events/meet1");
    let drop_before =
        json!({"match": {"method": "POST"}, "effect": {"drop_connection_before": true, "delay_ms": 7}});
    w.control("POST", "/faults", &drop_before);
    let response = w.call("POST", "/calendars/primary/events", Some(&meeting("meet2", 9)));
    assert_eq!((response.fate, response.delay_ms), (Fate::DropConnection, 7));
    assert_eq!(w.call("GET", "/calendars/primary/events/meet2", None).status, 404);
}

#[test]
fn the_human_edits_and_the_timeline_tells() {
    let mut w = World::new();
    let made = w.control("POST", "/events", &json!({"email": ANNA, "event": meeting("meet1", 9)}));
    assert_eq!(made["event"]["summary"], "Meeting meet1");
    w.patch("meet1", &json!({"summary": "B"}));
    w.list("");
    w.control("DELETE", "/events/anna%40example.com/meet1", &json!({}));
    assert_eq!(w.control("GET", &format!("/events?email={ANNA}"), &json!({}))["items"], json!([]));
    let line = w.control("GET", "/timeline?since=0", &json!({}));
    let kinds: Vec<_> =
        line["entries"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["change", "write", "list", "change"]);
    assert_eq!(line["entries"][0]["seq"], made["seq"]);
    assert_eq!(line["entries"][0]["at_us"], START_MS * 1000);
    let rest = w.control("GET", "/timeline?since=3", &json!({}));
    assert_eq!(rest["entries"].as_array().unwrap().len(), 1);
}

#[test]
fn settings_merge_and_unknown_ones_are_refused() {
    let mut w = World::new();
    let out = w.control("POST", "/settings", &json!({"page_size_cap": 1}));
    assert_eq!((&out["page_size_cap"], &out["echo_pushes"]), (&json!(1), &json!(true)));
    w.insert(&meeting("meet1", 9));
    w.insert(&meeting("meet2", 9));
    assert_eq!(w.get("/calendars/primary/events")["items"].as_array().unwrap().len(), 1);
    w.control("POST", "/settings", &json!({"page_size_cap": null, "empty_first_page": true}));
    let first = w.get("/calendars/primary/events");
    assert!(first["items"] == json!([]) && first["nextPageToken"].is_string());
    assert_eq!(w.list("").0.len(), 2);
    let bad = w.raw(&Request::new("POST", "/control/settings").json(&json!({"no_such_knob": 1})));
    assert_eq!(bad.status, 400);
    w.control("POST", "/reset", &json!({}));
    assert_eq!(w.call("GET", "/calendars/primary/events", None).status, 401);
}

#[test]
fn the_readme_names_every_setting_and_every_effect() {
    let readme = include_str!("../../README.md");
    let named = |value: &serde_json::Value| -> Vec<String> {
        value
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| !readme.contains(&format!("`{key}`")))
            .cloned()
            .collect()
    };
    let settings = json!(fake_google::settings::Settings::default());
    assert_eq!(named(&settings), Vec::<String>::new());
    let effects = json!(fake_google::faults::Effect::default());
    assert_eq!(named(&effects), Vec::<String>::new());
}
