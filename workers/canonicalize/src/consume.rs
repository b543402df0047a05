//! Consuming chunks of fetched events (protocol rules 8 to 11 and 14). What a chunk does, and why each effect may
//! repeat, stands at [`apply_whole`].

use tminus_deltas::apply_whole;
use tminus_ports::{Ports, Verdict};
use tminus_queues::{DeltaChunk, Message, Queue, decode};
use tracing::Instrument as _;

/// Consumes one chunk.
pub async fn consume<P: Ports>(ports: &P, _queue: Queue, text: &str, attempts: u32) -> Verdict {
    let message: Message<DeltaChunk> = match decode(text) {
        Ok(message) => message,
        Err(error) => return Verdict::of(&error),
    };
    let (id, trace, chunk) = (message.id, message.trace, message.body);
    let span = tracing::info_span!(
        "chunk", worker = "canonicalize", %trace, account = %chunk.account, calendar = %chunk.calendar,
        message_id = %id, attempts
    );
    async {
        match apply_whole(ports, &trace.to_string(), chunk).await {
            Ok(()) => Verdict::Ack,
            // What belongs to something erased is dropped.
            Err(error) if error.is_gone() => Verdict::Ack,
            Err(error) => Verdict::of(&error),
        }
    }
    .instrument(span)
    .await
}
