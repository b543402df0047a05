//! Error bodies: two envelopes ("Handle API errors", and google.rpc.ErrorInfo of Google's front end), and the
//! one of the token endpoint (RFC 6749 §5.2).

use super::lenient::null_as_default;
use serde::Deserialize;

/// `{"error": {...}}`, read from whatever came.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorEnvelope {
    /// The error.
    pub error: ErrorBody,
}

/// The error of either envelope.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorBody {
    /// The calendar's own list; the first entry tells.
    #[serde(default, deserialize_with = "null_as_default")]
    pub errors: Vec<ErrorItem>,
    /// A text for people.
    pub message: Option<String>,
    /// The front end's status, such as `PERMISSION_DENIED`.
    pub status: Option<String>,
    /// The front end's details.
    #[serde(default, deserialize_with = "null_as_default")]
    pub details: Vec<ErrorDetail>,
}

/// One error of the calendar.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorItem {
    /// The reason, such as `rateLimitExceeded`.
    pub reason: Option<String>,
    /// A text for people.
    pub message: Option<String>,
}

/// One detail of the front end.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct ErrorDetail {
    /// The reason, such as `ACCESS_TOKEN_SCOPE_INSUFFICIENT`.
    pub reason: Option<String>,
}

impl ErrorEnvelope {
    /// Reads a body; anything else (HTML of a proxy, nothing at all) is an envelope without content.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// The reason: of the first error, else of the first detail that has one, else the status.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        let error = &self.error;
        error
            .errors
            .first()
            .and_then(|item| item.reason.as_deref())
            .or_else(|| self.detail())
            .or(error.status.as_deref())
    }

    /// The reason of the first detail that has one.
    #[must_use]
    pub fn detail(&self) -> Option<&str> {
        self.error.details.iter().find_map(|detail| detail.reason.as_deref())
    }

    /// Whether a text for people, of the first error or of the whole, starts like this.
    #[must_use]
    pub fn says(&self, start: &str) -> bool {
        let item = self.error.errors.first().and_then(|item| item.message.as_deref());
        [item, self.error.message.as_deref()].into_iter().flatten().any(|text| text.starts_with(start))
    }
}

/// `{"error": "invalid_grant", ...}` of the token endpoint.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct OauthErrorBody {
    /// The code.
    #[serde(default)]
    pub error: String,
}

impl OauthErrorBody {
    /// Reads a body; anything else is an error without a code.
    #[must_use]
    pub fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}
