//! Every refusal, and the envelope that all of them leave in.

use std::borrow::Cow;

use serde::Serialize;
use tminus_domain::ids::{AccountId, TraceId};
use tminus_domain::time::Timestamp;
use tminus_google::id_token::IdTokenError;
use tminus_google::{OauthError, OauthFailure};
use tminus_ports::{CallError, Classify, ErrorClass, ObjectError, QueueError};
use tminus_registry::RegistryError;

use super::code::Code;
use crate::http::ApiResponse;

/// Why a request is not done. Texts hold nothing that the client sent, but for what is wrong with a body that somebody
/// signed in sent; none is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The client's doing.
    #[error("{message}")]
    Refused {
        /// The word for programs; the status follows from it.
        code: Code,
        /// A sentence for people.
        message: Cow<'static, str>,
        /// The parameter that it is about, if it is about one.
        field: Option<&'static str>,
        /// What else a program needs to know.
        details: Option<Details>,
    },
    /// The route exists, with another method.
    #[error("this route takes {allow} only")]
    MethodNotAllowed {
        /// The methods it takes.
        allow: String,
    },
    /// Something that T-Minus stands on does not answer now.
    #[error("{what}; try again later")]
    Unavailable {
        /// What does not answer.
        what: &'static str,
        /// What was said, for the log.
        detail: String,
    },
    /// A defect of ours.
    #[error("something went wrong on our side")]
    Internal {
        /// What, for the log.
        what: &'static str,
    },
    /// A defect of ours, told by something that T-Minus stands on.
    #[error("something went wrong on our side")]
    Broken {
        /// What was said, for the log.
        detail: String,
    },
}

impl Classify for ApiError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Unavailable { .. } => ErrorClass::RETRY,
            Self::Internal { .. } | Self::Broken { .. } => ErrorClass::Bug,
            _ => ErrorClass::Reject,
        }
    }
}

/// What a program needs to know of a refusal beside its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Details {
    /// Of `owned_by_account`: which.
    Owner(AccountId),
    /// Of `version_conflict`: the version that stands.
    Version(u32),
    /// Of `not_yet`: when it was seen first.
    Since(Timestamp),
    /// Of `forgotten`: the earliest time that can be asked for.
    Earliest(Timestamp),
}

/// The envelope of every refusal.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Refusal {
    error: Reason,
}

/// Why a request is refused.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Reason {
    code: Code,
    /// A sentence for people.
    message: String,
    /// The parameter of the query or the header that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Details>,
    /// Names this request in our log.
    trace: TraceId,
}

impl ApiError {
    /// A refusal that is about no one parameter.
    pub(crate) fn refused(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::Refused { code, message: message.into(), field: None, details: None }
    }

    /// A missing or malformed parameter of the query.
    pub(crate) fn invalid(field: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::refused(Code::InvalidParameter, message).about(field)
    }

    /// Says which parameter a refusal is about.
    pub(crate) fn about(mut self, about: &'static str) -> Self {
        if let Self::Refused { field, .. } = &mut self {
            *field = Some(about);
        }
        self
    }

    /// Says more of a refusal.
    pub(crate) fn with(mut self, more: Details) -> Self {
        if let Self::Refused { details, .. } = &mut self {
            *details = Some(more);
        }
        self
    }

    /// There is none, or none of whoever asks.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::refused(Code::NotFound, format!("there is no such {what}"))
    }

    /// The account is on its way out; after that it can be linked again.
    pub(crate) fn unlink_under_way() -> Self {
        Self::refused(Code::UnlinkUnderWay, "the account is being unlinked; try again later")
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.code().status()
    }

    /// The word for programs.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Refused { code, .. } => *code,
            Self::MethodNotAllowed { .. } => Code::MethodNotAllowed,
            Self::Internal { .. } | Self::Broken { .. } => Code::Internal,
            Self::Unavailable { .. } => Code::Unavailable,
        }
    }

    /// What the log says beyond the message, for failures that are not the client's.
    pub(crate) fn detail(&self) -> Option<&str> {
        match self {
            Self::Unavailable { detail, .. } | Self::Broken { detail } => Some(detail),
            Self::Internal { what } => Some(what),
            _ => None,
        }
    }

    /// The answer.
    pub(crate) fn response(&self, trace: TraceId) -> ApiResponse {
        let (field, details) = match self {
            Self::Refused { field, details, .. } => (*field, *details),
            _ => (None, None),
        };
        let reason = Reason { code: self.code(), message: self.to_string(), field, details, trace };
        let answer = ApiResponse::json(self.status(), &Refusal { error: reason });
        // A few texts always encode; were it otherwise, an empty answer with the status is still true.
        let answer =
            answer.unwrap_or(ApiResponse { status: self.status(), headers: Vec::new(), body: Vec::new() });
        match self {
            Self::MethodNotAllowed { allow } => answer.with("allow", allow),
            Self::Refused { code: Code::Unauthenticated, .. } => answer.with("www-authenticate", "Bearer"),
            Self::Unavailable { .. } => answer.with("retry-after", "5"),
            _ => answer,
        }
    }
}

fn broken(error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::Broken { detail: tminus_ports::chain(error) }
}

fn unavailable(what: &'static str, error: &(dyn std::error::Error + 'static)) -> ApiError {
    ApiError::Unavailable { what, detail: tminus_ports::chain(error) }
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> Self {
        match &error {
            CallError::NoAnswer { .. } => unavailable("the storage does not answer", &error),
            CallError::Undecodable { .. } => broken(&error),
            CallError::Object { source, .. } => match source {
                ObjectError::Gone => Self::not_found("account or user"),
                ObjectError::Unknown { what } => Self::not_found(what.as_str()),
                ObjectError::Unfit { reason } => Self::refused(Code::Unprocessable, reason.clone()),
                ObjectError::ConsentNeeded => {
                    Self::refused(Code::ConsentNeeded, "the account must be linked again")
                }
                ObjectError::NewerSchema { .. } | ObjectError::Unavailable { .. } => {
                    unavailable("the storage is not ready", &error)
                }
                ObjectError::Refused { .. } | ObjectError::Internal { .. } => broken(&error),
            },
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        match (&error, error.class()) {
            (RegistryError::AccountTaken, _) => {
                Self::refused(Code::AccountTaken, "the account is linked by another user")
            }
            (RegistryError::UnlinkUnderWay, _) => Self::unlink_under_way(),
            (RegistryError::EmailTaken, _) => {
                Self::refused(Code::EmailTaken, "the address belongs to another user")
            }
            (_, ErrorClass::Retry { .. }) => unavailable("the registry does not answer", &error),
            _ => broken(&error),
        }
    }
}

impl From<QueueError> for ApiError {
    fn from(error: QueueError) -> Self {
        match &error {
            QueueError::TooLarge { .. } => broken(&error),
            QueueError::Unavailable { .. } => unavailable("the queue does not answer", &error),
        }
    }
}

impl From<OauthError> for ApiError {
    fn from(error: OauthError) -> Self {
        match error.failure {
            OauthFailure::CodeRejected | OauthFailure::ConsentGone => {
                Self::refused(Code::CodeRejected, "the provider does not accept the code; start again")
            }
            OauthFailure::RateLimited | OauthFailure::Backend | OauthFailure::NoAnswer => {
                unavailable("the provider does not answer", &error)
            }
            OauthFailure::Misconfigured | OauthFailure::Malformed => broken(&error),
        }
    }
}

impl From<IdTokenError> for ApiError {
    fn from(error: IdTokenError) -> Self {
        broken(&error)
    }
}
