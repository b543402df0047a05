//! Error bodies, byte for byte.

use fake_google::http::Request;
use serde_json::json;

use crate::world::{ANNA, World, meeting};

fn golden(body: &[u8], expected: &serde_json::Value) {
    assert_eq!(&serde_json::from_slice::<serde_json::Value>(body).unwrap(), expected);
}

fn plain(code: u16, domain: &str, reason: &str, message: &str) -> serde_json::Value {
    json!({"error": {
        "errors": [{"domain": domain, "reason": reason, "message": message}], "code": code, "message": message,
    }})
}

#[test]
fn expired_sync_token_is_410() {
    let mut w = World::new();
    let (_, token) = w.list("");
    w.control("POST", "/expire_sync_tokens", &json!({"calendar": ANNA}));
    let response = w.call("GET", &format!("/calendars/primary/events?syncToken={}", token.unwrap()), None);
    assert_eq!(response.status, 410);
    golden(
        &response.body,
        &json!({"error": {
            "errors": [{
                "domain": "calendar",
                "reason": "fullSyncRequired",
                "message": "Sync token is no longer valid, a full sync is required.",
                "locationType": "parameter",
                "location": "syncToken",
            }],
            "code": 410,
            "message": "Sync token is no longer valid, a full sync is required.",
        }}),
    );
}

#[test]
fn bad_credentials_are_401() {
    let mut w = World::new();
    let path = "/calendar/v3/calendars/primary/events";
    for request in [Request::new("GET", path), Request::new("GET", path).bearer("nonsense")] {
        let response = w.raw(&request);
        assert_eq!(response.status, 401);
        golden(
            &response.body,
            &json!({"error": {
                "errors": [{
                    "domain": "global", "reason": "authError", "message": "Invalid Credentials",
                    "locationType": "header", "location": "Authorization",
                }],
                "code": 401,
                "message": "Invalid Credentials",
                "status": "UNAUTHENTICATED",
            }}),
        );
    }
    w.now_ms += 3_600_000;
    assert_eq!(w.call("GET", "/calendars/primary/events", None).status, 401, "expired");
}

#[test]
fn stale_etag_is_412() {
    let mut w = World::new();
    w.insert(&meeting("meet1", 9));
    let request = Request::new("DELETE", "/calendar/v3/calendars/primary/events/meet1")
        .bearer(&w.token.clone())
        .header("If-Match", "\"1\"");
    let response = w.raw(&request);
    assert_eq!(response.status, 412);
    golden(
        &response.body,
        &json!({"error": {
            "errors": [{
                "domain": "global", "reason": "conditionNotMet", "message": "Precondition Failed",
                "locationType": "header", "location": "If-Match",
            }],
            "code": 412,
            "message": "Precondition Failed",
        }}),
    );
}

#[test]
fn same_id_is_409_even_after_delete() {
    let mut w = World::new();
    w.insert(&meeting("meet1", 9));
    let again = meeting("meet1", 15);
    let expected = plain(409, "global", "duplicate", "The requested identifier already exists.");
    let response = w.call("POST", "/calendars/primary/events", Some(&again));
    assert_eq!(response.status, 409);
    golden(&response.body, &expected);
    assert_eq!(w.get("/calendars/primary/events/meet1")["start"]["dateTime"], "2026-03-10T10:00:00+01:00");
    assert_eq!(w.delete("meet1").status, 204);
    assert_eq!(w.call("POST", "/calendars/primary/events", Some(&again)).status, 409);
}

#[test]
fn missing_and_deleted() {
    let mut w = World::new();
    let response = w.delete("nothing");
    golden(&response.body, &plain(404, "global", "notFound", "Not Found"));
    w.insert(&meeting("meet1", 9));
    assert!(w.delete("meet1").body.is_empty());
    let response = w.delete("meet1");
    assert_eq!(response.status, 410);
    golden(&response.body, &plain(410, "global", "deleted", "Resource has been deleted"));
    assert_eq!(w.get("/calendars/primary/events/meet1")["status"], "cancelled");
    assert_eq!(w.call("GET", "/calendars/nobody%40example.com/events", None).status, 404);
}

