//! Quotas.

use fake_google::http::{Request, Response};
use serde_json::{Value, json};

use crate::world::{ANNA, World, meeting};

const LIST: &str = "/users/me/calendarList";

fn reason(response: &Response) -> String {
    response.value()["error"]["errors"][0]["reason"].as_str().unwrap_or_default().to_owned()
}

fn statuses(w: &mut World, calls: usize) -> Vec<u16> {
    (0..calls).map(|_| w.call("GET", LIST, None).status).collect()
}

#[test]
fn the_window_slides() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"quota_per_minute_per_user": 3}));
    assert_eq!(statuses(&mut w, 2), [200, 200]);
    w.now_ms += 30_000;
    assert_eq!(statuses(&mut w, 2), [200, 403]);
    w.now_ms += 29_999;
    assert_eq!(statuses(&mut w, 1), [403], "the first two are not yet a minute old");
    w.now_ms += 1;
    assert_eq!(statuses(&mut w, 3), [200, 200, 403], "and a refused call costs nothing");
    let counters = w.control("GET", "/counters", &json!({}));
    assert_eq!(counters["refused"], json!({"user": 3}));
    assert_eq!(counters["failures"]["calendarList.list 403"], 3);
    assert_eq!(counters["peak_per_minute"]["user"], 3);
}

#[test]
fn without_a_quota_the_peak_is_known_all_the_same() {
    let mut w = World::new();
    statuses(&mut w, 5);
    w.insert(&meeting("meet1", 9));
    w.patch("meet1", &json!({"summary": "B"}));
    let counters = w.control("GET", "/counters", &json!({}));
    assert_eq!(counters["peak_per_minute"], json!({"user": 9, "project": 9}), "a patch costs three");
    assert_eq!(counters["refused"], json!({}));
}

#[test]
fn parts_of_a_batch_count_one_by_one() {
    let mut w = World::new();
    w.control(
        "POST",
        "/settings",
        &json!({"quota_per_minute_per_user": 2, "rate_limit_form": "too_many429"}),
    );
    let part = "--b\r\nContent-Type: application/http\r\n\r\nGET /calendar/v3/users/me/calendarList\r\n\r\n";
    let mut request = Request::new("POST", "/batch/calendar/v3")
        .bearer(&w.token.clone())
        .header("Content-Type", "multipart/mixed; boundary=b");
    request.body = format!("{}--b--", part.repeat(3)).into_bytes();
    let text = String::from_utf8(w.raw(&request).body).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(text.matches("HTTP/1.1 429 Too Many Requests").count(), 1);
}

#[test]
fn users_have_their_own_and_share_the_projects() {
    let mut w = World::new();
    w.google.create_user("ben@example.com", None, None, chrono_tz::UTC);
    let settings = json!({"quota_per_minute_per_user": 2, "quota_per_minute_per_project": 3});
    w.control("POST", "/settings", &settings);
    assert_eq!(statuses(&mut w, 3), [200, 200, 403]);
    w.token = w.google.access_token("ben@example.com", &["calendar"]);
    assert_eq!(statuses(&mut w, 2), [200, 403]);
    assert_eq!(w.control("GET", "/counters", &json!({}))["refused"], json!({"user": 1, "project": 1}));
    let other = w.google.refresh_token(ANNA, "other-client", &["calendar"]);
    assert!(!other.is_empty());
    let minted = w.control("POST", "/tokens", &json!({"email": ANNA, "client_id": "other-client"}));
    w.token = minted["access_token"].as_str().unwrap().to_owned();
    assert_eq!(statuses(&mut w, 1), [200], "another project");
}

#[test]
fn three_forms_of_too_fast() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"quota_per_minute_per_user": 0}));
    for (form, status, expected) in [
        ("forbidden403", 403, "rateLimitExceeded"),
        ("user_forbidden403", 403, "userRateLimitExceeded"),
        ("too_many429", 429, "rateLimitExceeded"),
    ] {
        w.control("POST", "/settings", &json!({"rate_limit_form": form, "retry_after_s": 7}));
        let response = w.call("GET", LIST, None);
        assert_eq!((response.status, reason(&response).as_str()), (status, expected));
        assert_eq!(response.value()["error"]["errors"][0]["domain"], "usageLimits");
        assert_eq!(response.get_header("retry-after"), Some("7"));
    }
}

#[test]
fn writes_and_guests_exhaust_the_usage_limit_however_slow() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"usage_limit_writes": 5, "usage_limit_window_s": 7200}));
    let place = "/calendars/primary/events";
    let mut invited = meeting("meet1", 9);
    invited["attendees"] = json!([{"email": "x@example.com"}, {"email": "y@example.com"}]);
    assert_eq!(w.call("POST", place, Some(&invited)).status, 200, "three");
    w.now_ms += 600_000;
    assert_eq!(w.call("POST", place, Some(&meeting("meet2", 9))).status, 200, "four");
    invited["id"] = "meet3".into();
    let response = w.call("POST", place, Some(&invited));
    assert_eq!((response.status, reason(&response).as_str()), (403, "quotaExceeded"));
    assert_eq!(response.value()["error"]["message"], "Calendar usage limits exceeded.");
    assert_eq!(w.call("GET", place, None).status, 200, "reading goes on");
    w.token = {
        w.now_ms += 6_600_000;
        w.google.at(w.now_ms).access_token(ANNA, &["calendar"])
    };
    assert_eq!(w.call("POST", place, Some(&invited)).status, 200, "hours later");
    assert_eq!(w.control("GET", "/counters", &Value::Null)["refused"], json!({"usage": 1}));
}

#[test]
fn fast_writes_to_one_calendar_have_a_limit_of_their_own() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"writes_per_minute_per_calendar": 1}));
    w.insert(&meeting("meet1", 9));
    let response = w.call("POST", "/calendars/anna%40example.com/events", Some(&meeting("meet2", 9)));
    assert_eq!((response.status, reason(&response).as_str()), (403, "rateLimitExceeded"));
    let other = w.call("POST", "/calendars", Some(&json!({"summary": "Other"}))).value();
    let path = format!("/calendars/{}/events", other["id"].as_str().unwrap().replace('@', "%40"));
    assert_eq!(w.call("POST", &path, Some(&meeting("meet2", 9))).status, 200, "another calendar");
    w.now_ms += 60_000;
    w.insert(&meeting("meet2", 9));
    assert_eq!(w.control("GET", "/counters", &Value::Null)["refused"], json!({"calendar": 1}));
}
