//! What a refusal of the token endpoint means (RFC 6749 §5.2).

use crate::error::{sanitized, wait};
use crate::wire::error::OauthErrorBody;
use tminus_ports::{Classify, ErrorClass, HttpError};

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OauthFailure {
    /// The consent is over (revoked, unused, expired): the user must consent again.
    ConsentGone,
    /// The code of a consent is used up, too old or not ours: start the consent anew.
    CodeRejected,
    /// Our client, secret or redirect is wrong. Says nothing about the consent.
    Misconfigured,
    /// Too many requests.
    RateLimited,
    /// Google failed.
    Backend,
    /// No whole answer arrived.
    NoAnswer,
    /// An answer that cannot be understood.
    Malformed,
}

impl OauthFailure {
    /// A short name for logs and metrics.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ConsentGone => "consent_gone",
            Self::CodeRejected => "code_rejected",
            Self::Misconfigured => "misconfigured",
            Self::RateLimited => "rate_limited",
            Self::Backend => "backend",
            Self::NoAnswer => "no_answer",
            Self::Malformed => "malformed",
        }
    }
}

/// A call to the token endpoint that did not work. Holds no token and no text of Google's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("oauth {operation}: {} (status {status}, error {reason})", .failure.code())]
pub struct OauthError {
    /// What it means.
    pub failure: OauthFailure,
    /// The HTTP status; 0 when no answer arrived.
    pub status: u16,
    /// The error code, such as `invalid_grant`, or `none`.
    pub reason: String,
    /// `exchange`, `refresh` or `revoke`.
    pub operation: &'static str,
    /// Seconds that Google asked to wait, if it did.
    pub retry_after_s: Option<u32>,
}

/// What was asked of the endpoint.
pub(crate) const EXCHANGE: &str = "exchange";
pub(crate) const REFRESH: &str = "refresh";
pub(crate) const REVOKE: &str = "revoke";

impl OauthError {
    pub(crate) fn from_http(operation: &'static str, error: &HttpError) -> Self {
        let (failure, reason) = match error {
            HttpError::NoAnswer(_) => (OauthFailure::NoAnswer, "none"),
            HttpError::Deadline(_) => (OauthFailure::NoAnswer, "deadline"),
            HttpError::TooLarge(_) => (OauthFailure::Malformed, "tooLarge"),
        };
        Self { failure, status: 0, reason: reason.to_owned(), operation, retry_after_s: None }
    }

    pub(crate) fn malformed(operation: &'static str, status: u16) -> Self {
        let reason = "notTokens".to_owned();
        Self { failure: OauthFailure::Malformed, status, reason, operation, retry_after_s: None }
    }

    pub(crate) fn from_answer(
        operation: &'static str,
        status: u16,
        retry_after: Option<&str>,
        body: &[u8],
    ) -> Self {
        let code = OauthErrorBody::read(body).error;
        Self {
            failure: decide(operation, status, &code),
            status,
            reason: if code.is_empty() { "none".to_owned() } else { sanitized(&code) },
            operation,
            retry_after_s: retry_after.and_then(wait),
        }
    }
}

/// What an answer means. Only a clear `invalid_grant` ends a consent: any doubt must not log people out.
fn decide(operation: &'static str, status: u16, code: &str) -> OauthFailure {
    match (status, code) {
        (400..=499, "invalid_grant") if operation == REFRESH => OauthFailure::ConsentGone,
        (400..=499, "invalid_grant") => OauthFailure::CodeRejected,
        (429, _) | (400..=499, "rate_limit_exceeded" | "slow_down") => OauthFailure::RateLimited,
        (408 | 500..=599, _)
        | (400..=499, "internal_failure" | "server_error" | "temporarily_unavailable") => {
            OauthFailure::Backend
        }
        (400..=499, _) => OauthFailure::Misconfigured,
        _ => OauthFailure::Malformed,
    }
}

impl Classify for OauthError {
    fn class(&self) -> ErrorClass {
        match self.failure {
            OauthFailure::ConsentGone | OauthFailure::CodeRejected => ErrorClass::Reject,
            OauthFailure::Misconfigured | OauthFailure::Malformed => ErrorClass::Bug,
            OauthFailure::RateLimited | OauthFailure::Backend | OauthFailure::NoAnswer => {
                ErrorClass::Retry { after_s: self.retry_after_s }
            }
        }
    }
}
