//! `events.instances`.

use serde_json::{Value, json};

use crate::world::{World, series};

const PATH: &str = "/calendars/primary/events/serie1/instances";
const SECOND: &str = "serie1_20260323T090000Z";
const THIRD: &str = "serie1_20260330T080000Z";

fn starts(out: &Value) -> Vec<String> {
    let items = out["items"].as_array().unwrap();
    items.iter().map(|i| i["originalStartTime"]["dateTime"].as_str().unwrap()[..10].to_owned()).collect()
}

#[test]
fn pages_hold_every_instance_once() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    w.patch(THIRD, &json!({"summary": "Third"}));
    let mut seen = Vec::new();
    let mut page = String::new();
    loop {
        let out = w.get(&format!("{PATH}?maxResults=2{page}"));
        seen.extend(starts(&out));
        match out["nextPageToken"].as_str() {
            Some(token) => page = format!("&pageToken={token}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["2026-03-16", "2026-03-23", "2026-03-30", "2026-04-06", "2026-04-13"]);
    let other = w.get("/calendars/primary/events?maxResults=1");
    let token = other["nextPageToken"].as_str().unwrap();
    assert_eq!(w.call("GET", &format!("{PATH}?pageToken={token}"), None).status, 400, "of another list");
    assert_eq!(w.call("GET", "/calendars/primary/events/nothing/instances", None).status, 404);
}

#[test]
fn an_instance_is_found_by_its_original_start() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    w.patch(
        THIRD,
        &json!({"start": {"dateTime": "2026-03-31T10:00:00+02:00"}, "end": {"dateTime": "2026-03-31T11:00:00+02:00"}}),
    );
    for text in ["2026-03-30T10:00:00%2B02:00", "2026-03-30T08:00:00Z"] {
        let out = w.get(&format!("{PATH}?originalStart={text}"));
        assert_eq!(out["items"].as_array().unwrap().len(), 1);
        assert_eq!(out["items"][0]["start"]["dateTime"], "2026-03-31T10:00:00+02:00");
    }
    assert_eq!(w.get(&format!("{PATH}?originalStart=2026-03-31T08:00:00Z"))["items"], json!([]));
}

#[test]
fn the_lower_bound_is_inclusive() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    // The first instance ends at 10:00Z: a list leaves it out, instances do not.
    let bound = "timeMin=2026-03-16T10:00:00Z&timeMax=2026-03-24T00:00:00Z";
    assert_eq!(starts(&w.get(&format!("{PATH}?{bound}"))), ["2026-03-16", "2026-03-23"]);
    let listed = w.get(&format!("/calendars/primary/events?singleEvents=true&{bound}"));
    assert_eq!(starts(&listed), ["2026-03-23"]);
}

#[test]
fn cancelled_instances_can_be_hidden() {
    let mut w = World::new();
    w.insert(&series("serie1"));
    w.delete(SECOND);
    let count =
        |w: &mut World, query: &str| w.get(&format!("{PATH}?{query}"))["items"].as_array().unwrap().len();
    assert_eq!(count(&mut w, ""), 5);
    w.control("POST", "/settings", &json!({"instances_hide_cancelled": true}));
    assert_eq!(count(&mut w, ""), 4);
    assert_eq!(count(&mut w, "showDeleted=true"), 5);
}
