//! Whether an operator asks: a bearer token, known by its hash only.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

use crate::config::Config;
use crate::conventions::{ApiError, Code};
use crate::http::ApiRequest;

/// Refuses a request without a valid admin token.
pub(crate) fn require_admin(config: &Config, request: &ApiRequest) -> Result<(), ApiError> {
    let token = request.header("authorization").and_then(|value| value.split_once(' '));
    let token =
        token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    let Some(token) = token else {
        return Err(ApiError::refused(Code::Unauthenticated, "an admin token is needed"));
    };
    let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    // Every hash is compared, each in constant time: the answer's time tells nothing about either token.
    let known = config.admin_tokens.iter().fold(Choice::from(0), |known, own| known | own.ct_eq(&hash));
    if known.into() {
        Ok(())
    } else {
        Err(ApiError::refused(Code::Unauthenticated, "the admin token is not valid"))
    }
}
