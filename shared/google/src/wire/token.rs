//! The answer of the token endpoint (RFC 6749 §5.1; OIDC Core 1.0 §3.1.3.3).

use super::lenient::number_or_text;
use crate::secret::{AccessToken, RefreshToken};
use serde::Deserialize;

/// Tokens. `Debug` shows none of them.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct TokenResponse {
    /// The bearer token.
    pub access_token: AccessToken,
    /// Seconds that it lives, about 3599.
    #[serde(default, deserialize_with = "number_or_text")]
    pub expires_in: Option<i64>,
    /// On a first (or forced) offline consent. On a refresh normally absent: keep the old one then.
    pub refresh_token: Option<RefreshToken>,
    /// The scopes that were granted, separated by spaces; perhaps fewer than were asked for.
    #[serde(default)]
    pub scope: String,
    /// Who consented, a JWT, when `openid` was asked for. Read it with [`crate::id_token::decode`].
    pub id_token: Option<String>,
}

impl TokenResponse {
    /// Whether a scope was granted. A user can leave single boxes of the consent screen unticked.
    #[must_use]
    pub fn grants(&self, scope: &str) -> bool {
        self.scope.split_ascii_whitespace().any(|granted| granted == scope)
    }
}

impl std::fmt::Debug for TokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenResponse")
            .field("expires_in", &self.expires_in)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
