//! One message of a dead-letter queue: it is kept, and if it is a chunk of events, it still takes effect
//! (protocol rules 11 and 31).
//!
//! Effects, and why each may repeat:
//! 1. the letter is stored in the object that it belongs to: known there by the message's key;
//! 2. it is listed in the registry: known there by the letter's id;
//! 3. a chunk is applied apart, what fails by itself goes into quarantine, and it counts: why each of that may repeat
//!    stands at [`apply_apart`]. A chunk that cannot be read is left to the lease of its run.

use tminus_account::contract::{DeadLetter, StoreDeadLetter, StoreUnroutable, UNROUTABLE};
use tminus_deltas::{Silence, apply_apart};
use tminus_domain::ids::{DeadLetterId, TraceId};
use tminus_ports::{CallError, ObjectError, Ports, Verdict, call, chain, fresh_id};
use tminus_queues::{DeltaChunk, retry_delay_seconds};
use tminus_registry::dead_letters::{IndexedLetter, index_dead_letter};
use tminus_registry::{RegistryError, RegistrySql};
use tracing::Instrument as _;

use crate::letter::{Letter, read};

/// From this attempt on an item is to blame that gets no answer: with the pauses between them, the graph had a quarter
/// of a minute to come back.
const BLAMED_FROM: u32 = 5;

#[derive(Debug, thiserror::Error)]
enum ConsumeError {
    #[error("the letter could not be stored")]
    Store(#[source] CallError),
    #[error("the letter could not be listed")]
    Index(#[from] RegistryError),
    #[error("the chunk could not be applied")]
    Apply(#[source] CallError),
}

/// Consumes the message `text`, which arrived on the dead-letter queue named `queue_name` for the `attempts`th time
/// (from 1). The answer is `Ack` once everything is done, `Retry` before that; never `Reject`, since behind a
/// dead-letter queue there is nothing.
pub async fn consume<P: Ports + RegistrySql>(
    ports: &P,
    queue_name: &str,
    text: &str,
    attempts: u32,
) -> Verdict {
    let letter = read(queue_name, text);
    let trace = letter.trace.unwrap_or_else(|| fresh_id(ports));
    let span = tracing::info_span!("dead_letter", worker = "dead_letter", %trace, attempts);
    async {
        let done = async {
            keep(ports, &letter, trace).await?;
            match letter.chunk {
                Some(chunk) => apply(ports, chunk, trace, attempts).await,
                None => Ok(()),
            }
        };
        match done.await {
            Ok(()) => Verdict::Ack,
            Err(error) => {
                tracing::error!(error = %chain(&error), "a dead letter is not dealt with yet");
                let mut jitter = [0_u8; 1];
                ports.fill(&mut jitter);
                let [jitter] = jitter;
                Verdict::Retry { after_s: Some(retry_delay_seconds(attempts, jitter)) }
            }
        }
    }
    .instrument(span)
    .await
}

async fn apply<P: Ports>(
    ports: &P,
    chunk: DeltaChunk,
    trace: TraceId,
    attempts: u32,
) -> Result<(), ConsumeError> {
    let silence = if attempts < BLAMED_FROM { Silence::Wait } else { Silence::Quarantine };
    match apply_apart(ports, &trace.to_string(), chunk, silence).await {
        // What belongs to something erased is dropped.
        Err(error) if error.is_gone() => Ok(()),
        applied => applied.map_err(ConsumeError::Apply),
    }
}

/// Stores the letter and lists it.
async fn keep<P: Ports + RegistrySql>(
    ports: &P,
    letter: &Letter,
    trace: TraceId,
) -> Result<(), ConsumeError> {
    let trace = trace.to_string();
    let home = letter.account.map(|account| account.to_string());
    let home = home.as_deref().unwrap_or(UNROUTABLE);
    let (id, object) = match put(ports, home, &trace, &letter.letter).await {
        // Erased, or no letter that this object takes: better in the wrong place than lost.
        Err(error) if home != UNROUTABLE && homeless(&error) => {
            (put(ports, UNROUTABLE, &trace, &letter.letter).await, UNROUTABLE)
        }
        stored => (stored, home),
    };
    let id = id.map_err(ConsumeError::Store)?;
    let line = IndexedLetter {
        letter: id,
        object: object.to_owned(),
        queue: letter.letter.queue.clone(),
        reason: letter.letter.reason.clone(),
        created_at: ports.now(),
    };
    index_dead_letter(ports, &line).await?;
    tracing::warn!(letter = %id, %object, queue = %line.queue, reason = %line.reason, "a dead letter");
    Ok(())
}

async fn put<P: Ports>(
    ports: &P,
    object: &str,
    trace: &str,
    letter: &DeadLetter,
) -> Result<DeadLetterId, CallError> {
    let letter = letter.clone();
    let stored = if object == UNROUTABLE {
        call(ports, object, trace, &StoreUnroutable { letter }).await
    } else {
        call(ports, object, trace, &StoreDeadLetter { letter }).await
    };
    stored.map(|stored| stored.id)
}

const fn homeless(error: &CallError) -> bool {
    error.is_gone() || matches!(error, CallError::Object { source: ObjectError::Refused { .. }, .. })
}
