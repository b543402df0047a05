//! The writer's seat: one writer at a time in a target account (protocol rule 18).

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{CalendarId, MessageId, UserId};

use super::{TokenGrant, commands};

/// Asks for the writer's seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginWrite {
    /// The message that asks; the same holder re-enters its lease.
    pub holder: MessageId,
    /// The lane that it came by.
    pub lane: Lane,
}

/// The answer to [`BeginWrite`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum WriteStart {
    /// The seat is yours.
    Granted(Box<WriteGrant>),
    /// Someone sits there and will look again before leaving.
    Coalesced,
    /// Not yet: the object nudges when it is time, or when the overlay or a new consent is there.
    NotNow,
}

/// What a writer needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteGrant {
    /// Whose account it is.
    pub user: UserId,
    /// How many calls may be made.
    pub permits: Permits,
    /// The calendars that can be written; one that is paused is not among them.
    pub targets: Vec<WriteTarget>,
    /// What to write with.
    pub token: TokenGrant,
}

/// How many calls a writer may make. Bulk work may use about two thirds of the provider's quota, so that live work
/// and lists always find room (protocol rule 16).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permits {
    /// Calls in all.
    pub live: u32,
    /// Calls after which no bulk operation may follow; at most `live`.
    pub bulk: u32,
}

/// A calendar that can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WriteTarget {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its id at the provider.
    pub provider_calendar_id: String,
}

/// Leaves the writer's seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndWrite {
    /// Who leaves.
    pub holder: MessageId,
    /// How many permits were used.
    pub used: u32,
    /// Calendars that could not be written at all: each is paused by itself, and maintenance looks after it (protocol
    /// rule 18).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unwritable: Vec<CalendarId>,
    /// How it went.
    pub outcome: WriteOutcome,
}

/// How writing went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum WriteOutcome {
    /// Nothing is left to write.
    Drained,
    /// More is waiting: nudge again at once.
    More {
        /// The lane to nudge on.
        lane: Lane,
    },
    /// The provider asks for patience: no writer before that.
    TryAfter {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The access token was refused.
    Unauthorized {
        /// The version that was refused.
        token_version: u32,
    },
}

commands! {
    BeginWrite => "begin_write", WriteStart;
    EndWrite => "end_write", ();
}
