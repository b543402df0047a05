//! Sync tokens and page tokens: opaque to clients, self-contained for us.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Where an incremental list begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncToken {
    /// What is listed: a calendar's incarnation or a user's calendar list.
    pub of: String,
    /// Everything up to this revision is known.
    pub revision: u64,
    /// Tokens of an older generation have expired.
    pub generation: u32,
    /// The initial list's window, for the knob `sync_token_remembers_window`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<(Option<i64>, Option<i64>)>,
}

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageToken {
    /// As in [`SyncToken::of`].
    pub of: String,
    /// The revision when the first page was made: the next sync token starts here.
    pub upto: u64,
    /// Generation at the first page.
    pub generation: u32,
    /// Key of the last row sent.
    pub after: String,
    /// Digest of the request, which must be repeated.
    pub request: String,
}

/// Encodes a token with a checksum.
pub fn encode<T: Serialize>(token: &T) -> String {
    let json = serde_json::to_vec(token).unwrap_or_default();
    let mut bytes = Sha256::digest(&json)[..4].to_vec();
    bytes.extend(json);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a token; `None` for garbage.
pub fn decode<T: DeserializeOwned>(text: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (sum, json) = bytes.split_at_checked(4)?;
    (Sha256::digest(json)[..4] == *sum).then(|| serde_json::from_slice(json).ok())?
}

/// Digest of the parameters which must stay the same from page to page.
#[must_use]
pub fn request_digest(pairs: &[(String, String)]) -> String {
    const FREE: [&str; 9] = [
        "pageToken",
        "maxResults",
        "fields",
        "prettyPrint",
        "alt",
        "key",
        "quotaUser",
        "userIp",
        "oauth_token",
    ];
    let mut kept: Vec<_> = pairs.iter().filter(|(k, _)| !FREE.contains(&k.as_str())).collect();
    kept.sort();
    let text = kept.iter().map(|(k, v)| format!("{k}={v}\n")).collect::<String>();
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text.as_bytes())[..6])
}