#[test]
fn bad_events_are_400() {
    let mut w = World::new();
    let day = json!({"date": "2026-03-10"});
    let time = json!({"dateTime": "2026-03-10T09:00:00Z"});
    let earlier = json!({"dateTime": "2026-03-10T08:00:00Z"});
    let rule = |text: &str| {
        json!({
            "start": {"dateTime": "2026-03-10T09:00:00Z", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2026-03-10T10:00:00Z", "timeZone": "Europe/Berlin"},
            "recurrence": [text],
        })
    };
    let cases = [
        (json!({"end": time}), "required", "Missing start time."),
        (json!({"start": time}), "required", "Missing end time."),
        (json!({"start": time, "end": earlier}), "timeRangeEmpty", "The specified time range is empty."),
        (json!({"start": day, "end": day}), "timeRangeEmpty", "The specified time range is empty."),
        (json!({"id": "wxyz-", "start": time, "end": time}), "invalid", "Invalid resource id value."),
        (json!({"id": "abcd", "start": time, "end": time}), "invalid", "Invalid resource id value."),
        (
            json!({"start": time, "end": time, "recurrence": ["RRULE:FREQ=DAILY"]}),
            "required",
            "Missing time zone definition for start time.",
        ),
        (rule("RRULE:FREQ=HOURLY"), "invalid", "Invalid recurrence rule."),
        (rule("RRULE:FREQ=NEVER"), "invalid", "Invalid recurrence rule."),
        (rule("RRULE:FREQ=DAILY;UNTIL=20260605T000000"), "invalid", "Invalid recurrence rule."),
        (
            json!({"start": time, "end": time, "reminders": {
                "useDefault": true, "overrides": [{"method": "popup", "minutes": 5}],
            }}),
            "cannotUseDefaultRemindersAndSpecifyOverride",
            "Cannot specify both default reminders and overrides at the same time.",
        ),
    ];
    for (event, reason, message) in cases {
        let response = w.call("POST", "/calendars/primary/events", Some(&event));
        assert_eq!(response.status, 400, "{event}");
        let error = &response.value()["error"]["errors"][0];
        assert_eq!((error["reason"].as_str(), error["message"].as_str()), (Some(reason), Some(message)));
    }
    for until in ["20260605", "20260605T000000Z"] {
        w.insert(&rule(&format!("RRULE:FREQ=DAILY;UNTIL={until}")));
    }
    w.insert(&json!({"start": time, "end": time}));
}

#[test]
fn sync_token_combinations() {
    let mut w = World::new();
    let (_, token) = w.list("");
    let token = token.unwrap();
    for extra in [
        "q=a",
        "timeMin=2026-01-01T00:00:00Z",
        "orderBy=updated",
        "showDeleted=false",
        "updatedMin=2026-03-01T00:00:00Z",
    ] {
        let response = w.call("GET", &format!("/calendars/primary/events?syncToken={token}&{extra}"), None);
        assert_eq!(response.status, 400);
        let item = &response.value()["error"]["errors"][0];
        assert_eq!(item["reason"], "syncTokenWithRequestRestrictions", "{extra}");
        assert_eq!(item["message"], "Sync token cannot be used with other request restrictions.");
    }
    let response = w.call("GET", "/calendars/primary/events?syncToken=garbage", None);
    assert_eq!(response.status, 400);
    let item = &response.value()["error"]["errors"][0];
    assert_eq!(item["reason"], "invalid");
    assert_eq!(item["message"], "Invalid sync token value.");
    let response = w.call("GET", "/calendars/primary/events?orderBy=startTime", None);
    assert_eq!(response.value()["error"]["errors"][0]["reason"], "badRequest");
    let range = "timeMin=2026-03-02T00:00:00Z&timeMax=2026-03-01T00:00:00Z";
    let response = w.call("GET", &format!("/calendars/primary/events?{range}"), None);
    assert_eq!(response.value()["error"]["errors"][0]["reason"], "timeRangeEmpty");
    let response = w.call("GET", "/calendars/primary/events?updatedMin=2025-03-02T00:00:00Z", None);
    assert_eq!(response.status, 410);
    assert_eq!(response.value()["error"]["errors"][0]["reason"], "updatedMinTooLongAgo");
}

#[test]
fn missing_scope_is_403_in_the_front_end_envelope() {
    let mut w = World::new();
    w.token = w.google.access_token(ANNA, &["calendar.events"]);
    let response = w.call("GET", "/users/me/calendarList", None);
    assert_eq!(response.status, 403);
    golden(
        &response.body,
        &json!({"error": {
            "errors": [{"domain": "global", "reason": "insufficientPermissions", "message": "Insufficient Permission"}],
            "code": 403,
            "message": "Request had insufficient authentication scopes.",
            "status": "PERMISSION_DENIED",
            "details": [{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                "domain": "googleapis.com",
                "metadata": {
                    "service": "calendar-json.googleapis.com",
                    "method": "calendar.v3.CalendarList.List",
                },
            }],
        }}),
    );
    w.insert(&meeting("meet1", 9));
}

#[test]
fn app_created_reaches_only_its_own_calendars() {
    let mut w = World::new();
    w.token = w.google.access_token(ANNA, &["calendar.app.created"]);
    assert_eq!(w.call("GET", "/calendars/primary/events", None).status, 403);
    let made = w.call("POST", "/calendars", Some(&json!({"summary": "Mirror"}))).value();
    let id = made["id"].as_str().unwrap().replace('@', "%40");
    let path = format!("/calendars/{id}/events");
    assert_eq!(w.call("POST", &path, Some(&meeting("meet1", 9))).status, 200);
    assert_eq!(w.call("GET", &path, None).status, 200);
    assert_eq!(w.call("GET", &format!("/users/me/calendarList/{id}"), None).value()["accessRole"], "owner");
    assert_eq!(w.call("GET", "/users/me/calendarList", None).status, 403);
    assert_eq!(w.call("DELETE", &format!("/calendars/{id}"), None).status, 204);
    assert_eq!(w.call("GET", &path, None).status, 404);
}
