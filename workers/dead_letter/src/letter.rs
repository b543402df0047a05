//! What is kept of a dead message: whose it is, why it died, and as much of it as may be stored.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use tminus_account::contract::DeadLetter;
use tminus_domain::ids::{AccountId, TraceId};
use tminus_queues::{
    Body, DecodeError, DeltaChunk, Message, MirrorNudge, Queue, Rejected, SyncMessage, decode,
};

use crate::reduced::reduced;

/// What is said of a message that decodes and that no consumer refused.
const USED_UP: &str = "retries used up";
/// Longest reason that is stored, in characters.
const MAX_REASON: usize = 500;
/// Largest nudge that is stored whole, in bytes. Ours are a tenth of that; a larger one is something else.
const MAX_NUDGE: usize = 4096;

/// A dead message, ready to be stored.
pub(crate) struct Letter {
    /// Whose it is, if that can be read.
    pub(crate) account: Option<AccountId>,
    /// The trace of the work that it belonged to.
    pub(crate) trace: Option<TraceId>,
    /// What is stored.
    pub(crate) letter: DeadLetter,
    /// The chunk of events that died, if it was one that can be read: it is not kept, but can still be applied.
    pub(crate) chunk: Option<DeltaChunk>,
}

/// What can be read of the envelope, even of a version that is not known.
#[derive(Deserialize)]
struct Envelope {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    trace: Option<String>,
    #[serde(default)]
    body: Option<EnvelopeBody>,
}

#[derive(Deserialize)]
struct EnvelopeBody {
    #[serde(default)]
    account: Option<String>,
}

/// What the queue's own contract makes of a message.
struct Reading {
    account: Option<AccountId>,
    /// Why it died, as far as the message itself tells.
    reason: String,
    /// What may be stored of it.
    body: Option<String>,
    chunk: Option<DeltaChunk>,
}

impl Reading {
    fn of(account: Option<AccountId>, reason: impl Into<String>, body: Option<String>) -> Self {
        Self { account, reason: reason.into(), body, chunk: None }
    }
}

/// Reads a message of the dead-letter queue named `queue_name`. Never fails: what cannot be read is stored by its
/// hash.
pub(crate) fn read(queue_name: &str, text: &str) -> Letter {
    let (refusal, original) = unwrap(text);
    let original = original.as_deref().unwrap_or(text);
    let spec = Queue::by_name(queue_name);
    let reading = match spec.map(|spec| spec.queue) {
        Some(Queue::Sync | Queue::Backfill) => nudge::<SyncMessage>(original, SyncMessage::account),
        // The account that is written into: its object holds the writer's seat that the nudge asked for.
        Some(Queue::Mirror | Queue::MirrorBulk) => nudge::<MirrorNudge>(original, |nudge| nudge.account),
        Some(Queue::Delta | Queue::DeltaBulk) => delta(original),
        None => Reading::of(None, "from a queue that is not known", None),
    };
    let envelope: Option<Envelope> = serde_json::from_str(original).ok();
    let id = envelope.as_ref().and_then(|envelope| envelope.id.clone());
    // Only an id of ours is a key: anything else could be long, personal, or the same for two messages.
    let id = id.filter(|id| id.parse::<tminus_domain::ids::MessageId>().is_ok());
    Letter {
        account: reading.account,
        trace: envelope.and_then(|envelope| envelope.trace).and_then(|trace| trace.parse().ok()),
        letter: DeadLetter {
            queue: spec.map_or("unknown", |spec| spec.name).to_owned(),
            // The same nonsense on two queues is two letters.
            message_key: id.unwrap_or_else(|| hash(format!("{queue_name}\n{original}").as_bytes())),
            reason: refusal.unwrap_or(reading.reason).chars().take(MAX_REASON).collect(),
            body: reading.body,
        },
        chunk: reading.chunk,
    }
}

/// The reason and text of a message that its consumer refused; nothing for one that arrived as it was.
fn unwrap(text: &str) -> (Option<String>, Option<String>) {
    let rejected = decode::<Rejected>(text).map(|message| message.body).ok();
    // The wrapper also travels without an envelope.
    let rejected = rejected.or_else(|| serde_json::from_str::<Rejected>(text).ok());
    rejected.map_or((None, None), |rejected| (Some(rejected.rejected), Some(rejected.original)))
}

fn nudge<B: Body>(text: &str, account: impl Fn(&B) -> AccountId) -> Reading {
    let whole = || (text.len() <= MAX_NUDGE).then(|| text.to_owned());
    match decode::<B>(text) {
        Ok(message) => Reading::of(Some(account(&message.body)), USED_UP, whole()),
        // Kept whole: it can be replayed once the deploy that wrote it is through.
        Err(error @ DecodeError::NewerVersion { .. }) => {
            Reading::of(account_of(text), error.to_string(), whole())
        }
        // Whatever it is, it is no nudge, and may hold anything: its hash is its key, nothing else is kept.
        Err(error @ DecodeError::Malformed { .. }) => Reading::of(None, error.to_string(), None),
    }
}

fn delta(text: &str) -> Reading {
    match decode::<DeltaChunk>(text) {
        Ok(Message { body: chunk, .. }) => {
            let read = Reading::of(Some(chunk.account), USED_UP, reduced(&chunk));
            Reading { chunk: Some(chunk), ..read }
        }
        // A delta holds events: of a shape that is not known, nothing may be kept.
        Err(error @ DecodeError::NewerVersion { .. }) => {
            Reading::of(account_of(text), error.to_string(), None)
        }
        Err(error @ DecodeError::Malformed { .. }) => Reading::of(None, error.to_string(), None),
    }
}

/// The account of a message whose version is not known: every body has one under this name.
fn account_of(text: &str) -> Option<AccountId> {
    let envelope: Envelope = serde_json::from_str(text).ok()?;
    envelope.body?.account?.parse().ok()
}

/// `sha256:` and the hash in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("sha256:{}", data_encoding::HEXLOWER.encode(&Sha256::digest(bytes)))
}
