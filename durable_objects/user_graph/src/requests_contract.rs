//! The contract of UserGraphDO, requests: what somebody asked for under a key of their own is done once.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::TraceId;

/// Longest key, in characters.
const MAX_KEY: usize = 255;

/// A key that somebody gave a request: 1 to 255 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestKey(String);

/// A text is no key of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a key is 1 to 255 visible ASCII characters")]
pub struct NotAKey;

impl RequestKey {
    /// As it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RequestKey {
    type Error = NotAKey;

    fn try_from(text: String) -> Result<Self, NotAKey> {
        let fits = (1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text)) } else { Err(NotAKey) }
    }
}

impl From<RequestKey> for String {
    fn from(key: RequestKey) -> Self {
        key.0
    }
}

/// Begins a request under a key, unless it was begun before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginRequest {
    /// The key.
    pub key: RequestKey,
    /// The hash of everything that is asked for: under one key there is one request.
    pub request: String,
    /// Who is about to do it.
    pub attempt: TraceId,
}

/// How a request under a key stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begun {
    /// It is the attempt's to do.
    Run,
    /// Another attempt does it.
    UnderWay,
    /// The key is another request's.
    Reused,
    /// It was done.
    Answered(RequestAnswer),
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body, JSON.
    pub body: String,
}

/// Ends a request that an attempt began. A repeat changes nothing, and neither does an attempt that another one has
/// taken over from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndRequest {
    /// The key.
    pub key: RequestKey,
    /// Who did it.
    pub attempt: TraceId,
    /// What was answered; `None`: it was not done, and the key is free again.
    pub answer: Option<RequestAnswer>,
}

crate::contract::commands! {
    BeginRequest => "begin_request", Begun;
    EndRequest => "end_request", ();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_and_not_endless() {
        for good in ["a", "5f0c-11", "~!", &"k".repeat(255)] {
            assert!(RequestKey::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "ä", "a\n", &"k".repeat(256)] {
            assert_eq!(RequestKey::try_from(bad.to_owned()), Err(NotAKey), "{bad}");
        }
    }
}
