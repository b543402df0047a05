//! What every message carries beside its body.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tminus_domain::ids::{MessageId, TraceId};
use tminus_domain::time::Timestamp;
use tminus_ports::{Classify, Clock, ErrorClass, QueueError, QueueSender, Rng, fresh_id};

use crate::Queue;

/// A body that travels on a queue.
pub trait Body: Serialize + DeserializeOwned {
    /// The version that this code writes. It reads every version up to it.
    const VERSION: u32;
}

/// A message: the body and what every hop needs beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message<B> {
    /// The version of the body.
    pub v: u32,
    /// The message's own id: the platform's does not survive a dead-letter queue.
    pub id: MessageId,
    /// The trace id of the work that the message belongs to.
    pub trace: TraceId,
    /// When it was put on the queue.
    pub enqueued_at: Timestamp,
    /// What it says.
    pub body: B,
}

/// A text is not a message that this code can read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by newer code: a deploy is under way.
    #[error("message version {version} is newer than {known}")]
    NewerVersion {
        /// The version in the message.
        version: u32,
        /// The newest version that this code reads.
        known: u32,
    },
    /// Not a message at all.
    #[error("undecodable at line {line}, column {column}")]
    Malformed {
        /// Where decoding stopped.
        line: usize,
        /// Where decoding stopped.
        column: usize,
    },
}

impl Classify for DecodeError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::NewerVersion { .. } => ErrorClass::RETRY,
            Self::Malformed { .. } => ErrorClass::Reject,
        }
    }
}

#[derive(Deserialize)]
struct VersionOnly {
    v: u32,
}

/// Decodes a message.
///
/// # Errors
/// [`DecodeError`]; it never shows the text.
pub fn decode<B: Body>(text: &str) -> Result<Message<B>, DecodeError> {
    let malformed =
        |error: serde_json::Error| DecodeError::Malformed { line: error.line(), column: error.column() };
    let VersionOnly { v } = serde_json::from_str(text).map_err(malformed)?;
    if v > B::VERSION {
        return Err(DecodeError::NewerVersion { version: v, known: B::VERSION });
    }
    serde_json::from_str(text).map_err(malformed)
}

/// Puts one message on a queue.
///
/// # Errors
/// [`QueueError`].
pub async fn send<B: Body>(
    ports: &(impl Clock + Rng + QueueSender),
    queue: Queue,
    trace: TraceId,
    body: B,
) -> Result<(), QueueError> {
    send_all(ports, queue, trace, vec![body]).await
}

/// Puts messages on a queue, in as few calls as the platform allows.
///
/// # Errors
/// [`QueueError`]; some of the messages may have been taken.
pub async fn send_all<B: Body>(
    ports: &(impl Clock + Rng + QueueSender),
    queue: Queue,
    trace: TraceId,
    bodies: Vec<B>,
) -> Result<(), QueueError> {
    let enqueued_at = ports.now();
    let texts = bodies
        .into_iter()
        .map(|body| {
            serde_json::to_string(&Message { v: B::VERSION, id: fresh_id(ports), trace, enqueued_at, body })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| QueueError::Unavailable {
            queue: queue.binding().to_owned(),
            reason: format!("the message does not encode: {error}"),
        })?;
    ports.send_batch(queue.binding(), texts).await
}
