//! Every refusal: its status, its code, and the envelope that all of them leave in.

use serde::Serialize;
use tminus_domain::ids::TraceId;
use tminus_google::id_token::IdTokenError;
use tminus_google::{OauthError, OauthFailure};
use tminus_ports::{CallError, Classify, ErrorClass, ObjectError, QueueError};
use tminus_registry::RegistryError;

use crate::http::ApiResponse;

/// Why a request is not done. Texts hold nothing that the client sent, but for what is wrong with a body that somebody
/// signed in sent; none is logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The request is malformed, or asks for what cannot be.
    #[error("{message}")]
    BadRequest {
        /// A word for programs.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// Nobody is signed in, or the admin token is missing or wrong.
    #[error("{message}")]
    Unauthenticated {
        /// A sentence for people.
        message: &'static str,
    },
    /// Somebody is signed in, but this is not theirs to do.
    #[error("{message}")]
    Forbidden {
        /// A word for programs.
        code: &'static str,
        /// A sentence for people.
        message: String,
    },
    /// No such route, account, calendar or user.
    #[error("there is no such {what}")]
    NotFound {
        /// What there is none of.
        what: &'static str,
    },
    /// The body is well formed, and what it asks for cannot be.
    #[error("{message}")]
    Unprocessable {
        /// A sentence for people.
        message: String,
    },
    /// The route exists, with another method.
    #[error("this route takes {allow} only")]
    MethodNotAllowed {
        /// The methods it takes.
        allow: &'static str,
    },
    /// The state of things does not allow it.
    #[error("{message}")]
    Conflict {
        /// A word for programs.
        code: &'static str,
        /// A sentence for people.
        message: &'static str,
    },
    /// The body is over the limit.
    #[error("the body is over 64 KB")]
    TooLarge,
    /// The body is not JSON.
    #[error("the body must be application/json")]
    UnsupportedMedia,
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

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: String,
    trace: TraceId,
}

impl ApiError {
    /// A malformed parameter or field.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::BadRequest { code: "invalid_parameter", message: message.into() }
    }

    /// The account is on its way out; after that it can be linked again.
    pub(crate) const fn unlink_under_way() -> Self {
        Self::Conflict { code: "unlink_under_way", message: "the account is being unlinked; try again later" }
    }

    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::BadRequest { .. } => 400,
            Self::Unauthenticated { .. } => 401,
            Self::Forbidden { .. } => 403,
            Self::NotFound { .. } => 404,
            Self::MethodNotAllowed { .. } => 405,
            Self::Conflict { .. } => 409,
            Self::TooLarge => 413,
            Self::UnsupportedMedia => 415,
            Self::Unprocessable { .. } => 422,
            Self::Internal { .. } | Self::Broken { .. } => 500,
            Self::Unavailable { .. } => 503,
        }
    }

    /// The word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadRequest { code, .. } | Self::Forbidden { code, .. } | Self::Conflict { code, .. } => {
                code
            }
            Self::Unauthenticated { .. } => "unauthenticated",
            Self::NotFound { .. } => "not_found",
            Self::Unprocessable { .. } => "unprocessable",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media_type",
            Self::Internal { .. } | Self::Broken { .. } => "internal",
            Self::Unavailable { .. } => "unavailable",
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
        let envelope = Envelope { error: Body { code: self.code(), message: self.to_string(), trace } };
        let answer = ApiResponse::json(self.status(), &envelope);
        // Three texts always encode; were it otherwise, an empty answer with the status is still true.
        let answer =
            answer.unwrap_or(ApiResponse { status: self.status(), headers: Vec::new(), body: Vec::new() });
        match self {
            Self::MethodNotAllowed { allow } => answer.with("allow", allow),
            Self::Unauthenticated { .. } => answer.with("www-authenticate", "Bearer"),
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
                ObjectError::Gone => Self::NotFound { what: "account or user" },
                ObjectError::Unknown { what } => Self::NotFound { what: what.as_str() },
                ObjectError::Unfit { reason } => Self::Unprocessable { message: reason.clone() },
                ObjectError::ConsentNeeded => {
                    Self::Conflict { code: "consent_needed", message: "the account must be linked again" }
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
                Self::Conflict { code: "account_taken", message: "the account is linked by another user" }
            }
            (RegistryError::UnlinkUnderWay, _) => Self::unlink_under_way(),
            (RegistryError::EmailTaken, _) => {
                Self::Conflict { code: "email_taken", message: "the address belongs to another user" }
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
            OauthFailure::CodeRejected | OauthFailure::ConsentGone => Self::BadRequest {
                code: "code_rejected",
                message: "the provider does not accept the code; start again".to_owned(),
            },
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
