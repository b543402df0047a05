//! What a person asks of their federation, on whole objects.

use serde_json::{Value, json};
use tminus_api::ApiResponse;
use tminus_simulation::Stage;
use tminus_user_graph::contract::PutCalendars;

use crate::support::{json, refusal, request, send, under};

const NINE: &str = "2026-02-02T09:00:00Z";
const HALF_PAST: &str = "2026-02-02T09:30:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const RANGE: &str = "from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z";
const DAY_MS: i64 = 24 * 3_600_000;

fn ask(stage: &mut Stage, method: &str, target: &str, body: &Value) -> ApiResponse {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    send(&stage.world, &mut stage.person, request(method, target, &body))
}

fn get(stage: &mut Stage, target: &str) -> Value {
    let answer = ask(stage, "GET", target, &Value::Null);
    assert_eq!(answer.status, 200, "{target}: {}", String::from_utf8_lossy(&answer.body));
    json(&answer)
}

/// Two accounts, and an event in the first of them.
fn with_event() -> (Stage, String) {
    let mut stage = Stage::settled(8, 2);
    let _ = stage.add(0, "Plan", NINE, TEN);
    stage.settle();
    let events = get(&mut stage, &format!("/v1/events?{RANGE}"))["events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 1);
    let event = format!("/v1/events/{}", events[0]["event"].as_str().unwrap());
    (stage, event)
}

#[test]
fn an_event_tells_what_it_is_and_why() {
    let (mut stage, event) = with_event();
    let owner = stage.accounts[0].to_string();
    let one = get(&mut stage, &event);
    assert_eq!((&one["event"]["account"], one["mirrors"].as_array().unwrap().len()), (&json!(owner), 1));
    let why = get(&mut stage, &format!("{event}/explanation"));
    assert_eq!(
        (&why["owner"], &why["edges"][0]["verdict"]),
        (&json!({"account": owner}), &json!("mirrored"))
    );
    let journal = get(&mut stage, &format!("{event}/journal?limit=1"));
    let cursor = journal["next_cursor"].as_str().unwrap();
    let older = get(&mut stage, &format!("{event}/journal?limit=1&cursor={cursor}"));
    assert_ne!(journal["entries"], older["entries"]);
    let calendar = stage.overlay_id(1);
    let slot = get(&mut stage, &format!("/v1/calendars/{calendar}/explanation?at={HALF_PAST}"));
    assert_eq!((&slot["blocked"], &slot["events"][0]["verdict"]), (&json!(true), &json!("mirrored")));
    let free = get(&mut stage, &format!("/v1/calendars/{calendar}/explanation?at={TEN}"));
    assert_eq!(free["blocked"], false);
    assert_eq!(get(&mut stage, "/v1/conservation")["balanced"], true);
    let taken = get(&mut stage, &format!("/v1/free-busy?{RANGE}"));
    assert_eq!(taken["busy"].as_array().unwrap().len(), 1);
    let file = ask(&mut stage, "GET", &format!("/v1/events.ics?{RANGE}"), &Value::Null);
    let file = String::from_utf8(file.body).unwrap();
    assert!(file.contains("SUMMARY:Plan") && file.contains("DTSTART:20260202T090000Z"), "{file}");
}

#[test]
fn what_an_event_was_is_known_from_when_it_was_seen_until_it_is_forgotten() {
    let (mut stage, event) = with_event();
    let early = ask(&mut stage, "GET", &format!("{event}/as-of?at=2001-01-01T00:00:00Z"), &Value::Null);
    assert_eq!(refusal(&early), (404, "not_yet".to_owned()));
    let since = json(&early)["error"]["details"]["since"].as_i64().unwrap();
    let at = |millis: i64| tminus_domain::time::Timestamp::from_millis(millis).to_rfc3339();
    let was = get(&mut stage, &format!("{event}/as-of?at={}", at(since)));
    assert_eq!(was["content"]["title"], "Plan");
    stage.world.advance_millis(400 * DAY_MS);
    // Maintaining an account sees to it that what is too old is dropped.
    let maintained = PutCalendars { account: stage.accounts[0], calendars: Vec::new() };
    stage.world.call(&stage.person.user.to_string(), &maintained).unwrap();
    while stage.world.run_alarms() > 0 {}
    // The session is long over.
    stage.person.browser = stage.world.sign_in(&stage.emails[0]).browser;
    let late = ask(&mut stage, "GET", &format!("{event}/as-of?at={}", at(since)), &Value::Null);
    assert_eq!(refusal(&late), (410, "forgotten".to_owned()));
    let earliest = json(&late)["error"]["details"]["earliest"].as_i64().unwrap();
    let was = get(&mut stage, &format!("{event}/as-of?at={}", at(earliest)));
    assert_eq!(was["content"]["title"], "Plan");
}

#[test]
fn what_a_provider_owns_is_not_changed_here() {
    let (mut stage, event) = with_event();
    let owner = stage.accounts[0].to_string();
    let (state, writes) = (stage.world.state(), stage.world.writes());
    for (method, body) in [("PATCH", json!({"title": "Mine"})), ("DELETE", Value::Null)] {
        let answer = ask(&mut stage, method, &event, &body);
        assert_eq!(refusal(&answer), (409, "owned_by_account".to_owned()), "{method}");
        assert_eq!(json(&answer)["error"]["details"], json!({"owner": owner}));
    }
    assert!((stage.world.state(), stage.world.writes()) == (state, writes));
}

#[test]
fn an_own_event_blocks_every_account_until_it_is_deleted() {
    let mut stage = Stage::settled(9, 2);
    let at = |text: &str| tminus_domain::time::Timestamp::parse_rfc3339(text).unwrap();
    let body =
        json!({"title": "Tennis", "when": {"timed": {"start": at(NINE), "end": at(TEN), "zone": null}}});
    let create = under("one", request("POST", "/v1/events", &body.to_string()));
    let made = send(&stage.world, &mut stage.person, create.clone());
    assert_eq!(made.status, 201);
    stage.settle();
    let again = send(&stage.world, &mut stage.person, create);
    assert_eq!((again.status, &again.body), (201, &made.body));
    for account in [0, 1] {
        assert_eq!(stage.shown(account), Stage::blocks(&[(NINE, TEN)]), "{account}");
    }
    let other = json!({"title": "Golf", "when": body["when"]});
    let other = under("one", request("POST", "/v1/events", &other.to_string()));
    let other = send(&stage.world, &mut stage.person, other);
    assert_eq!(refusal(&other), (422, "idempotency_key_reused".to_owned()));

    let event = format!("/v1/events/{}", json(&made)["event"].as_str().unwrap());
    let changed = ask(&mut stage, "PATCH", &format!("{event}?version=1"), &json!({"title": "Squash"}));
    assert_eq!((changed.status, &json(&changed)["version"]), (200, &json!(2)));
    let late = ask(&mut stage, "PATCH", &format!("{event}?version=1"), &json!({"title": "Chess"}));
    assert_eq!(refusal(&late), (409, "version_conflict".to_owned()));
    assert_eq!(json(&late)["error"]["details"], json!({"version": 2}));
    let mars = json!({"when": {"timed": {"start": at(NINE), "end": at(TEN), "zone": "Mars/Olympus"}}});
    let mars = ask(&mut stage, "PATCH", &event, &mars);
    assert_eq!(refusal(&mars), (422, "unprocessable".to_owned()));
    assert_eq!(ask(&mut stage, "DELETE", &event, &Value::Null).status, 200);
    stage.settle();
    assert!(stage.shown(0).is_empty() && stage.shown(1).is_empty());
}

#[test]
fn a_trip_blocks_every_account_until_it_is_removed() {
    let mut stage = Stage::settled(10, 2);
    let trip = |to: &str| json!({"trip": {"when": {"all_day": {"start": "2026-02-10", "end": to}}}});
    let added = ask(&mut stage, "POST", "/v1/constraints", &trip("2026-02-12"));
    assert_eq!(added.status, 201);
    let target = format!("/v1/constraints/{}", json(&added)["id"].as_str().unwrap());
    stage.settle();
    assert_eq!((stage.shown(0).len(), stage.shown(1).len()), (1, 1));
    assert_eq!(ask(&mut stage, "PUT", &target, &trip("2026-02-14")).status, 200);
    let listed = get(&mut stage, "/v1/constraints");
    assert_eq!(listed["constraints"], json!([{"id": json(&added)["id"], "constraint": trip("2026-02-14")}]));
    let subject = json(&added)["id"].as_str().unwrap().to_owned();
    let journal = get(&mut stage, &format!("/v1/settings/journal?subject={subject}"));
    assert_eq!(journal["entries"].as_array().unwrap().len(), 2);
    assert_eq!(journal["now"], trip("2026-02-14"));
    assert_eq!(ask(&mut stage, "DELETE", &target, &Value::Null).status, 200);
    stage.settle();
    assert!(stage.shown(0).is_empty() && stage.shown(1).is_empty());
    let again = ask(&mut stage, "DELETE", &target, &Value::Null);
    assert_eq!(refusal(&again), (404, "not_found".to_owned()));
}

#[test]
fn a_preview_changes_nothing() {
    let (mut stage, _) = with_event();
    let (from, to) = (stage.accounts[0], stage.accounts[1]);
    let edge = json!({"from": from, "to": to, "detail": "TITLE", "kind": "BUSY_OVERLAY", "switch": "on"});
    let (state, writes) = (stage.world.state(), stage.world.writes());
    let step = json(&ask(&mut stage, "POST", "/v1/policy/preview", &json!({"change": {"put_edge": edge}})));
    assert_eq!((&step["preview"]["changed"], &step["so_far"]), (&json!(1), &Value::Null), "{step}");
    assert_eq!(step["preview"]["examples"][0]["title"], "Plan");
    assert!((stage.world.state(), stage.world.writes()) == (state, writes));
}
