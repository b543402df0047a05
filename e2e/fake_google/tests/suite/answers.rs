//! Answers which get lost, break off, swell, or come from a clock which is wrong.

use fake_google::http::{Fate, Request, Response};
use serde_json::{Value, json};

use crate::world::{World, meeting};

const PLACE: &str = "/calendars/primary/events";

fn fault(w: &mut World, operation: &str, effect: &Value) {
    let fault = json!({"match": {"operation": operation}, "effect": effect});
    w.control("POST", "/faults", &fault);
}

fn batch(w: &mut World, ids: &[&str]) -> Response {
    let mut body = String::new();
    for id in ids {
        let event = meeting(id, 9);
        body += &format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <{id}>\r\n\r\n\
             POST /calendar/v3/calendars/primary/events HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{event}\r\n"
        );
    }
    let mut request = Request::new("POST", "/batch/calendar/v3")
        .bearer(&w.token.clone())
        .header("Content-Type", "multipart/mixed; boundary=b");
    request.body = (body + "--b--").into_bytes();
    w.raw(&request)
}

fn exists(w: &mut World, id: &str) -> bool {
    w.call("GET", &format!("{PLACE}/{id}"), None).status == 200
}

#[test]
fn a_batch_is_lost_after_all_of_it_or_in_the_middle() {
    let mut w = World::new();
    fault(&mut w, "batch", &json!({"drop_answer_after": true}));
    assert_eq!(batch(&mut w, &["meet1", "meet2"]).fate, Fate::DropConnection);
    assert!(exists(&mut w, "meet1") && exists(&mut w, "meet2"));
    let second = json!({
        "match": {"operation": "events.insert", "nth": 2}, "effect": {"drop_answer_after": true},
    });
    w.control("POST", "/faults", &second);
    assert_eq!(batch(&mut w, &["meet3", "meet4", "meet5"]).fate, Fate::DropConnection);
    assert!(exists(&mut w, "meet3") && exists(&mut w, "meet4"));
    assert!(!exists(&mut w, "meet5"), "never carried out");
}

#[test]
fn a_batch_can_lack_the_answer_of_one_part() {
    let mut w = World::new();
    fault(&mut w, "events.insert", &json!({"omit_part": true}));
    let text = String::from_utf8(batch(&mut w, &["meet1", "meet2"]).body).unwrap();
    assert!(!text.contains("<response-meet1>") && text.contains("<response-meet2>"));
    assert!(exists(&mut w, "meet1"), "its effect has happened");
}

#[test]
fn an_answer_can_be_cut_or_stretched() {
    let mut w = World::new();
    fault(&mut w, "events.insert", &json!({"truncate_body": true}));
    let cut = w.call("POST", PLACE, Some(&meeting("meet1", 9)));
    assert_eq!((cut.status, cut.value(), cut.missing_bytes), (200, Value::Null, 0));
    fault(&mut w, "events.delete", &json!({"break_off": true}));
    let broken = w.delete("meet1");
    assert_eq!((broken.status, broken.missing_bytes), (204, 1));
    assert_eq!(w.delete("meet1").status, 410, "its effect has happened");
    fault(&mut w, "events.list", &json!({"pad_to_bytes": 5_000_000}));
    let long = w.call("GET", PLACE, None);
    assert_eq!(long.body.len(), 5_000_000);
    assert_eq!(long.value()["kind"], "calendar#events", "and still JSON");
}

#[test]
fn a_fault_tells_of_an_expired_token_as_google_does() {
    let mut w = World::new();
    fault(&mut w, "events.list", &json!({"status": 410, "reason": "fullSyncRequired"}));
    let item = &w.call("GET", PLACE, None).value()["error"]["errors"][0];
    assert_eq!((&item["domain"], &item["location"]), (&json!("calendar"), &json!("syncToken")));
}

#[test]
fn the_server_s_clock_can_be_wrong() {
    for offset_ms in [-600_000_i64, 600_000] {
        let mut w = World::new();
        w.control("POST", "/settings", &json!({"clock_offset_ms": offset_ms, "default_channel_ttl_s": 3600}));
        let response = w.call("POST", PLACE, Some(&meeting("meet1", 9)));
        let minute = if offset_ms < 0 { "08:50" } else { "09:10" };
        assert_eq!(response.get_header("date"), Some(format!("Mon, 02 Mar 2026 {minute}:00 GMT").as_str()));
        assert_eq!(response.value()["updated"], format!("2026-03-02T{minute}:00.000Z"));
        let watch = json!({"id": "chan", "type": "web_hook", "address": "https://example.com/hook"});
        let channel = w.call("POST", &format!("{PLACE}/watch"), Some(&watch)).value();
        assert_eq!(channel["expiration"], (w.now_ms + offset_ms + 3_600_000).to_string());
    }
}
