//! Putting messages on a queue.

/// A message could not be put on a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueueError {
    /// A body is over the platform's limit of one message.
    #[error("a message of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// The body's size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The queue did not take the message; some of a batch may have been taken.
    #[error("queue {queue} took no message: {reason}")]
    Unavailable {
        /// The binding's name.
        queue: String,
        /// What the platform said.
        reason: String,
    },
}

/// Puts messages on queues.
pub trait QueueSender {
    /// Puts `bodies` on the queue bound as `binding`, in as few platform calls as its limits allow
    /// (100 messages, 250,000 bytes a call). An empty list is a no-op.
    ///
    /// # Errors
    /// [`QueueError::TooLarge`] before anything is sent; [`QueueError::Unavailable`] when the platform refuses.
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError>;
}
