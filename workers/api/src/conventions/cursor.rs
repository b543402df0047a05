//! Where a page of a list ends: an opaque text that only continues the list it came from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tminus_domain::ids::UserId;

use super::code::Code;
use super::error::ApiError;

/// Longest cursor that is read, in characters.
const MAX_CURSOR: usize = 512;
/// How much of the hash of a list its cursors carry, in bytes: enough that no two lists of a person meet by chance.
const LIST_BYTES: usize = 8;

/// One list: what is listed, whose, and what all pages of it are asked for. The size of a page is not part of it.
pub(crate) struct List(String);

#[derive(Serialize, Deserialize)]
struct Wire {
    list: String,
    after: String,
}

impl List {
    /// The list that a route shows of a person's with these parameters.
    pub(crate) fn new(route: &str, user: UserId, parameters: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in [route, &user.to_string()].iter().chain(parameters) {
            // No part runs into the next: texts of a query hold no zero byte.
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let hash: [u8; 32] = hash.finalize().into();
        Self(data_encoding::HEXLOWER.encode(hash.get(..LIST_BYTES).unwrap_or(&hash)))
    }

    /// The text of a place in the list, which is told to be `after`.
    pub(crate) fn cursor(&self, after: &impl Serialize) -> Result<String, ApiError> {
        let encode = || {
            let after = serde_json::to_string(after)?;
            serde_json::to_vec(&Wire { list: self.0.clone(), after })
        };
        let json = encode().map_err(|_| ApiError::Internal { what: "a cursor does not encode" })?;
        Ok(URL_SAFE_NO_PAD.encode(json))
    }

    /// The place that a text names in the list. It is not signed: a made-up cursor shows its maker nothing that another
    /// place in their own list would not.
    pub(crate) fn after<T: DeserializeOwned>(&self, cursor: &str) -> Result<T, ApiError> {
        let invalid = || ApiError::Refused {
            code: Code::CursorInvalid,
            message: "the cursor is malformed".into(),
            field: Some("cursor"),
        };
        let wire = read(cursor).ok_or_else(invalid)?;
        if wire.list != self.0 {
            return Err(ApiError::Refused {
                code: Code::CursorOfAnotherQuery,
                message: "the cursor is from another query".into(),
                field: Some("cursor"),
            });
        }
        serde_json::from_str(&wire.after).map_err(|_| invalid())
    }
}

fn read(text: &str) -> Option<Wire> {
    let json = (text.len() <= MAX_CURSOR).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
    serde_json::from_str(str::from_utf8(&json).ok()?).ok()
}
