//! Queues that keep what was put on them.

use std::cell::{Cell, RefCell};

use tminus_ports::{QueueError, QueueSender};

/// Queues that keep what was put on them, in order. Nothing is delivered.
#[derive(Debug, Default)]
pub struct RecordedQueues {
    sent: RefCell<Vec<(&'static str, String)>>,
    down: Cell<bool>,
}

impl RecordedQueues {
    /// Everything that was put on any queue: binding and text.
    #[must_use]
    pub fn sent(&self) -> Vec<(&'static str, String)> {
        self.sent.borrow().clone()
    }

    /// What was put on the queue bound as `binding`.
    #[must_use]
    pub fn on(&self, binding: &str) -> Vec<String> {
        let sent = self.sent.borrow();
        sent.iter().filter(|(queue, _)| *queue == binding).map(|(_, text)| text.clone()).collect()
    }

    /// Takes everything, leaving the queues empty.
    pub fn take(&self) -> Vec<(&'static str, String)> {
        self.sent.take()
    }

    /// While down, no queue takes a message.
    pub fn set_down(&self, down: bool) {
        self.down.set(down);
    }
}

impl QueueSender for RecordedQueues {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        if self.down.get() {
            return Err(QueueError::Unavailable { queue: binding.to_owned(), reason: "down".to_owned() });
        }
        self.sent.borrow_mut().extend(bodies.into_iter().map(|body| (binding, body)));
        Ok(())
    }
}
