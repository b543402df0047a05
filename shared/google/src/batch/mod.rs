//! Batches ("Send batch requests"): many operations in one request, as `multipart/mixed` of
//! `application/http` (RFC 2046 §5.1, RFC 9112 §10.2). Every operation still counts against the quota.

mod build;
mod read;

use crate::error::Asked;
use crate::wire::Event;

pub(crate) use build::build;
pub(crate) use read::read;

/// The most operations of one batch. Google's text now says 1000, an older one 50.
pub const MAX_BATCH: usize = 50;
/// How a batch as a whole is called in errors.
pub(crate) const OPERATION: &str = "batch";

/// One operation of a batch.
#[derive(Clone, Copy)]
pub enum WriteOp<'a> {
    /// Makes an event, under `event.id` if that is set.
    Insert {
        /// The calendar.
        calendar_id: &'a str,
        /// The event.
        event: &'a Event,
    },
    /// Replaces an event.
    Update {
        /// The calendar.
        calendar_id: &'a str,
        /// The event's id.
        event_id: &'a str,
        /// Only if it still has this version.
        if_match: Option<&'a str>,
        /// The event.
        event: &'a Event,
    },
    /// Deletes an event.
    Delete {
        /// The calendar.
        calendar_id: &'a str,
        /// The event's id.
        event_id: &'a str,
        /// Only if it still has this version.
        if_match: Option<&'a str>,
    },
    /// Reads an event, to see what became of a write.
    Get {
        /// The calendar.
        calendar_id: &'a str,
        /// The event's id.
        event_id: &'a str,
    },
}

impl WriteOp<'_> {
    /// The method's name.
    #[must_use]
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Insert { .. } => "events.insert",
            Self::Update { .. } => "events.update",
            Self::Delete { .. } => "events.delete",
            Self::Get { .. } => "events.get",
        }
    }

    const fn if_match(&self) -> Option<&str> {
        match self {
            Self::Update { if_match, .. } | Self::Delete { if_match, .. } => *if_match,
            Self::Insert { .. } | Self::Get { .. } => None,
        }
    }

    const fn asked(&self) -> Asked {
        Asked { operation: self.operation(), sync_token: false, if_match: self.if_match().is_some() }
    }
}

impl std::fmt::Debug for WriteOp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.operation())
    }
}
