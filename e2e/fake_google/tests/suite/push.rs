//! Channels and pushes.

use serde_json::{Value, json};

use crate::world::{ANNA, START_MS, World, meeting};

const DAY_MS: i64 = 86_400_000;

fn watch(w: &mut World, extra: &Value) -> (u16, Value) {
    let mut body =
        json!({"id": "chan-1", "type": "web_hook", "address": "http://127.0.0.1:9/hook", "token": "secret"});
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    let response = w.call("POST", "/calendars/primary/events/watch", Some(&body));
    (response.status, response.value())
}

fn reason(out: &Value) -> &str {
    out["error"]["errors"][0]["reason"].as_str().unwrap()
}

#[test]
fn sync_then_exists_with_all_headers() {
    let mut w = World::new();
    let (status, channel) = watch(&mut w, &json!({}));
    assert_eq!(status, 200);
    assert_eq!(channel["kind"], "api#channel");
    assert_eq!(channel["expiration"], (START_MS + 7 * DAY_MS).to_string());
    w.insert(&meeting("meet1", 9));
    w.control("PATCH", "/events/anna%40example.com/meet1", &json!({"summary": "B"}));
    let pushes = w.google.take_pushes();
    let states: Vec<_> = pushes.iter().map(|p| p.state).collect();
    assert_eq!(states, ["sync", "exists", "exists"]);
    let numbers: Vec<_> = pushes.iter().map(|p| p.message_number).collect();
    assert!(numbers[0] == 1 && numbers.is_sorted() && numbers[1] < numbers[2], "{numbers:?}");
    assert_eq!(pushes[0].url, "http://127.0.0.1:9/hook");
    let header = |name: &str| {
        pushes[1].headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str()).to_owned()
    };
    assert_eq!(header("x-goog-channel-id"), "chan-1");
    assert_eq!(header("x-goog-channel-token"), "secret");
    assert_eq!(header("x-goog-resource-state"), "exists");
    assert_eq!(header("x-goog-resource-id"), channel["resourceId"].as_str().unwrap());
    assert_eq!(
        header("x-goog-resource-uri"),
        "https://www.googleapis.com/calendar/v3/calendars/anna%40example.com/events?alt=json"
    );
    assert_eq!(header("x-goog-channel-expiration"), "Mon, 09 Mar 2026 09:00:00 GMT");
    assert_eq!(header("x-goog-message-number"), numbers[1].to_string());
    assert!(header("user-agent").starts_with("APIs-Google;"));
}

#[test]
fn channels_expire_and_stop() {
    let mut w = World::new();
    let (_, first) = watch(&mut w, &json!({"params": {"ttl": "60"}}));
    let (_, second) = watch(&mut w, &json!({"id": "chan-2", "expiration": START_MS + 90 * DAY_MS}));
    assert_eq!(first["resourceId"], second["resourceId"]);
    assert_eq!(second["expiration"], (START_MS + 30 * DAY_MS).to_string(), "thirty days at most");
    w.google.take_pushes();
    w.now_ms += 60_000;
    w.insert(&meeting("meet1", 9));
    let pushes = w.google.take_pushes();
    assert_eq!(pushes.iter().map(|p| p.channel.as_str()).collect::<Vec<_>>(), ["chan-2"]);
    let stop = json!({"id": "chan-2", "resourceId": second["resourceId"]});
    assert_eq!(
        w.call("POST", "/channels/stop", Some(&json!({"id": "chan-2", "resourceId": "x"}))).status,
        404
    );
    let response = w.call("POST", "/channels/stop", Some(&stop));
    assert!(response.status == 204 && response.body.is_empty());
    let again = w.call("POST", "/channels/stop", Some(&stop));
    assert_eq!(again.status, 404);
    assert!(
        again.value()["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Channel 'chan-2' not found for project")
    );
    w.insert(&meeting("meet2", 9));
    assert!(w.google.take_pushes().is_empty());
    w.control("POST", "/push", &json!({"channel": "chan-2"}));
    assert_eq!(w.google.take_pushes().len(), 1, "a straggler");
    assert_eq!(reason(&watch(&mut w, &json!({"id": "chan-2"})).1), "channelIdNotUnique", "ids stay burnt");
}

