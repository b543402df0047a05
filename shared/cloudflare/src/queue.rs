//! Puts messages on a queue, as text.

use tminus_ports::QueueError;
use worker::{BatchMessageBuilder, Env, QueueContentType, RawMessageBuilder};

use crate::chunks::chunks;
use crate::deadline::within;

/// The longest wait for one platform call.
const DEADLINE_MS: u32 = 10_000;

/// Puts `bodies` on the queue bound as `binding`.
pub(crate) async fn send_batch(env: &Env, binding: &str, bodies: Vec<String>) -> Result<(), QueueError> {
    let unavailable = |reason: String| QueueError::Unavailable { queue: binding.to_owned(), reason };
    let calls = chunks(bodies)?;
    if calls.is_empty() {
        return Ok(());
    }
    let queue = env.queue(binding).map_err(|error| unavailable(error.to_string()))?;
    for call in calls {
        let messages = call
            .iter()
            .map(|text| RawMessageBuilder::new(text.into()).build_with_content_type(QueueContentType::Text));
        let batch = BatchMessageBuilder::new().messages(messages).build();
        let sent = within(DEADLINE_MS, queue.send_raw_batch(batch)).await;
        sent.ok_or_else(|| unavailable(format!("no answer within {DEADLINE_MS} ms")))?
            .map_err(|error| unavailable(error.to_string()))?;
    }
    Ok(())
}
