//! Where a page of a list ends: an opaque text that only continues the list it came from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tminus_domain::ids::UserId;
use tminus_domain::keys::KeyRing;
use tminus_domain::signed::{sign, verify};
use tminus_domain::time::Timestamp;

use super::code::Code;
use super::error::ApiError;

/// Longest cursor that is read, in characters.
const MAX_CURSOR: usize = 512;
/// How much of the hash of a list its cursors carry, in bytes: enough that no two lists of a person meet by chance.
const LIST_BYTES: usize = 8;
/// What signed places are signed for.
const PURPOSE: &str = "place";
/// How long a signed place may be used, in seconds.
const SIGNED_S: i64 = 3_600;

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
            // No part runs into the next: texts of a query hold no zero byte, and neither does JSON.
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let hash: [u8; 32] = hash.finalize().into();
        Self(data_encoding::HEXLOWER.encode(hash.get(..LIST_BYTES).unwrap_or(&hash)))
    }

    /// The text of a place in the list, which is told to be `after`.
    pub(crate) fn cursor(&self, after: &impl Serialize) -> Result<String, ApiError> {
        Ok(URL_SAFE_NO_PAD.encode(self.wire(after)?))
    }

    /// The place that a text names in the list. It is not signed: a made-up cursor shows its maker nothing that another
    /// place in their own list would not.
    pub(crate) fn after<T: DeserializeOwned>(&self, cursor: &str) -> Result<T, ApiError> {
        let json = (cursor.len() <= MAX_CURSOR).then(|| URL_SAFE_NO_PAD.decode(cursor).ok()).flatten();
        self.place(json).map_err(|error| error.about("cursor"))
    }

    /// As [`Self::cursor`], for what nobody may make up: it is signed, and good for an hour.
    pub(crate) fn signed(
        &self,
        keys: &KeyRing,
        now: Timestamp,
        after: &impl Serialize,
    ) -> Result<String, ApiError> {
        Ok(sign(keys, PURPOSE, &self.wire(after)?, now.plus_seconds(SIGNED_S)))
    }

    /// What was signed for the list.
    pub(crate) fn verified<T: DeserializeOwned>(
        &self,
        keys: &KeyRing,
        now: Timestamp,
        text: &str,
    ) -> Result<T, ApiError> {
        self.place(verify(keys, PURPOSE, text, now).ok())
    }

    fn wire(&self, after: &impl Serialize) -> Result<Vec<u8>, ApiError> {
        let encode = || {
            let after = serde_json::to_string(after)?;
            serde_json::to_vec(&Wire { list: self.0.clone(), after })
        };
        encode().map_err(|_| ApiError::Internal { what: "a cursor does not encode" })
    }

    fn place<T: DeserializeOwned>(&self, json: Option<Vec<u8>>) -> Result<T, ApiError> {
        let invalid = || ApiError::refused(Code::CursorInvalid, "the cursor is malformed");
        let wire = json.and_then(|json| read(&json)).ok_or_else(invalid)?;
        if wire.list != self.0 {
            return Err(ApiError::refused(Code::CursorOfAnotherQuery, "the cursor is from another query"));
        }
        serde_json::from_str(&wire.after).map_err(|_| invalid())
    }
}

fn read(json: &[u8]) -> Option<Wire> {
    serde_json::from_str(str::from_utf8(json).ok()?).ok()
}