#[test]
fn refused_channels() {
    let mut w = World::new();
    assert_eq!(reason(&watch(&mut w, &json!({"address": "ftp://x"})).1), "push.webhookUrlNotHttps");
    assert_eq!(watch(&mut w, &json!({"token": "x".repeat(257)})).0, 400);
    assert_eq!(watch(&mut w, &json!({"id": "x".repeat(65)})).0, 400);
    assert_eq!(watch(&mut w, &json!({"expiration": START_MS - 1})).0, 400);
    w.control("POST", "/settings", &json!({"allow_http": false}));
    assert_eq!(reason(&watch(&mut w, &json!({})).1), "push.webhookUrlNotHttps");
    let id = w.control(
        "POST",
        "/calendars",
        &json!({"email": ANNA, "summary": "Holidays", "push_supported": false}),
    );
    let body = json!({"id": "chan-9", "type": "web_hook", "address": "https://example.com/hook"});
    let path = format!("/calendars/{}/events/watch", id["id"].as_str().unwrap());
    let response = w.call("POST", &path, Some(&body));
    assert_eq!(response.status, 400);
    assert_eq!(reason(&response.value()), "pushNotSupportedForRequestedResource");
}

#[test]
fn echoes_and_losses_are_knobs() {
    let mut w = World::new();
    watch(&mut w, &json!({}));
    w.google.take_pushes();
    w.control("POST", "/settings", &json!({"echo_pushes": false}));
    w.insert(&meeting("meet1", 9));
    assert!(w.google.take_pushes().is_empty());
    w.control("POST", "/events", &json!({"email": ANNA, "event": meeting("meet2", 9)}));
    assert_eq!(w.google.take_pushes().len(), 1);
    w.control("POST", "/settings", &json!({"push_drop_rate": 1.0, "echo_pushes": true}));
    w.insert(&meeting("meet3", 9));
    assert!(w.google.take_pushes().is_empty());
    w.control("POST", "/settings", &json!({"push_drop_rate": 0.0, "push_duplicate_rate": 1.0}));
    w.insert(&meeting("meet4", 9));
    let pushes = w.google.take_pushes();
    assert_eq!(pushes.len(), 2);
    assert_eq!(pushes[0].message_number, pushes[1].message_number);
}

fn kinds(w: &mut World) -> Vec<(&'static str, u64)> {
    w.google.take_pushes().iter().map(|p| (p.state, p.message_number)).collect()
}

#[test]
fn a_push_can_come_after_the_next_one() {
    let mut w = World::new();
    watch(&mut w, &json!({}));
    w.google.take_pushes();
    w.control("POST", "/settings", &json!({"push_reorder_rate": 1.0}));
    w.insert(&meeting("meet1", 9));
    assert!(w.google.take_pushes().is_empty(), "held back");
    w.insert(&meeting("meet2", 9));
    let swapped = kinds(&mut w);
    assert!(swapped.len() == 2 && swapped[0].1 > swapped[1].1, "{swapped:?}");
    w.insert(&meeting("meet3", 9));
    w.control("POST", "/release_pushes", &json!({}));
    assert_eq!(w.google.take_pushes().len(), 1);
}

#[test]
fn jitter_comes_from_the_seed() {
    let mut w = World::new();
    watch(&mut w, &json!({}));
    w.google.take_pushes();
    w.control("POST", "/settings", &json!({"push_jitter_ms": 1000, "push_delay_ms": 100}));
    for n in 0..20 {
        w.insert(&meeting(&format!("meet{n}"), 9));
    }
    let pushes = w.google.take_pushes();
    assert!(pushes.iter().all(|p| p.overtakes && (100..=1100).contains(&p.delay_ms)));
    assert!(!pushes.iter().map(|p| p.delay_ms).is_sorted());
}

#[test]
fn a_stopped_channel_can_go_on_for_a_while() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"pushes_after_stop": 2}));
    let (_, channel) = watch(&mut w, &json!({}));
    let stop = json!({"id": "chan-1", "resourceId": channel["resourceId"]});
    assert_eq!(w.call("POST", "/channels/stop", Some(&stop)).status, 204);
    w.google.take_pushes();
    for n in 0..4 {
        w.insert(&meeting(&format!("meet{n}"), 9));
    }
    assert_eq!(w.google.take_pushes().len(), 2);
}

#[test]
fn overlapping_channels_both_push() {
    let mut w = World::new();
    watch(&mut w, &json!({}));
    watch(&mut w, &json!({"id": "chan-2"}));
    w.google.take_pushes();
    w.insert(&meeting("meet1", 9));
    let channels: Vec<String> = w.google.take_pushes().into_iter().map(|p| p.channel).collect();
    assert_eq!(channels, ["chan-1", "chan-2"]);
}

#[test]
fn the_expiration_can_be_a_number() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"channel_expiration_as_number": true, "sync_push_first": true}));
    let (_, channel) = watch(&mut w, &json!({}));
    assert_eq!(channel["expiration"], START_MS + 7 * DAY_MS);
}
