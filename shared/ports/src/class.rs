//! What an error means for the message (or request) that met it.

/// The class of an error decides what becomes of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// It may work later: the message is retried, after the queue's own backoff or this many seconds.
    Retry {
        /// Seconds to wait (0 to 43,200), `None` for the queue's own backoff.
        after_s: Option<u32>,
    },
    /// It will never work: the message becomes a dead letter at once, with its reason.
    Reject,
    /// A defect of ours: retried (a deploy may mend it), logged at error level.
    Bug,
}

impl ErrorClass {
    /// Retry with the queue's own backoff.
    pub const RETRY: Self = Self::Retry { after_s: None };
}

/// An error that knows its class.
pub trait Classify: std::error::Error {
    /// What the error means for the message that met it.
    fn class(&self) -> ErrorClass;
}
