//! Google's error bodies.
//!
//! Two envelopes exist: the Calendar backend's, and the front end's (authentication, scopes), which
//! adds `status` and `details`.

use serde_json::{Map, Value, json};

use crate::http::Response;

/// Result of an API call.
pub type ApiResult<T = Response> = Result<T, ApiError>;

/// An error answer of the Calendar API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status.
    pub code: u16,
    /// Error domain.
    pub domain: &'static str,
    /// Reason string clients branch on.
    pub reason: &'static str,
    /// Human text.
    pub message: Box<str>,
    /// `(locationType, location)`.
    pub location: Option<(&'static str, &'static str)>,
    /// Front-end envelope: `(status, rpc method)`.
    pub front_end: Option<(&'static str, &'static str)>,
}

impl ApiError {
    /// An error of the Calendar backend.
    pub fn new(code: u16, domain: &'static str, reason: &'static str, message: impl Into<Box<str>>) -> Self {
        Self { code, domain, reason, message: message.into(), location: None, front_end: None }
    }

    /// Adds the place of the error.
    #[must_use]
    pub fn at(mut self, kind: &'static str, place: &'static str) -> Self {
        self.location = Some((kind, place));
        self
    }

    /// 404.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(404, "global", "notFound", "Not Found")
    }

    /// 400 `invalid`.
    pub fn invalid(message: impl Into<Box<str>>) -> Self {
        Self::new(400, "global", "invalid", message)
    }

    /// 400 `required`.
    pub fn required(message: impl Into<Box<str>>) -> Self {
        Self::new(400, "global", "required", message)
    }

    /// 400 for a body which is no JSON object.
    #[must_use]
    pub fn parse() -> Self {
        Self::new(400, "global", "parseError", "Parse Error")
    }

    /// 401 for a missing, unknown or expired access token.
    #[must_use]
    pub fn unauthenticated() -> Self {
        let mut error =
            Self::new(401, "global", "authError", "Invalid Credentials").at("header", "Authorization");
        error.front_end = Some(("UNAUTHENTICATED", ""));
        error
    }

    /// 403 for a token without a needed scope; `method` like `calendar.v3.Events.List`.
    #[must_use]
    pub fn scopes(method: &'static str) -> Self {
        let mut error = Self::new(403, "global", "insufficientPermissions", "Insufficient Permission");
        error.front_end = Some(("PERMISSION_DENIED", method));
        error
    }

    /// 403 generic.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(403, "global", "forbidden", "Forbidden")
    }

    /// 403 or 429 for a quota.
    #[must_use]
    pub fn usage_limit(code: u16, reason: &'static str, message: &'static str) -> Self {
        Self::new(code, "usageLimits", reason, message)
    }

    /// 403 for a write by a reader.
    #[must_use]
    pub fn needs_writer() -> Self {
        Self::new(403, "calendar", "requiredAccessLevel", "You need to have writer access to this calendar.")
    }

    /// 400 for an event type which cannot be made, changed or moved this way.
    #[must_use]
    pub fn event_type_restriction() -> Self {
        let message = "The event type cannot be set or changed here.";
        Self::new(400, "calendar", "eventTypeRestriction", message)
    }

    /// 409.
    #[must_use]
    pub fn duplicate() -> Self {
        Self::new(409, "global", "duplicate", "The requested identifier already exists.")
    }

    /// 410 for a second delete.
    #[must_use]
    pub fn deleted() -> Self {
        Self::new(410, "global", "deleted", "Resource has been deleted")
    }

    /// 410 for an expired sync token.
    #[must_use]
    pub fn full_sync_required() -> Self {
        let message = "Sync token is no longer valid, a full sync is required.";
        Self::new(410, "calendar", "fullSyncRequired", message).at("parameter", "syncToken")
    }

    /// 400 for a sync token which Google does not know (any more).
    #[must_use]
    pub fn invalid_sync_token() -> Self {
        Self::invalid("Invalid sync token value.").at("parameter", "syncToken")
    }

    /// 412.
    #[must_use]
    pub fn precondition() -> Self {
        Self::new(412, "global", "conditionNotMet", "Precondition Failed").at("header", "If-Match")
    }

    /// 400 for an empty or negative range.
    #[must_use]
    pub fn range_empty(location: &'static str) -> Self {
        let message = "The specified time range is empty.";
        Self::new(400, "calendar", "timeRangeEmpty", message).at("parameter", location)
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> Value {
        let item = error_item(self.domain, self.reason, &self.message, self.location);
        let mut top = Map::new();
        let insufficient = self.reason == "insufficientPermissions";
        let message = match self.front_end {
            Some(_) if insufficient => "Request had insufficient authentication scopes.",
            _ => &self.message,
        };
        top.insert("errors".to_owned(), Value::Array(vec![item]));
        top.insert("code".to_owned(), self.code.into());
        top.insert("message".to_owned(), message.into());
        if let Some((status, method)) = self.front_end {
            top.insert("status".to_owned(), status.into());
            if insufficient {
                top.insert(
                    "details".to_owned(),
                    json!([{
                        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                        "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
                        "domain": "googleapis.com",
                        "metadata": { "service": "calendar-json.googleapis.com", "method": method },
                    }]),
                );
            }
        }
        json!({ "error": top })
    }

    /// The answer.
    #[must_use]
    pub fn response(&self) -> Response {
        let mut response = Response::json(self.code, &self.body());
        if self.code == 401 {
            response.headers.push((
                "www-authenticate".to_owned(),
                "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"".to_owned(),
            ));
        }
        response
    }
}

/// One entry of `errors[]`.
#[must_use]
pub fn error_item(domain: &str, reason: &str, message: &str, location: Option<(&str, &str)>) -> Value {
    let mut item = Map::new();
    item.insert("domain".to_owned(), domain.into());
    item.insert("reason".to_owned(), reason.into());
    item.insert("message".to_owned(), message.into());
    if let Some((kind, place)) = location {
        item.insert("locationType".to_owned(), kind.into());
        item.insert("location".to_owned(), place.into());
    }
    Value::Object(item)
}
