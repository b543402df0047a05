//! Who is signed in: a signed cookie, of seven days.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::UserId;
use tminus_domain::signed::{sign, verify};
use tminus_domain::time::Timestamp;
use tminus_ports::{Rng, fresh_nonce};

use crate::config::Config;
use crate::conventions::{ApiError, Code};
use crate::cookies::{SESSION, cookie, set};
use crate::http::ApiRequest;

const PURPOSE: &str = "session";
const LIFETIME_S: i64 = 7 * 24 * 3600;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// Who is signed in.
    #[serde(rename = "u")]
    pub(crate) user: UserId,
    /// What tells this session from others of the same person.
    #[serde(rename = "s")]
    pub(crate) id: String,
}

impl Session {
    /// A new session of a person.
    pub(crate) fn new(rng: &impl Rng, user: UserId) -> Self {
        Self { user, id: data_encoding::HEXLOWER.encode(&fresh_nonce::<16>(rng)) }
    }

    /// The header that gives the browser its session.
    pub(crate) fn set_cookie(&self, config: &Config, now: Timestamp) -> Result<String, ApiError> {
        let payload =
            serde_json::to_vec(self).map_err(|_| ApiError::Internal { what: "a session does not encode" })?;
        let expires = now.plus_seconds(LIFETIME_S);
        Ok(set(SESSION, &sign(&config.state_keys, PURPOSE, &payload, expires), LIFETIME_S))
    }

    /// The session of a request.
    pub(crate) fn of(config: &Config, request: &ApiRequest, now: Timestamp) -> Result<Self, ApiError> {
        let text = cookie(request, SESSION).ok_or_else(|| over("sign in first"))?;
        verify(&config.state_keys, PURPOSE, text, now)
            .ok()
            .and_then(|payload| serde_json::from_slice(&payload).ok())
            .ok_or_else(|| over("the session is over; sign in again"))
    }
}

fn over(message: &'static str) -> ApiError {
    ApiError::refused(Code::Unauthenticated, message)
}
