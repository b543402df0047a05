//! Queues in memory: each message with its attempts and the time before which it is not delivered.

use std::cell::RefCell;
use std::collections::BTreeMap;

use tminus_domain::time::Timestamp;
use tminus_ports::{QueueError, Verdict};
use tminus_queues::{QUEUES, QueueSpec};

/// How often a message is delivered before it dies: `max_retries` of the deployed consumers, and the first time.
const MOST_ATTEMPTS: u32 = 6;
/// The same of the dead-letter queues' consumers.
const MOST_ATTEMPTS_OF_A_LETTER: u32 = 11;
/// The platform's limit of one message, in bytes.
const MAX_MESSAGE_BYTES: usize = 128_000;
/// How soon a message whose handler crashed is delivered again, in milliseconds.
const AGAIN_AFTER_CRASH_MS: i64 = 1_000;

/// A message on a queue.
#[derive(Debug, Clone)]
pub struct Queued {
    /// Where it stands among all messages ever sent.
    pub seq: u64,
    /// The binding of its queue.
    pub binding: &'static str,
    /// Its text.
    pub text: String,
    /// How often it was delivered.
    pub attempts: u32,
    /// Not delivered before.
    pub not_before: Timestamp,
}

/// All queues, the dead-letter queues among them.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    waiting: RefCell<BTreeMap<u64, Queued>>,
    sent: RefCell<u64>,
    delivered: RefCell<Vec<(&'static str, String)>>,
}

/// Whose binding it is, and whether it is that of the dead-letter queue.
pub(crate) fn spec(binding: &str) -> Option<(&'static QueueSpec, bool)> {
    QUEUES
        .iter()
        .find(|spec| spec.binding == binding || spec.dlq_binding == binding)
        .map(|spec| (spec, spec.dlq_binding == binding))
}

impl Queues {
    pub(crate) fn send(
        &self,
        binding: &'static str,
        texts: Vec<String>,
        now: Timestamp,
    ) -> Result<(), QueueError> {
        if let Some(text) = texts.iter().find(|text| text.len() > MAX_MESSAGE_BYTES) {
            return Err(QueueError::TooLarge { bytes: text.len(), limit: MAX_MESSAGE_BYTES });
        }
        if spec(binding).is_none() {
            let reason = "no such binding".to_owned();
            return Err(QueueError::Unavailable { queue: binding.to_owned(), reason });
        }
        for text in texts {
            self.put(Queued { seq: 0, binding, text, attempts: 0, not_before: now });
        }
        Ok(())
    }

    /// Puts a message behind all others.
    pub(crate) fn put(&self, mut message: Queued) {
        let mut sent = self.sent.borrow_mut();
        *sent += 1;
        message.seq = *sent;
        self.waiting.borrow_mut().insert(*sent, message);
    }

    /// The messages that can be delivered now, in the order of their sending.
    pub(crate) fn ready(&self, now: Timestamp) -> Vec<u64> {
        let waiting = self.waiting.borrow();
        waiting.values().filter(|message| message.not_before <= now).map(|message| message.seq).collect()
    }

    /// Everything that waits.
    pub(crate) fn waiting(&self) -> Vec<Queued> {
        self.waiting.borrow().values().cloned().collect()
    }

    /// When the next message can be delivered.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.waiting.borrow().values().map(|message| message.not_before).min()
    }

    /// Takes a message to deliver it.
    pub(crate) fn take(&self, seq: u64) -> Option<Queued> {
        let mut message = self.waiting.borrow_mut().remove(&seq)?;
        message.attempts += 1;
        if message.attempts == 1 {
            self.delivered.borrow_mut().push((message.binding, message.text.clone()));
        }
        Some(message)
    }

    /// Loses a message.
    pub(crate) fn lose(&self, seq: u64) -> bool {
        self.waiting.borrow_mut().remove(&seq).is_some()
    }

    /// Loses all messages.
    pub(crate) fn lose_all(&self) {
        self.waiting.borrow_mut().clear();
    }

    /// Every message that was ever delivered, in the order of first delivery.
    pub(crate) fn delivered(&self) -> Vec<(&'static str, String)> {
        self.delivered.borrow().clone()
    }

    /// Does to a delivered message what the platform and the consumer's shell do.
    /// `letter` wraps a refused text.
    pub(crate) fn settle(
        &self,
        mut message: Queued,
        verdict: &Verdict,
        delay_s: u32,
        now: Timestamp,
        letter: impl FnOnce(&str) -> String,
    ) {
        let Some((spec, is_letter)) = spec(message.binding) else { return };
        match verdict {
            Verdict::Ack => {}
            Verdict::Retry { after_s } => {
                let most = if is_letter { MOST_ATTEMPTS_OF_A_LETTER } else { MOST_ATTEMPTS };
                if message.attempts >= most {
                    if !is_letter {
                        let text = message.text;
                        let binding = spec.dlq_binding;
                        self.put(Queued { seq: 0, binding, text, attempts: 0, not_before: now });
                    }
                    return;
                }
                message.not_before = now.plus_seconds(i64::from(after_s.unwrap_or(delay_s)));
                self.put(message);
            }
            Verdict::Reject { .. } => {
                let text = letter(&message.text);
                self.put(Queued { seq: 0, binding: spec.dlq_binding, text, attempts: 0, not_before: now });
            }
        }
    }

    /// A message whose handler crashed comes again.
    pub(crate) fn again(&self, message: Queued, now: Timestamp) {
        let delay = Verdict::Retry { after_s: None };
        self.settle(message, &delay, 0, now.plus_millis(AGAIN_AFTER_CRASH_MS), str::to_owned);
    }
}
