//! The configuration of every part, by the names that the real Workers read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Where the fake Google stands.
pub(crate) const GOOGLE: &str = "https://google.test";
/// The admin token.
pub(crate) const ADMIN_TOKEN: &str = "admin-of-the-simulation";

/// The value of a name.
pub(crate) fn lookup(name: &str) -> Option<String> {
    let ring = |byte: u8| format!("k1:{}", STANDARD.encode([byte; 32]));
    Some(match name {
        "GOOGLE_API_BASE_URL" | "GOOGLE_OAUTH_BASE_URL" | "GOOGLE_AUTH_BASE_URL" => GOOGLE.to_owned(),
        "GOOGLE_CLIENT_ID" => "fake-client-id".to_owned(),
        "GOOGLE_CLIENT_SECRET" => "fake-client-secret".to_owned(),
        "PUBLIC_WEBHOOK_URL" => "https://webhook.test/push".to_owned(),
        "PUBLIC_API_URL" => "https://api.test".to_owned(),
        "MASTER_KEYS" => ring(1),
        "CHANNEL_KEYS" => ring(2),
        "STATE_KEYS" => ring(3),
        "ADMIN_TOKEN_HASHES" => data_encoding::HEXLOWER.encode(&Sha256::digest(ADMIN_TOKEN)),
        _ => return None,
    })
}
