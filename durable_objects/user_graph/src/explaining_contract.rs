//! The commands that answer questions: what was, why, and what would be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
pub use tminus_domain::authority::{Disagreement, Owner};
use tminus_domain::event::EventContent;
use tminus_domain::ids::{AccountId, CalendarId, EventId, JournalId, TraceId};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::time::Timestamp;

use crate::contract::commands;
pub use crate::mirror_journal::Facts;
use crate::policy_contract::{PutEdge, RemoveEdge, SetWorkingHours};

/// Asks for the journal of an event, the newest entries first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListJournal {
    /// The event.
    pub event: EventId,
    /// About this many, 1 to 500: what one command changed is not divided.
    pub limit: u32,
    /// Only entries before this one.
    pub before: Option<JournalId>,
}

/// A page of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JournalPage {
    /// The entries.
    pub entries: Vec<JournalEntry>,
    /// After which entry the next page starts, if there is one.
    pub next: Option<JournalId>,
}

/// An entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct JournalEntry {
    /// The entry.
    pub journal: JournalId,
    /// When.
    pub at: Timestamp,
    /// Of which mirror it is; `None`: of the event itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<MirrorOf>,
    /// created, updated or deleted; of a mirror: written, seen (a page showed it otherwise), wished (something else was
    /// wanted of it), or conflict (somebody changed what it shows).
    pub change: String,
    /// Who: provider, ui, mcp or system.
    pub actor: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The event's version after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What leads from the state after the change back to the one before it (RFC 6902).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schemars(with = "Option<Vec<serde_json::Value>>"))]
    pub way_back: Option<json_patch::Patch>,
    /// Of a conflict: the fields that somebody changed, with both values, until their account is unlinked.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conflict: BTreeMap<String, Disagreement>,
    /// The work that it was part of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<TraceId>,
}

/// Which mirror of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MirrorOf {
    /// The calendar that holds it.
    pub calendar: CalendarId,
    /// Which instance of a mirrored series; `None`: the mirror itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
}

/// Asks what an event was at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetAsOf {
    /// The event.
    pub event: EventId,
    /// The time.
    pub at: Timestamp,
}

/// What an event was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AsOf {
    /// It was this.
    Known(Box<Was>),
    /// Nobody had seen it.
    NotYet {
        /// When it was seen first.
        since: Timestamp,
    },
    /// The journal does not reach back so far.
    Forgotten {
        /// The earliest time that can be asked for.
        earliest: Timestamp,
    },
}

/// An event as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Was {
    /// The event.
    pub event: EventId,
    /// The account that it comes from.
    pub account: AccountId,
    /// The calendar that it comes from.
    pub calendar: CalendarId,
    /// Its version.
    pub version: u32,
    /// Whether it was deleted.
    pub deleted: bool,
    /// What it said.
    pub content: EventContent,
    /// What was known of its mirrors.
    pub mirrors: Vec<MirrorWas>,
}

/// A mirror as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct MirrorWas {
    /// Which one.
    #[serde(flatten)]
    pub of: MirrorOf,
    /// What was known of it.
    pub facts: Facts,
}

/// Asks why an event is or is not mirrored, along each edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainEvent {
    /// The event.
    pub event: EventId,
}

/// Why an event is or is not mirrored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ExplainedEvent {
    /// The event.
    pub event: EventId,
    /// Who owns every field of it: only they can change what it says.
    pub owner: Owner,
    /// Its version.
    pub version: u32,
    /// When it last changed.
    pub changed_at: Timestamp,
    /// Whether it is deleted.
    pub deleted: bool,
    /// One verdict a calendar that it is mirrored into, or could be.
    pub edges: Vec<ExplainedEdge>,
}

/// Why an event is or is not mirrored along one edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ExplainedEdge {
    /// The account of the calendar.
    pub account: AccountId,
    /// The calendar.
    pub calendar: CalendarId,
    /// What became of the event there.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// When the mirror was last written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_write: Option<Timestamp>,
    /// The hash of what the provider holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<String>,
}

/// What became of an event along one edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum Verdict {
    /// The calendar shows it as the policy wants.
    Mirrored,
    /// A rule of the policy, or what the event is, keeps it out.
    Filtered {
        /// Which.
        reason: FilterReason,
    },
    /// The account holds the same meeting.
    Deduplicated {
        /// As these events.
        by: Vec<EventId>,
    },
    /// The user does not want it.
    Dismissed,
    /// Something is still to be done.
    Pending {
        /// What is waited for.
        why: Waiting,
        /// Since when the calendar has not shown what is wanted. Of what was asked for before T-Minus kept that, and is still
        /// waited for: since the event's last change.
        since: Timestamp,
        /// Not before this.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        next_attempt: Option<Timestamp>,
        /// Attempts since the last success or change.
        attempts: u32,
        /// What went wrong last.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// It was given up.
    Failed {
        /// What went wrong.
        error: String,
    },
}

