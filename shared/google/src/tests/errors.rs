//! Every row of the error table, and bodies as Google was seen to send them.

use super::script::Script;
use crate::error::Asked;
use crate::{AccessToken, ApiError, CalendarApi, Failure, ListEvents};
use futures::executor::block_on;
use tminus_ports::{Classify, ErrorClass, HttpError};

const LIMITED: Failure = Failure::RateLimited { after_s: None };

fn read(asked: Asked, status: u16, body: &str) -> ApiError {
    ApiError::from_answer(asked, status, None, body.as_bytes())
}

fn plain() -> Asked {
    Asked::new("events.list")
}

fn delta() -> Asked {
    Asked { sync_token: true, ..plain() }
}

fn calendar_body(status: u16, reason: &str, message: &str) -> String {
    format!(
        r#"{{"error":{{"errors":[{{"domain":"global","reason":"{reason}","message":"{message}"}}],"code":{status},"message":"{message}"}}}}"#
    )
}

#[test]
fn status_and_reason_decide() {
    let rows: &[(u16, &str, Failure)] = &[
        (400, "timeRangeEmpty", Failure::InvalidRequest),
        (400, "required", Failure::InvalidRequest),
        (400, "invalid", Failure::InvalidRequest),
        (400, "parseError", Failure::InvalidRequest),
        (400, "badRequest", Failure::InvalidRequest),
        (400, "invalidParameter", Failure::InvalidRequest),
        (400, "syncTokenWithRequestRestrictions", Failure::InvalidRequest),
        (400, "cannotUseDefaultRemindersAndSpecifyOverride", Failure::InvalidRequest),
        (400, "eventTypeRestriction", Failure::InvalidRequest),
        (400, "push.webhookUrlNotHttps", Failure::InvalidRequest),
        (400, "channelIdNotUnique", Failure::ChannelIdTaken),
        (400, "pushNotSupportedForRequestedResource", Failure::PushUnsupported),
        (401, "authError", Failure::Unauthorized),
        (401, "push.webhookUrlUnauthorized", Failure::Forbidden),
        (403, "userRateLimitExceeded", LIMITED),
        (403, "rateLimitExceeded", LIMITED),
        (429, "rateLimitExceeded", LIMITED),
        (429, "userRateLimitExceeded", LIMITED),
        (429, "", LIMITED),
        (403, "quotaExceeded", Failure::QuotaExceeded),
        (429, "quotaExceeded", Failure::QuotaExceeded),
        (403, "dailyLimitExceeded", Failure::QuotaExceeded),
        (403, "forbiddenForNonOrganizer", Failure::Forbidden),
        (403, "forbiddenForServiceAccounts", Failure::Forbidden),
        (403, "forbidden", Failure::Forbidden),
        (403, "eventTypeRestriction", Failure::Forbidden),
        (403, "insufficientPermissions", Failure::InsufficientScope),
        (403, "requiredAccessLevel", Failure::ReadOnly),
        (403, "notACalendarUser", Failure::Forbidden),
        (403, "accessNotConfigured", Failure::Forbidden),
        (404, "notFound", Failure::NotFound),
        (409, "duplicate", Failure::Duplicate),
        (409, "conflict", Failure::ConflictRetry),
        (410, "fullSyncRequired", Failure::SyncTokenExpired),
        (410, "updatedMinTooLongAgo", Failure::SyncTokenExpired),
        (410, "deleted", Failure::Gone),
        (410, "news", Failure::Gone),
        (412, "conditionNotMet", Failure::PreconditionFailed),
        (412, "failedPrecondition", Failure::Backend),
        (413, "uploadTooLarge", Failure::InvalidRequest),
        (500, "backendError", Failure::Backend),
        (502, "badGateway", Failure::Backend),
        (503, "backendError", Failure::Backend),
        (504, "", Failure::Backend),
        (302, "", Failure::Malformed),
    ];
    for (status, reason, failure) in rows {
        let error = read(plain(), *status, &calendar_body(*status, reason, "Text."));
        assert_eq!(error.failure, *failure, "{status} {reason}");
        assert_eq!(error.status, *status);
    }
}

#[test]
fn what_was_asked_decides_where_google_does_not() {
    let garbage = calendar_body(400, "invalid", "Invalid sync token value.");
    assert_eq!(read(delta(), 400, &garbage).failure, Failure::SyncTokenExpired);
    assert_eq!(read(plain(), 400, &garbage).failure, Failure::InvalidRequest);
    assert_eq!(read(delta(), 410, "").failure, Failure::SyncTokenExpired);
    assert_eq!(read(delta(), 404, &calendar_body(404, "notFound", "Not Found")).failure, Failure::NotFound);
    let with_match = Asked { if_match: true, ..plain() };
    assert_eq!(read(with_match, 412, "").failure, Failure::PreconditionFailed);
    assert_eq!(read(plain(), 412, "").failure, Failure::Backend);
}

