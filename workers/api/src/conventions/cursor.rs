//! Where a page of the event list ends: an opaque text that only continues the query it came from.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use tminus_domain::ids::UserId;
use tminus_domain::time::Timestamp;
use tminus_user_graph::contract::EventCursor;

use crate::error::ApiError;

/// Longest cursor that is read, in characters.
const MAX_CURSOR: usize = 512;

/// What a list is asked for; all pages of it share this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EventQuery {
    /// Whose events.
    pub(crate) user: UserId,
    /// Events that end after this.
    pub(crate) from: Timestamp,
    /// Events that start before this.
    pub(crate) to: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct Wire {
    query: EventQuery,
    after: EventCursor,
}

/// The text of a place in the list.
pub(crate) fn encode(query: EventQuery, after: EventCursor) -> Result<String, ApiError> {
    let json = serde_json::to_vec(&Wire { query, after })
        .map_err(|_| ApiError::Internal { what: "a cursor does not encode" })?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The place that a text names in the list of `query`. It is not signed: a made-up cursor shows its maker nothing
/// that another `from` would not.
pub(crate) fn decode(query: EventQuery, text: &str) -> Result<EventCursor, ApiError> {
    let invalid =
        |message: &str| ApiError::BadRequest { code: "cursor_invalid", message: message.to_owned() };
    let wire: Option<Wire> = (text.len() <= MAX_CURSOR)
        .then(|| URL_SAFE_NO_PAD.decode(text).ok())
        .flatten()
        .and_then(|json| serde_json::from_slice(&json).ok());
    let wire = wire.ok_or_else(|| invalid("the cursor is malformed"))?;
    if wire.query != query {
        return Err(invalid("the cursor is from another query"));
    }
    Ok(wire.after)
}
