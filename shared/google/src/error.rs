//! What a refused call means, decided from HTTP status and reason ("Handle API errors").

use crate::wire::error::ErrorEnvelope;
use tminus_ports::{Classify, ErrorClass, HttpError};

/// The longest wait that a queue takes.
const MAX_WAIT_S: u32 = 43_200;
/// How long an exceeded quota is left alone unless Google says otherwise: it recovers in hours, not seconds.
const QUOTA_WAIT_S: u32 = 3_600;
/// A reason longer than this is none of Google's.
const MAX_REASON: usize = 64;

/// What a refused call means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// The access token is no longer good: refresh it, else ask for consent again.
    Unauthorized,
    /// The grant lacks a scope: ask for consent again.
    InsufficientScope,
    /// Too many requests in a minute.
    RateLimited {
        /// Seconds that Google asked to wait, if it did.
        after_s: Option<u32>,
    },
    /// A limit against abuse, or of the day: hours, not seconds.
    QuotaExceeded,
    /// No such thing, or no access to it any more.
    NotFound,
    /// It has been deleted already.
    Gone,
    /// The sync token is no longer good: list everything again.
    SyncTokenExpired,
    /// It changed since it was read: read it again and reapply.
    PreconditionFailed,
    /// The chosen id is taken, perhaps by a tombstone; what was sent is not applied.
    Duplicate,
    /// Two writes met: send this one again.
    ConflictRetry,
    /// The account may only read this calendar.
    ReadOnly,
    /// Not allowed, for good.
    Forbidden,
    /// The calendar cannot push (holidays, birthdays), for good.
    PushUnsupported,
    /// The channel id has been used before: open the channel with a new one.
    ChannelIdTaken,
    /// The request is wrong, for good.
    InvalidRequest,
    /// Google failed.
    Backend,
    /// No whole answer arrived; whether the request had its effect is unknown.
    NoAnswer,
    /// An answer that cannot be understood, or is too large; the effect of the request is unknown.
    Malformed,
}

impl Failure {
    /// A short name for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::InsufficientScope => "insufficient_scope",
            Self::RateLimited { .. } => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::NotFound => "not_found",
            Self::Gone => "gone",
            Self::SyncTokenExpired => "sync_token_expired",
            Self::PreconditionFailed => "precondition_failed",
            Self::Duplicate => "duplicate",
            Self::ConflictRetry => "conflict",
            Self::ReadOnly => "read_only",
            Self::Forbidden => "forbidden",
            Self::PushUnsupported => "push_unsupported",
            Self::ChannelIdTaken => "channel_id_taken",
            Self::InvalidRequest => "invalid_request",
            Self::Backend => "backend",
            Self::NoAnswer => "no_answer",
            Self::Malformed => "malformed",
        }
    }

    /// Whether the request may have had its effect all the same: a write must be looked up before it is repeated.
    #[must_use]
    pub const fn effect_unknown(self) -> bool {
        matches!(self, Self::Backend | Self::NoAnswer | Self::Malformed)
    }
}

/// A call to the calendar that did not work. Holds no body, no address, no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("calendar {operation}: {} (status {status}, reason {reason})", .failure.code())]
pub struct ApiError {
    /// What it means.
    pub failure: Failure,
    /// The HTTP status; 0 when no answer arrived.
    pub status: u16,
    /// Google's reason, or `none`; letters, digits, dots and underscores only.
    pub reason: String,
    /// The method that was called, such as `events.list`.
    pub operation: &'static str,
    /// Seconds that Google asked to wait, if it did.
    pub retry_after_s: Option<u32>,
}

/// What was asked, as far as it decides what an answer means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) operation: &'static str,
    pub(crate) sync_token: bool,
    pub(crate) if_match: bool,
}

impl Asked {
    pub(crate) const fn new(operation: &'static str) -> Self {
        Self { operation, sync_token: false, if_match: false }
    }
}

impl ApiError {
    /// An error that no answer told.
    pub(crate) fn local(operation: &'static str, failure: Failure, reason: &str) -> Self {
        Self { failure, status: 0, reason: reason.to_owned(), operation, retry_after_s: None }
    }

    /// An answer of this status that cannot be understood.
    pub(crate) fn malformed(operation: &'static str, status: u16, reason: &str) -> Self {
        Self { status, ..Self::local(operation, Failure::Malformed, reason) }
    }

    /// The error of an exchange that broke.
    pub(crate) fn from_http(operation: &'static str, error: &HttpError) -> Self {
        match error {
            HttpError::NoAnswer(_) => Self::local(operation, Failure::NoAnswer, "none"),
            HttpError::Deadline(_) => Self::local(operation, Failure::NoAnswer, "deadline"),
            HttpError::TooLarge(_) => Self::local(operation, Failure::Malformed, "tooLarge"),
        }
    }

