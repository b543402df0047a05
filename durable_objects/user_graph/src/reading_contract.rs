//! The contract of UserGraphDO, reading: which events, one event, free and busy. The list itself is in
//! [`crate::contract`].

use serde::{Deserialize, Serialize};
use tminus_domain::availability::TakenSpan;
use tminus_domain::event::Status;
use tminus_domain::hours::Zone;
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::spans::Span;
use tminus_domain::time::Timestamp;

use crate::contract::{ListedEvent, ListedMirror};

/// Longest range that is read at once, in days: a year with what is before and after it.
pub const MAX_RANGE_DAYS: i64 = 400;
/// Most events that one page lists.
pub const MAX_PAGE: u32 = 500;
/// Longest text that is searched for, in characters.
pub const MAX_TEXT: usize = 200;

/// Which events are listed. An empty list leaves none out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct EventFilter {
    /// Of these accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
    /// Of these calendars.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calendars: Vec<CalendarId>,
    /// That stand so. Without any, all but those that are cancelled or deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statuses: Vec<Status>,
    /// With all of these words in title, description or place, the last of them begun at least; words within quotation
    /// marks in a row. Case and accents do not count. What is cancelled or deleted is not found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// How far the index of texts is: what is not in it is not found yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Indexing {
    /// How many events it has gone through.
    pub indexed: u32,
    /// How many there are to go through.
    pub of: u32,
}

/// Asks for one event, also one that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetEvent {
    /// The event.
    pub event: EventId,
}

/// An event with its mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EventDetails {
    /// The event.
    pub event: ListedEvent,
    /// Its mirrors, those of its occurrences included.
    pub mirrors: Vec<ListedMirror>,
}

/// Asks when the user is taken and when free, by everything that their accounts hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetFreeBusy {
    /// The first instant.
    pub from: Timestamp,
    /// The instant after the last.
    pub to: Timestamp,
    /// Where whole days begin and end; without one that of the working hours, or else UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Of these accounts; of all if there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<AccountId>,
}

/// When the user is taken, and when free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct FreeBusy {
    /// Where whole days begin and end.
    pub zone: Zone,
    /// What is taken, in order and disjoint.
    pub busy: Vec<TakenSpan>,
    /// What is left of the working hours, in order and disjoint; `None` if there are none.
    pub free: Option<Vec<Span>>,
}

crate::contract::commands! {
    GetEvent => "get_event", EventDetails;
    GetFreeBusy => "get_free_busy", FreeBusy;
}
