//! Lists: paging, sync tokens, filters; and the law that deltas replay to the full list.

use std::collections::BTreeMap;

use fake_google::http::Request;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::{ANNA, World, ids, meeting, series};

#[test]
fn pages_then_a_sync_token() {
    let mut w = World::new();
    for n in 0..7 {
        w.insert(&meeting(&format!("meet{n}"), 9));
    }
    let first = w.get("/calendars/primary/events?maxResults=3");
    assert_eq!(first["kind"], "calendar#events");
    assert_eq!(first["timeZone"], "Europe/Berlin");
    assert_eq!(first["items"].as_array().unwrap().len(), 3);
    assert!(first["nextPageToken"].is_string() && first["nextSyncToken"].is_null());
    let (rows, token) = w.list("maxResults=3");
    assert_eq!(rows.len(), 7);
    assert!(token.is_some());
    let page = first["nextPageToken"].as_str().unwrap();
    let other = w.call("GET", &format!("/calendars/primary/events?q=x&pageToken={page}"), None);
    assert_eq!(other.status, 400, "another request");
}

#[test]
fn tokens_can_be_used_again_and_stay_while_nothing_happens() {
    let mut w = World::new();
    w.insert(&meeting("meet1", 9));
    let (_, old) = w.list("");
    let old = old.unwrap();
    assert_eq!(w.list(&format!("syncToken={old}")), (vec![], Some(old.clone())));
    w.patch("meet1", &json!({"summary": "A"}));
    w.patch("meet1", &json!({"summary": "B"}));
    for _ in 0..2 {
        let (rows, next) = w.list(&format!("syncToken={old}"));
        assert_eq!(rows.len(), 1, "one row per event");
        assert_eq!(rows[0]["summary"], "B");
        assert_ne!(next, Some(old.clone()));
    }
}

#[test]
fn deleted_events_are_stubs_in_the_delta_only() {
    let mut w = World::new();
    let made = w.insert(&meeting("meet1", 9));
    let (_, token) = w.list("");
    let token = token.unwrap();
    w.delete("meet1");
    let (rows, _) = w.list(&format!("syncToken={token}"));
    let keys: Vec<_> = rows[0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["etag", "id", "kind", "status"]);
    assert_eq!(rows[0]["status"], "cancelled");
    let (rows, _) = w.list(&format!("syncToken={token}&showDeleted=true"));
    assert_eq!(rows[0]["summary"], made["summary"]);
    assert_eq!(rows[0]["sequence"], 1);
    assert_eq!(w.list("").0, Vec::<Value>::new());
    assert_eq!(w.list("showDeleted=true").0.len(), 1);
    assert_eq!(w.list("updatedMin=2026-03-01T00:00:00Z").0.len(), 1);
}

#[test]
fn what_changes_while_paging_is_not_lost() {
    let mut w = World::new();
    for n in 0..4 {
        w.insert(&meeting(&format!("meet{n}"), 9));
    }
    let (_, before) = w.list("");
    for n in 0..4 {
        w.patch(&format!("meet{n}"), &json!({"location": "x"}));
    }
    // Both kinds of list, each changed after the first page.
    for query in [String::new(), format!("syncToken={}&", before.unwrap())] {
        let path = format!("/calendars/primary/events?{query}maxResults=2");
        let first = w.get(&path);
        let seen: Vec<Value> = first["items"].as_array().unwrap().clone();
        w.patch("meet0", &json!({"location": format!("moved {query}")}));
        w.insert(&meeting(&format!("late{}", query.len() % 7), 9));
        let page = first["nextPageToken"].as_str().unwrap();
        let last = w.get(&format!("{path}&pageToken={page}"));
        let token = last["nextSyncToken"].as_str().unwrap_or_else(|| panic!("{last}"));
        let (delta, _) = w.list(&format!("syncToken={token}"));
        assert!(ids(&delta).contains(&"meet0"), "{} {delta:?}", seen.len());
        assert!(delta.iter().any(|r| r["id"].as_str().unwrap().starts_with("late")));
    }
}