#[test]
fn a_full_sync_is_required() {
    let body = r#"{"error":{"errors":[{"domain":"calendar","reason":"fullSyncRequired","message":"Sync token is no longer valid, a full sync is required.","locationType":"parameter","location":"syncToken"}],"code":410,"message":"Sync token is no longer valid, a full sync is required."}}"#;
    let error = read(delta(), 410, body);
    assert_eq!(error.failure, Failure::SyncTokenExpired);
    assert_eq!(
        error.to_string(),
        "calendar events.list: sync_token_expired (status 410, reason fullSyncRequired)"
    );
}

#[test]
fn the_front_end_has_an_envelope_of_its_own() {
    let scope = r#"{"error":{"code":403,"message":"Request had insufficient authentication scopes.","errors":[{"message":"Insufficient Permission","domain":"global","reason":"insufficientPermissions"}],"status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT","domain":"googleapis.com","metadata":{"service":"calendar-json.googleapis.com","method":"calendar.v3.Events.List"}}]}}"#;
    assert_eq!(read(plain(), 403, scope).failure, Failure::InsufficientScope);
    let no_list = r#"{"error":{"code":403,"errors":null,"status":"PERMISSION_DENIED","details":[{"@type":"x"},{"reason":"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}"#;
    assert_eq!(read(plain(), 403, no_list).failure, Failure::InsufficientScope);
    let token = r#"{"error":{"code":401,"message":"Request had invalid authentication credentials.","errors":[{"message":"Invalid Credentials","domain":"global","reason":"authError","location":"Authorization","locationType":"header"}],"status":"UNAUTHENTICATED"}}"#;
    let error = read(plain(), 401, token);
    assert_eq!((error.failure, error.reason.as_str()), (Failure::Unauthorized, "authError"));
    assert_eq!(read(plain(), 401, r#"{"error":{"status":"UNAUTHENTICATED"}}"#).reason, "UNAUTHENTICATED");
}

#[test]
fn bodies_that_are_no_envelope_leave_the_status() {
    let html = "<!DOCTYPE html><html><title>Error 502 (Server Error)!!1</title></html>";
    for body in [html, "", "null", "[]", "\u{0}", r#"{"error":"x"}"#, r#"{"error":{"errors":[]}}"#] {
        let error = read(plain(), 502, body);
        assert_eq!((error.failure, error.reason.as_str()), (Failure::Backend, "none"), "{body}");
        assert_eq!(read(plain(), 404, body).failure, Failure::NotFound);
        assert_eq!(read(plain(), 403, body).failure, Failure::Forbidden);
    }
}

#[test]
fn errors_do_not_tell_what_was_in_the_body() {
    let body = calendar_body(403, "ada@example.com", "ada@example.com may not");
    let error = read(plain(), 403, &body);
    assert_eq!(error.reason, "other");
    assert!(!format!("{error:?} {error}").contains("ada"));
}

#[test]
fn a_wait_is_honoured_and_bounded() {
    let body = calendar_body(429, "rateLimitExceeded", "Rate Limit Exceeded");
    let after = |wait: &str| {
        let error = ApiError::from_answer(plain(), 429, Some(wait), body.as_bytes());
        (error.failure, error.class())
    };
    for (text, seconds) in [
        ("30", Some(30)),
        (" 0 ", Some(0)),
        ("99999999999", Some(43_200)),
        ("-1", None),
        ("Fri, 26 Mar 2021 15:51:47 GMT", None),
    ] {
        let expected = (Failure::RateLimited { after_s: seconds }, ErrorClass::Retry { after_s: seconds });
        assert_eq!(after(text), expected, "{text}");
    }
}

#[test]
fn classes() {
    let class = |status, reason: &str| read(plain(), status, &calendar_body(status, reason, "")).class();
    assert_eq!(class(403, "quotaExceeded"), ErrorClass::Retry { after_s: Some(3_600) });
    for (status, reason) in
        [(401, "authError"), (409, "conflict"), (412, "conditionNotMet"), (500, "backendError"), (429, "")]
    {
        assert_eq!(class(status, reason), ErrorClass::RETRY, "{status}");
    }
    for (status, reason) in
        [(400, "invalid"), (403, "requiredAccessLevel"), (404, "notFound"), (410, "deleted")]
    {
        assert_eq!(class(status, reason), ErrorClass::Reject, "{status}");
    }
    assert_eq!(class(302, ""), ErrorClass::Bug);
}

#[test]
fn an_exchange_that_breaks_says_so_and_nothing_else() {
    let token = AccessToken::new("ya29.secret");
    let broken = [
        (HttpError::NoAnswer("connect https://x/ada@example.com".to_owned()), Failure::NoAnswer),
        (HttpError::Deadline(10), Failure::NoAnswer),
        (HttpError::TooLarge(10), Failure::Malformed),
    ];
    for (cause, failure) in broken {
        let http = Script::broken(cause);
        let api = CalendarApi::new(&http, "https://g", &token);
        let error = block_on(api.list_events(&ListEvents::default())).unwrap_err();
        assert_eq!((error.failure, error.status), (failure, 0));
        assert!(error.failure.effect_unknown());
        assert!(!format!("{error:?} {error}").contains("ada"));
    }
    let http = Script::json(200, "<html>");
    let error = block_on(CalendarApi::new(&http, "https://g", &token).get_event("c", "e")).unwrap_err();
    assert_eq!((error.failure, error.status), (Failure::Malformed, 200));
}
