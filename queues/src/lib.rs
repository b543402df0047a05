//! Queue message contracts, one file a queue.
//!
//! | queue | message | producer | consumer |
//! |---|---|---|---|
//! | sync, backfill | [`SyncMessage`]: "this calendar may have changed" | webhook, AccountDO, cron, api | sync |
//! | delta, delta-bulk | [`DeltaChunk`]: fetched events | sync | canonicalize |
//! | mirror, mirror-bulk | [`MirrorNudge`]: "this account has mirrors to write" | UserGraphDO | mirror |
//! | each queue's `-dlq` | any of the above as it failed, or a [`Rejected`] with its reason | platform, consumers | dead_letter |
//!
//! Every message is JSON text: [`Message`] holds version, own id, trace id and enqueue time beside the body. A
//! field is only ever added with a default; the files in `fixtures/` decode for ever.

mod dead_letter;
mod delta;
mod message;
mod mirror;
mod retry;
mod specs;
mod sync;

pub use dead_letter::Rejected;
pub use delta::{ChunkRef, DeltaChunk, Next};
pub use message::{Body, DecodeError, Message, decode, send, send_all};
pub use mirror::MirrorNudge;
pub use retry::retry_delay_seconds;
pub use specs::{QUEUES, Queue, QueueSpec};
pub use sync::SyncMessage;
