//! Consuming chunks of fetched events (protocol rules 8 to 11 and 14).
//!
//! Effects, and why each may repeat:
//! 1. the chunk is applied to UserGraphDO: the same etag or a lower position changes nothing;
//! 2. the chunk is counted in AccountDO: setting a mark twice is setting it once;
//! 3. a full run is concluded, then committed: concluding twice within a generation confirms nothing new.

use tminus_account::contract::{ChunkApplied, CommitRun, Progress};
use tminus_ports::{CallError, Ports, Verdict, call};
use tminus_queues::{DeltaChunk, Message, Queue, decode};
use tminus_user_graph::contract::{ApplyChunk, ConcludeFullRun};
use tracing::Instrument as _;

use crate::normalize::delta;

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
        match apply(ports, &trace.to_string(), chunk).await {
            Ok(()) => Verdict::Ack,
            // What belongs to something erased is dropped.
            Err(error) if error.is_gone() => Verdict::Ack,
            Err(error) => Verdict::of(&error),
        }
    }
    .instrument(span)
    .await
}

async fn apply<P: Ports>(ports: &P, trace: &str, delta_chunk: DeltaChunk) -> Result<(), CallError> {
    let DeltaChunk { user, account, calendar, role, chunk, full, lane, items, whole } = delta_chunk;
    let (user, object) = (user.to_string(), account.to_string());
    let deltas = items.iter().map(delta).collect();
    let command = ApplyChunk { account, calendar, role, chunk, full, lane, deltas };
    let applied = call(ports, &user, trace, &command).await?;
    let counted = ChunkApplied {
        calendar,
        run: chunk.run,
        position: chunk.position,
        attempt: chunk.attempt,
        index: chunk.index,
        incarnation: applied.incarnation,
        generation: applied.generation,
        whole,
    };
    let mut progress = call(ports, &object, trace, &counted).await?;
    if progress == Progress::Conclude {
        let conclude =
            ConcludeFullRun { account, calendar, run: chunk.run, generation: chunk.position.generation };
        let concluded = call(ports, &user, trace, &conclude).await?;
        let commit = CommitRun { calendar, run: chunk.run, suspects: concluded.suspects };
        progress = call(ports, &object, trace, &commit).await?;
        tracing::info!(?concluded, "a full run was concluded");
    }
    tracing::info!(?applied, ?progress, "a chunk was applied");
    Ok(())
}
