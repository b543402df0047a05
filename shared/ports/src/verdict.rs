//! What becomes of a queue message.

use crate::{Classify, ErrorClass};

/// What becomes of a queue message after its handler looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or nothing to do.
    Ack,
    /// Tried again: after this many seconds, or the queue's own backoff.
    Retry {
        /// Seconds to wait.
        after_s: Option<u32>,
    },
    /// Never to work: it becomes a dead letter at once.
    Reject {
        /// Why, without personal data.
        reason: String,
    },
}

impl Verdict {
    /// The verdict that an error's class asks for. Logs the error, once, with its whole chain.
    pub fn of(error: &impl Classify) -> Self {
        let class = error.class();
        let chain = chain(error);
        match class {
            ErrorClass::Retry { after_s } => {
                tracing::warn!(error = %chain, "the message is tried again");
                Self::Retry { after_s }
            }
            ErrorClass::Reject => {
                tracing::warn!(error = %chain, "the message is given up");
                Self::Reject { reason: chain }
            }
            ErrorClass::Bug => {
                tracing::error!(error = %chain, "a defect; the message is tried again");
                Self::Retry { after_s: None }
            }
        }
    }
}

/// An error and its sources, joined by `: `.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}
