//! One message of a dead-letter queue.

use tminus_account::contract::{DeadLetter, StoreDeadLetter, StoreUnroutable, UNROUTABLE};
use tminus_domain::ids::{DeadLetterId, TraceId};
use tminus_ports::{CallError, ObjectError, Ports, Verdict, call, chain, fresh_id};
use tminus_queues::retry_delay_seconds;
use tminus_registry::dead_letters::{IndexedLetter, index_dead_letter};
use tminus_registry::{RegistryError, RegistrySql};
use tracing::Instrument as _;

use crate::letter::{Letter, read};

#[derive(Debug, thiserror::Error)]
enum ConsumeError {
    #[error("the letter could not be stored")]
    Store(#[from] CallError),
    #[error("the letter could not be listed")]
    Index(#[from] RegistryError),
}

/// Stores the message `text`, which arrived on the dead-letter queue named `queue_name` for the `attempts`th time
/// (from 1). The answer is `Ack` once it is stored and listed, `Retry` before that; never `Reject`, since behind a
/// dead-letter queue there is nothing.
pub async fn consume<P: Ports + RegistrySql>(
    ports: &P,
    queue_name: &str,
    text: &str,
    attempts: u32,
) -> Verdict {
    let letter = read(queue_name, text);
    let trace = letter.trace.unwrap_or_else(|| fresh_id(ports));
    let span = tracing::info_span!("dead_letter", worker = "dead_letter", %trace);
    async {
        match store(ports, &letter, trace).await {
            Ok((id, object)) => {
                tracing::warn!(letter = %id, %object, queue = %letter.letter.queue, reason = %letter.letter.reason, "a dead letter");
                Verdict::Ack
            }
            Err(error) => {
                tracing::error!(error = %chain(&error), attempts, "a dead letter is not stored yet");
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

/// Both steps may be repeated: the object knows a message by its key, the index a letter by its id.
async fn store<P: Ports + RegistrySql>(
    ports: &P,
    letter: &Letter,
    trace: TraceId,
) -> Result<(DeadLetterId, String), ConsumeError> {
    let trace = trace.to_string();
    let home = letter.account.map(|account| account.to_string());
    let home = home.as_deref().unwrap_or(UNROUTABLE);
    let (id, object) = match put(ports, home, &trace, &letter.letter).await {
        // Erased, or no letter that this object takes: better in the wrong place than lost.
        Err(error) if home != UNROUTABLE && homeless(&error) => {
            (put(ports, UNROUTABLE, &trace, &letter.letter).await?, UNROUTABLE)
        }
        stored => (stored?, home),
    };
    let line = IndexedLetter {
        letter: id,
        object: object.to_owned(),
        queue: letter.letter.queue.clone(),
        reason: letter.letter.reason.clone(),
        created_at: ports.now(),
    };
    index_dead_letter(ports, &line).await?;
    Ok((id, object.to_owned()))
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