#[test]
fn filters() {
    let mut w = World::new();
    w.insert(&meeting("meet9", 9));
    w.insert(&meeting("meet12", 12));
    let mut marked = meeting("marked", 20);
    marked["extendedProperties"] = json!({"private": {"k": "v"}});
    w.insert(&marked);
    w.insert(&json!({"id": "dateonl", "start": {"date": "2026-03-11"}, "end": {"date": "2026-03-12"}}));
    let ids_of = |w: &mut World, q: &str| {
        let (rows, token) = w.list(q);
        (ids(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>(), token.is_some())
    };
    let window = "timeMin=2026-03-10T10:00:00Z&timeMax=2026-03-10T20:00:00Z";
    assert_eq!(ids_of(&mut w, window), (vec!["meet12".to_owned()], true));
    assert_eq!(
        ids_of(&mut w, "timeMin=2026-03-11T22:00:00Z").0,
        ["dateonl"],
        "the day ends at Berlin midnight"
    );
    assert!(ids_of(&mut w, "timeMin=2026-03-11T23:00:00Z").0.is_empty());
    assert_eq!(ids_of(&mut w, "q=MEET9"), (vec!["meet9".to_owned()], false));
    assert_eq!(ids_of(&mut w, "privateExtendedProperty=k%3Dv"), (vec!["marked".to_owned()], false));
    assert!(ids_of(&mut w, "eventTypes=focusTime").0.is_empty());
    let (sorted, _) = w.list("singleEvents=true&orderBy=startTime&maxResults=1");
    assert_eq!(ids(&sorted), ["meet9", "meet12", "marked", "dateonl"]);
}

#[test]
fn fields_cut_and_conditional_get() {
    let mut w = World::new();
    w.insert(&meeting("meet1", 9));
    let out = w.get("/calendars/primary/events?fields=items(id,start/timeZone),nextSyncToken");
    assert_eq!(out["items"], json!([{"id": "meet1", "start": {"timeZone": "Europe/Berlin"}}]));
    assert_eq!(out.as_object().unwrap().len(), 2);
    assert_eq!(w.call("GET", "/calendars/primary/events?fields=a(", None).status, 400);
    let full = w.call("GET", "/calendars/anna%40example.com/events/meet1?", None);
    let etag = full.get_header("etag").unwrap().to_owned();
    let request = Request::new("GET", "/calendar/v3/calendars/anna@example.com/events/meet1")
        .bearer(&w.token.clone())
        .header("If-None-Match", &etag);
    assert_eq!(w.raw(&request).status, 304);
}

#[test]
fn calendar_list_pages_and_deltas() {
    let mut w = World::new();
    let made = w.call("POST", "/calendars", Some(&json!({"summary": "B"}))).value();
    let first = w.get("/users/me/calendarList?maxResults=1");
    assert_eq!(first["items"][0]["id"], ANNA);
    assert_eq!(first["items"][0]["primary"], true);
    assert_eq!(first["items"][0]["timeZone"], "Europe/Berlin");
    let page = first["nextPageToken"].as_str().unwrap();
    let last = w.get(&format!("/users/me/calendarList?maxResults=1&pageToken={page}"));
    assert_eq!(last["items"][0]["id"], made["id"]);
    let token = last["nextSyncToken"].as_str().unwrap().to_owned();
    let path = format!("/users/me/calendarList?syncToken={token}");
    assert_eq!(w.get(&path)["items"], json!([]));
    w.control("POST", "/calendars", &json!({"email": ANNA, "summary": "C", "access_role": "reader"}));
    assert_eq!(w.get(&path)["items"][0]["accessRole"], "reader");
    w.call("DELETE", &format!("/calendars/{}", made["id"].as_str().unwrap()), None);
    let rows = w.get(&path)["items"].as_array().unwrap().clone();
    assert!(rows.iter().any(|r| r["deleted"] == true && r["id"] == made["id"]));
}

#[test]
fn gone_410_can_strike_between_pages() {
    let mut w = World::new();
    let (_, token) = w.list("");
    for n in 0..4 {
        w.insert(&meeting(&format!("meet{n}"), 9));
    }
    let path = format!("/calendars/primary/events?maxResults=2&syncToken={}", token.unwrap());
    let page = w.get(&path)["nextPageToken"].as_str().unwrap().to_owned();
    w.google.expire_sync_tokens(ANNA);
    assert_eq!(w.call("GET", &format!("{path}&pageToken={page}"), None).status, 410);
}

#[test]
fn a_lagging_replica_shows_changes_later_but_all_of_them() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"list_lag_ms": 1000}));
    w.now_ms += 5000;
    w.insert(&meeting("meet1", 9));
    let (_, token) = w.list("");
    let query = format!("syncToken={}", token.unwrap());
    w.now_ms += 999;
    let (rows, next) = w.list(&query);
    assert!(rows.is_empty() && next.is_some());
    w.now_ms += 1;
    assert_eq!(ids(&w.list(&format!("syncToken={}", next.unwrap())).0), ["meet1"]);
}

