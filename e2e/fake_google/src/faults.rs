//! Failures on demand.

use serde::{Deserialize, Serialize};

use crate::error::error_item;
use crate::http::{Fate, Request, Response};

/// Which calls a fault hits. All given parts must fit; the fault is tried on each part of a batch too.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// HTTP method.
    pub method: Option<String>,
    /// Part of the path and query as sent.
    pub path_contains: Option<String>,
    /// Calendar id, decoded, `primary` resolved.
    pub calendar: Option<String>,
    /// Operation such as `events.insert`, `oauth.token`, `batch`.
    pub operation: Option<String>,
    /// Begin with this match, counted from 1.
    pub nth: Option<u64>,
    /// Hit this often; 1 when absent, 0 for ever.
    pub times: Option<u64>,
}

/// What happens instead of, or on top of, the call.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Effect {
    /// Answer with this status instead of acting.
    pub status: Option<u16>,
    /// Reason in the error body.
    pub reason: Option<String>,
    /// Domain in the error body; guessed from the reason when absent.
    pub domain: Option<String>,
    /// Message in the error body.
    pub message: Option<String>,
    /// This body instead of an error body.
    pub body: Option<String>,
    /// An HTML body, as proxies send.
    pub html: bool,
    /// Extra headers, such as `retry-after`.
    pub headers: std::collections::BTreeMap<String, String>,
    /// Delay the answer.
    pub delay_ms: u64,
    /// Close the connection without acting.
    pub drop_connection_before: bool,
    /// Act, then close the connection.
    pub drop_answer_after: bool,
    /// Act, then answer as a part of a batch not at all.
    pub omit_part: bool,
    /// Act, then send half of the answer under the length of all of it, and close the connection.
    pub break_off: bool,
    /// Act, then answer well-formed HTTP with half of the JSON.
    pub truncate_body: bool,
    /// Act, then stretch the JSON with blanks to this length.
    pub pad_to_bytes: usize,
}

/// A fault with its progress.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// Which calls.
    #[serde(default, rename = "match")]
    pub matches: Match,
    /// What happens.
    pub effect: Effect,
    /// Matching calls so far.
    #[serde(skip)]
    pub seen: u64,
}

impl Fault {
    /// A fault which hits the next `times` calls of an operation.
    #[must_use]
    pub fn on(operation: &str, times: u64, effect: Effect) -> Self {
        let matches = Match { operation: Some(operation.to_owned()), times: Some(times), ..Match::default() };
        Self { matches, effect, seen: 0 }
    }

    /// Whether this call is hit; counts it.
    pub fn hits(&mut self, request: &Request, operation: &str, calendar: Option<&str>) -> bool {
        let m = &self.matches;
        let fits = m.method.as_ref().is_none_or(|x| x.eq_ignore_ascii_case(&request.method))
            && m.path_contains.as_ref().is_none_or(|x| request.path_and_query.contains(x.as_str()))
            && m.calendar.as_ref().is_none_or(|x| calendar == Some(x.as_str()))
            && m.operation.as_ref().is_none_or(|x| x == operation);
        if !fits {
            return false;
        }
        self.seen += 1;
        let first = m.nth.unwrap_or(1).max(1);
        let times = m.times.unwrap_or(1);
        self.seen >= first && (times == 0 || self.seen < first + times)
    }
}

impl Effect {
    /// What becomes of the answer on its way.
    pub fn distort(&self, response: &mut Response) {
        response.delay_ms += self.delay_ms;
        response.omitted |= self.omit_part;
        if self.drop_answer_after {
            response.fate = Fate::DropConnection;
        }
        if response.body.len() < self.pad_to_bytes {
            response.body.resize(self.pad_to_bytes, b' ');
        }
        if self.truncate_body || self.break_off {
            let whole = response.body.len();
            response.body.truncate(whole / 2);
            if self.break_off {
                // Even an empty answer breaks off.
                response.missing_bytes = (whole - whole / 2).max(1);
            }
        }
    }

    /// The answer when the call shall not act.
    #[must_use]
    pub fn instead(&self) -> Option<Response> {
        if self.drop_connection_before {
            return Some(Response { fate: Fate::DropConnection, ..Response::empty(0) });
        }
        if self.status.is_none() && self.body.is_none() && !self.html {
            return None;
        }
        let status = self.status.unwrap_or(if self.html { 502 } else { 200 });
        let mut response = if let Some(body) = &self.body {
            Response::text(status, "application/json; charset=UTF-8", body.clone())
        } else if self.html {
            let title = format!("Error {status} (Server Error)!!1");
            let page =
                format!("<!DOCTYPE html><html lang=en><title>{title}</title><p><b>{status}.</b></html>");
            Response::html(status, page)
        } else {
            let reason = self.reason.as_deref().unwrap_or(match status {
                429 => "rateLimitExceeded",
                404 => "notFound",
                s if s >= 500 => "backendError",
                _ => "forbidden",
            });
            let (domain, message) = describe(reason);
            let domain = self.domain.as_deref().unwrap_or(domain);
            let message = self.message.as_deref().unwrap_or(message);
            let item = error_item(domain, reason, message, location(reason));
            Response::json(
                status,
                &serde_json::json!({"error": {"errors": [item], "code": status, "message": message}}),
            )
        };
        response.headers.extend(self.headers.iter().map(|(k, v)| (k.to_ascii_lowercase(), v.clone())));
        Some(response)
    }
}

/// Where Google sees the cause.
fn location(reason: &str) -> Option<(&'static str, &'static str)> {
    match reason {
        "fullSyncRequired" => Some(("parameter", "syncToken")),
        "updatedMinTooLongAgo" => Some(("parameter", "updatedMin")),
        "conditionNotMet" => Some(("header", "If-Match")),
        "authError" => Some(("header", "Authorization")),
        _ => None,
    }
}

/// Domain and message Google uses with a reason.
fn describe(reason: &str) -> (&'static str, &'static str) {
    match reason {
        "userRateLimitExceeded" => ("usageLimits", "User Rate Limit Exceeded"),
        "rateLimitExceeded" => ("usageLimits", "Rate Limit Exceeded"),
        "quotaExceeded" => ("usageLimits", "Calendar usage limits exceeded."),
        "fullSyncRequired" => ("calendar", "Sync token is no longer valid, a full sync is required."),
        "updatedMinTooLongAgo" => {
            ("calendar", "The requested minimum modification time lies too far in the past.")
        }
        "duplicate" => ("global", "The requested identifier already exists."),
        "deleted" => ("global", "Resource has been deleted"),
        "backendError" => ("global", "Backend Error"),
        "notFound" => ("global", "Not Found"),
        "conditionNotMet" => ("global", "Precondition Failed"),
        "conflict" => ("global", "Conflict"),
        "requiredAccessLevel" => ("calendar", "You need to have writer access to this calendar."),
        "authError" => ("global", "Invalid Credentials"),
        _ => ("global", "Forbidden"),
    }
}