/// What a mirror waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// For the writer's turn.
    Writer,
    /// For the answer of a write that is under way.
    Answer,
    /// For the pause after a failure, or that the provider asked for.
    Pause,
    /// To be removed.
    Removal,
    /// The policy changed, or time passed: the event is projected again.
    Reprojection,
}

/// Asks why a calendar is or is not blocked at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainSlot {
    /// The calendar that mirrors are written into.
    pub calendar: CalendarId,
    /// The time.
    pub at: Timestamp,
}

/// Why a calendar is or is not blocked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ExplainedSlot {
    /// Whether anything blocks it, of the account's own or a mirror.
    pub blocked: bool,
    /// The events of that time, of every account.
    pub events: Vec<SlotEvent>,
    /// Whether there are more than these.
    pub more: bool,
}

/// An event at a time, as a calendar has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SlotEvent {
    /// The event.
    pub event: EventId,
    /// The account that it comes from.
    pub account: AccountId,
    /// Its title, for its owner's eyes.
    pub title: Option<String>,
    /// What it is to the calendar.
    #[serde(flatten)]
    pub is: SlotRole,
}

/// What an event is to a calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum SlotRole {
    /// The account's own.
    Own {
        /// Whether it takes time.
        blocks: bool,
    },
    /// Of another account.
    Other {
        /// What became of it here.
        #[serde(flatten)]
        verdict: Verdict,
    },
}

/// Asks whether every event is accounted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetConservation {}

/// Pairs of a live event and an edge that leaves its calendar. Each class is counted by itself, from the mirrors' own rows;
/// what is expected is counted from events and edges.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Conservation {
    /// How many there have to be.
    pub expected: u64,
    /// The calendar shows the event as the policy wants.
    pub mirrored: u64,
    /// Kept out, by reason.
    pub filtered: BTreeMap<String, u64>,
    /// The account holds the same meeting.
    pub deduplicated: u64,
    /// The user does not want it.
    pub dismissed: u64,
    /// To be written or removed.
    pub pending: u64,
    /// Given up.
    pub failed: u64,
    /// Whether the classes sum up to what is expected.
    pub balanced: bool,
    /// Whether events wait to be projected again: until then the sums need not balance.
    pub reprojecting: bool,
}

/// A change of the policy that is asked about before it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyChange {
    /// As [`PutEdge`].
    PutEdge(PutEdge),
    /// As [`RemoveEdge`].
    RemoveEdge(RemoveEdge),
    /// As [`SetWorkingHours`].
    SetWorkingHours(SetWorkingHours),
}

/// Asks what a change of the policy would do, in bounded steps: asked again with what it answered, until it is done.
/// Nothing is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviewPolicy {
    /// The change.
    pub change: PolicyChange,
    /// What the steps so far came to; `None`: the first.
    #[serde(default)]
    pub so_far: Option<Preview>,
}

/// What a change of the policy would do, as far as it is worked out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Preview {
    /// The version of the policy that the change would be made to.
    pub policy_version: u32,
    /// Events that are worked out.
    pub done: u32,
    /// Events in all.
    pub of: u32,
    /// After which event the next step starts; `None`: all are worked out.
    pub next: Option<EventId>,
    /// Mirrors that would be made.
    pub created: u32,
    /// Mirrors that would show something else.
    pub changed: u32,
    /// Mirrors that would be removed.
    pub deleted: u32,
    /// Writes at the provider by account: each counts in its quota.
    pub writes: BTreeMap<AccountId, u32>,
    /// Minutes until all is written, at the provider's quota: the account with the most writes.
    pub quota_minutes: u32,
    /// The ten that come first from now on.
    pub examples: Vec<PreviewExample>,
}

/// A mirror that would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PreviewExample {
    /// When the event takes place, of a series when next.
    pub start: Timestamp,
    /// The event.
    pub event: EventId,
    /// Its title, for its owner's eyes: the first 200 characters.
    pub title: Option<String>,
    /// The calendar of the mirror.
    pub calendar: CalendarId,
    /// What would be done.
    pub does: PreviewedChange,
}

/// What would be done with a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PreviewedChange {
    /// It would be made.
    Created,
    /// It would show something else.
    Changed,
    /// It would be removed.
    Deleted,
}

commands! {
    PreviewPolicy => "preview_policy", Preview;
    ListJournal => "list_journal", JournalPage;
    GetAsOf => "get_as_of", AsOf;
    ExplainEvent => "explain_event", ExplainedEvent;
    ExplainSlot => "explain_slot", ExplainedSlot;
    GetConservation => "get_conservation", Conservation;
}