#[test]
fn full_lists_can_run_backwards() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"reverse_full_list": true}));
    w.insert(&series("serie1"));
    w.delete("serie1_20260323T090000Z");
    w.insert(&meeting("meet1", 9));
    let (rows, _) = w.list("maxResults=1");
    assert_eq!(ids(&rows), ["serie1_20260323T090000Z", "serie1", "meet1"]);
}

#[test]
fn writes_which_change_nothing_are_a_knob() {
    let mut w = World::new();
    let made = w.insert(&meeting("meet1", 9));
    assert_ne!(w.patch("meet1", &json!({}))["etag"], made["etag"]);
    w.control("POST", "/settings", &json!({"noop_write_bumps": false}));
    let etag = w.get("/calendars/primary/events/meet1")["etag"].clone();
    assert_eq!(w.patch("meet1", &json!({"summary": "Meeting meet1"}))["etag"], etag);
}

#[derive(Debug, Clone)]
enum Op {
    Insert(u8),
    Series(u8),
    Patch(u8, u8),
    Delete(u8),
    PatchInstance(u8, u8),
    DeleteInstance(u8, u8),
    Sync,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..6_u8).prop_map(Op::Insert),
        (0..2_u8).prop_map(Op::Series),
        (0..8_u8, any::<u8>()).prop_map(|(n, x)| Op::Patch(n, x)),
        (0..8_u8).prop_map(Op::Delete),
        (6..8_u8, 0..5_u8).prop_map(|(n, k)| Op::PatchInstance(n, k)),
        (6..8_u8, 0..5_u8).prop_map(|(n, k)| Op::DeleteInstance(n, k)),
        Just(Op::Sync),
    ]
}

fn name(n: u8) -> String {
    if n < 6 { format!("meet{n}") } else { format!("series{}", n - 6) }
}

/// The id of the k-th occurrence of [`series`]; summer time begins on 2026-03-29.
fn instance(n: u8, k: u8) -> String {
    let stamp = ["20260316T09", "20260323T09", "20260330T08", "20260406T08", "20260413T08"][usize::from(k)];
    format!("{}_{stamp}0000Z", name(n))
}

/// What a client does with a delta: replace, remove, and cascade from masters.
fn apply(state: &mut BTreeMap<String, Value>, rows: Vec<Value>) {
    for row in rows {
        let id = row["id"].as_str().unwrap().to_owned();
        let exception = row["recurringEventId"].is_string();
        if row["status"] == "cancelled" && !exception {
            state.remove(&id);
            state.retain(|_, r| r["recurringEventId"] != id.as_str());
        } else {
            state.insert(id, row);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn deltas_replay_to_the_full_list(ops in prop::collection::vec(op(), 1..40), size in 1..5_usize) {
        let mut w = World::new();
        let (rows, mut token) = w.list("");
        let mut state = BTreeMap::new();
        apply(&mut state, rows);
        for op in ops.into_iter().chain([Op::Sync]) {
            w.now_ms += 1;
            let path = |id: &str| format!("/calendars/primary/events/{id}");
            match op {
                Op::Insert(n) => drop(w.call("POST", "/calendars/primary/events", Some(&meeting(&name(n), 9)))),
                Op::Series(n) => drop(w.call("POST", "/calendars/primary/events", Some(&series(&name(6 + n))))),
                Op::Patch(n, x) => {
                    let patch = json!({"summary": format!("S{x}")});
                    drop(w.call("PATCH", &path(&name(n)), Some(&patch)));
                }
                Op::Delete(n) => drop(w.delete(&name(n))),
                Op::PatchInstance(n, k) => {
                    drop(w.call("PATCH", &path(&instance(n, k)), Some(&json!({"location": "here"}))));
                }
                Op::DeleteInstance(n, k) => drop(w.delete(&instance(n, k))),
                Op::Sync => {
                    let query = format!("maxResults={size}&syncToken={}", token.clone().unwrap());
                    let (rows, next) = w.list(&query);
                    apply(&mut state, rows);
                    token = next;
                    let mut full = BTreeMap::new();
                    apply(&mut full, w.list(&format!("maxResults={size}")).0);
                    prop_assert_eq!(&state, &full);
                }
            }
        }
    }
}