    /// The error of an answer that is no success.
    pub(crate) fn from_answer(asked: Asked, status: u16, retry_after: Option<&str>, body: &[u8]) -> Self {
        let envelope = ErrorEnvelope::read(body);
        let retry_after_s = retry_after.and_then(wait);
        Self {
            failure: decide(asked, status, &envelope, retry_after_s),
            status,
            reason: envelope.reason().map_or_else(|| "none".to_owned(), sanitized),
            operation: asked.operation,
            retry_after_s,
        }
    }
}

impl Classify for ApiError {
    fn class(&self) -> ErrorClass {
        match self.failure {
            Failure::RateLimited { after_s } => ErrorClass::Retry { after_s },
            Failure::QuotaExceeded => {
                ErrorClass::Retry { after_s: Some(self.retry_after_s.unwrap_or(QUOTA_WAIT_S)) }
            }
            Failure::Unauthorized
            | Failure::PreconditionFailed
            | Failure::ConflictRetry
            | Failure::ChannelIdTaken
            | Failure::Backend
            | Failure::NoAnswer => ErrorClass::Retry { after_s: self.retry_after_s },
            Failure::InsufficientScope
            | Failure::NotFound
            | Failure::Gone
            | Failure::SyncTokenExpired
            | Failure::Duplicate
            | Failure::ReadOnly
            | Failure::Forbidden
            | Failure::PushUnsupported
            | Failure::InvalidRequest => ErrorClass::Reject,
            Failure::Malformed => ErrorClass::Bug,
        }
    }
}

/// What an answer means. The reason decides; the status does where there is no telling reason.
fn decide(asked: Asked, status: u16, envelope: &ErrorEnvelope, after_s: Option<u32>) -> Failure {
    let reason = envelope.reason().unwrap_or_default();
    match status {
        400 => bad_request(asked, reason, envelope),
        // Not the token: the address that pushes should go to.
        401 if reason == "push.webhookUrlUnauthorized" => Failure::Forbidden,
        401 => Failure::Unauthorized,
        403 | 429 => limited_or_forbidden(status, reason, envelope, after_s),
        404 => Failure::NotFound,
        409 if reason == "duplicate" => Failure::Duplicate,
        409 => Failure::ConflictRetry,
        410 => match reason {
            "deleted" => Failure::Gone,
            "fullSyncRequired" | "updatedMinTooLongAgo" => Failure::SyncTokenExpired,
            _ if asked.sync_token => Failure::SyncTokenExpired,
            _ => Failure::Gone,
        },
        412 if asked.if_match || reason == "conditionNotMet" => Failure::PreconditionFailed,
        // "Precondition check failed." to a request without a precondition: seen, undocumented, passes.
        408 | 412 | 500..=599 => Failure::Backend,
        402..=499 => Failure::InvalidRequest,
        _ => Failure::Malformed,
    }
}

fn bad_request(asked: Asked, reason: &str, envelope: &ErrorEnvelope) -> Failure {
    match reason {
        "channelIdNotUnique" => Failure::ChannelIdTaken,
        "pushNotSupportedForRequestedResource" => Failure::PushUnsupported,
        _ if asked.sync_token && envelope.says("Invalid sync token") => Failure::SyncTokenExpired,
        _ => Failure::InvalidRequest,
    }
}

fn limited_or_forbidden(
    status: u16,
    reason: &str,
    envelope: &ErrorEnvelope,
    after_s: Option<u32>,
) -> Failure {
    match reason {
        "rateLimitExceeded" | "userRateLimitExceeded" => Failure::RateLimited { after_s },
        "quotaExceeded" | "dailyLimitExceeded" => Failure::QuotaExceeded,
        _ if status == 429 => Failure::RateLimited { after_s },
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => Failure::InsufficientScope,
        _ if envelope.detail() == Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT") => Failure::InsufficientScope,
        "requiredAccessLevel" => Failure::ReadOnly,
        _ => Failure::Forbidden,
    }
}

/// The seconds of a `retry-after` (RFC 9110 §10.2.3); its other form, a date, would need a clock.
pub(crate) fn wait(retry_after: &str) -> Option<u32> {
    retry_after.trim().parse::<u64>().ok().map(|s| u32::try_from(s).unwrap_or(u32::MAX).min(MAX_WAIT_S))
}

/// A reason that is safe to show; anything that is not shaped like one becomes `other` as a whole.
pub(crate) fn sanitized(reason: &str) -> String {
    let shaped = !reason.is_empty()
        && reason.len() <= MAX_REASON
        && reason.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_'));
    if shaped { reason.to_owned() } else { "other".to_owned() }
}
