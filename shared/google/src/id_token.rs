//! Who consented: the claims of an id token (OIDC Core 1.0 §2, §3.1.3.7).
//!
//! The signature is not checked. §3.1.3.7 point 6 allows that for an id token received directly from the token
//! endpoint over TLS: the server's certificate vouches for it. So these claims may be trusted only when the
//! token came out of [`crate::TokenResponse`], never when it came from a browser.

use crate::wire::{bool_or_text, text_or_list};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

/// The names under which Google issues.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How far Google's clock and ours may be apart.
const SKEW_S: i64 = 60;

/// The claims. `Debug` leaves the address out.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct IdClaims {
    /// The account's id: stable and never reused. Accounts are keyed by it, never by the address.
    pub sub: String,
    /// The address, when `email` was asked for.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether Google vouches for the address.
    #[serde(default, deserialize_with = "bool_or_text")]
    pub email_verified: bool,
    /// For whom it was issued.
    #[serde(deserialize_with = "text_or_list")]
    pub aud: Vec<String>,
    /// To whom it was issued, if that is not the one audience.
    #[serde(default)]
    pub azp: Option<String>,
    /// Who issued it.
    pub iss: String,
    /// When it ends, seconds since the Unix epoch.
    pub exp: i64,
}

impl std::fmt::Debug for IdClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdClaims").field("iss", &self.iss).field("exp", &self.exp).finish_non_exhaustive()
    }
}

/// Why an id token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdTokenError {
    /// It is no JWT with the claims it must have.
    #[error("the id token is malformed")]
    Malformed,
    /// Somebody else issued it.
    #[error("the id token is from another issuer")]
    Issuer,
    /// It was issued for another client.
    #[error("the id token is for another client")]
    Audience,
    /// It has ended.
    #[error("the id token has expired")]
    Expired,
}

/// The claims of a JWT (RFC 7519), its signature unchecked: see the module's text.
///
/// # Errors
/// [`IdTokenError::Malformed`] if it is no JWT with the required claims.
pub fn decode(jwt: &str) -> Result<IdClaims, IdTokenError> {
    let mut pieces = jwt.split('.');
    let (Some(_header), Some(payload), Some(_signature), None) =
        (pieces.next(), pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(IdTokenError::Malformed);
    };
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| IdTokenError::Malformed)?;
    let claims: IdClaims = serde_json::from_slice(&json).map_err(|_| IdTokenError::Malformed)?;
    if claims.sub.is_empty() { Err(IdTokenError::Malformed) } else { Ok(claims) }
}

impl IdClaims {
    /// Checks issuer, audience and end (OIDC Core 1.0 §3.1.3.7, points 2 to 5 and 9) at `now_s`, seconds since
    /// the Unix epoch.
    ///
    /// # Errors
    /// [`IdTokenError`] with the first point that fails.
    pub fn check(&self, client_id: &str, now_s: i64) -> Result<(), IdTokenError> {
        if !ISSUERS.contains(&self.iss.as_str()) {
            return Err(IdTokenError::Issuer);
        }
        let ours = self.aud.iter().any(|aud| aud == client_id);
        let party = match &self.azp {
            Some(azp) => azp == client_id,
            None => self.aud.len() == 1,
        };
        if !ours || !party {
            return Err(IdTokenError::Audience);
        }
        if self.exp.saturating_add(SKEW_S) <= now_s {
            return Err(IdTokenError::Expired);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: &str = "client.apps.googleusercontent.com";

    fn jwt(claims: &str) -> String {
        format!("{}.{}.c2ln", URL_SAFE_NO_PAD.encode("{\"alg\":\"RS256\"}"), URL_SAFE_NO_PAD.encode(claims))
    }

    fn claims(iss: &str, aud: &str, exp: i64) -> IdClaims {
        decode(&jwt(&format!(
            r#"{{"iss":"{iss}","aud":{aud},"exp":{exp},"sub":"1","email_verified":"true"}}"#
        )))
        .unwrap()
    }

    #[test]
    fn claims_are_read() {
        let text = format!(
            r#"{{"iss":"https://accounts.google.com","azp":"{CLIENT}","aud":"{CLIENT}","sub":"1102","email":"a@example.com","email_verified":true,"iat":1,"exp":3600}}"#
        );
        let claims = decode(&jwt(&text)).unwrap();
        assert_eq!((claims.sub.as_str(), claims.email.as_deref()), ("1102", Some("a@example.com")));
        assert!(claims.email_verified);
        assert_eq!(claims.check(CLIENT, 0), Ok(()));
        assert!(!format!("{claims:?}").contains("example.com"));
    }

    #[test]
    fn issuer_audience_and_end_are_checked() {
        let own = format!("\"{CLIENT}\"");
        let google = "accounts.google.com";
        assert_eq!(claims(google, &own, 100).check(CLIENT, 159), Ok(()));
        assert_eq!(claims(google, &own, 100).check(CLIENT, 160), Err(IdTokenError::Expired));
        assert_eq!(claims("https://evil.test", &own, 100).check(CLIENT, 0), Err(IdTokenError::Issuer));
        assert_eq!(claims(google, "\"other\"", 100).check(CLIENT, 0), Err(IdTokenError::Audience));
        assert_eq!(claims(google, "[]", 100).check(CLIENT, 0), Err(IdTokenError::Audience));
        let many = format!("[{own},\"other\"]");
        assert_eq!(claims(google, &many, 100).check(CLIENT, 0), Err(IdTokenError::Audience));
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in ["", "a.b", "a.b.c", "a.b.c.d", "..", &jwt("{}"), &jwt("[]")] {
            assert_eq!(decode(text), Err(IdTokenError::Malformed), "{text}");
        }
    }
}
