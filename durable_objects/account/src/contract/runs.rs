//! Runs: from a mark that a calendar is dirty to a committed cursor (protocol rules 1 to 9).

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{CalendarId, MessageId, RunId, UserId};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;

use super::{TokenGrant, commands};

pub use tminus_queues::Next;

/// A calendar may have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkDirty {
    /// The calendar.
    pub calendar: CalendarId,
    /// How much of it.
    pub level: DirtyLevel,
}

/// What marking made known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkedDirty {
    /// The lane to nudge on; `None` if a nudge is under way, a run is, or the object nudges by itself later.
    pub nudge: Option<Lane>,
}

/// Asks for the calendar's run: to start one, to go on with its next page, or (the same holder) to re-enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BeginRun {
    /// The calendar.
    pub calendar: CalendarId,
    /// The message that asks; the same holder re-enters its lease.
    pub holder: MessageId,
}

/// The answer to [`BeginRun`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum RunStart {
    /// Fetch this page.
    Granted(Box<RunGrant>),
    /// Another run covers it, or there is nothing to fetch.
    Coalesced,
    /// Not yet: the object nudges when it is time.
    NotNow,
    /// The lease ended while a page was applied: ask the graph how far it got, then [`TakeOver`] (protocol rule 6).
    Ask(Box<AppliedPage>),
    /// The last page of a full run is whole: conclude what is missing, then commit.
    Conclude(Box<AppliedPage>),
}

/// A page whose chunks were on their way into the graph when the lease ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedPage {
    /// Whose graph it goes into.
    pub user: UserId,
    /// The run.
    pub run: RunId,
    /// The page.
    pub position: Position,
    /// Which fetch of the page.
    pub attempt: u32,
}

/// Takes over a page after the graph was asked: chunks that are applied count. A page that is whole by that is not
/// fetched again; any other is, under a higher generation. Answered as [`BeginRun`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeOver {
    /// The calendar.
    pub calendar: CalendarId,
    /// The message that asks.
    pub holder: MessageId,
    /// The page that was asked about.
    pub page: AppliedPage,
    /// The chunks of it that are in the graph, by index.
    pub applied: Vec<u32>,
    /// The graph's incarnation.
    pub incarnation: u32,
}

/// What to fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunGrant {
    /// The run.
    pub run: RunId,
    /// Whose account it is.
    pub user: UserId,
    /// The calendar's id at the provider.
    pub provider_calendar_id: String,
    /// What the calendar is to us.
    pub role: CalendarRole,
    /// The generation and the page.
    pub position: Position,
    /// Which fetch of the page, from 0.
    pub attempt: u32,
    /// Where to fetch from.
    pub cursor: Cursor,
    /// The lane of everything that follows.
    pub lane: Lane,
    /// Events to fetch one by one beside the page, by their ids at the provider: quarantined items and those of dead
    /// letters (protocol rule 11). With the first page of a run only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub again: Vec<String>,
    /// What to fetch with.
    pub token: TokenGrant,
}

/// Where a page is fetched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The sync token; `None` for a full run.
    pub sync_token: Option<String>,
    /// The page token; `None` for the first page.
    pub page_token: Option<String>,
}

/// A page was fetched and is about to be sent as this many chunks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageFetched {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// The page.
    pub position: Position,
    /// Which fetch of the page.
    pub attempt: u32,
    /// How many chunks it was cut into; 0 for an empty page.
    pub chunks: u32,
    /// What follows the page.
    pub next: Next,
}

/// A chunk is in the canonical store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkApplied {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// The page.
    pub position: Position,
    /// Which fetch of the page.
    pub attempt: u32,
    /// Which chunk, from 0.
    pub index: u32,
    /// The incarnation of the graph that it was applied to (protocol rule 13).
    pub incarnation: u32,
    /// The highest generation of the calendar that the graph has seen; above the chunk's own, the graph has refused
    /// to count it (protocol rule 12).
    #[serde(default)]
    pub generation: u32,
    /// What follows the page, if the chunk is all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Next>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// Chunks of the page are missing.
    Waiting,
    /// The page is whole; the object has asked for the next.
    NextPage,
    /// The last page of a full run is whole: conclude what is missing, then commit.
    Conclude,
    /// The cursor is committed.
    Committed,
    /// Of an older attempt or run: it does not count.
    Stale,
}

/// Commits a full run after its absences were concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitRun {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// How many events it missed for the first time: a second full run looks for them.
    pub suspects: u32,
}

/// A page could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFailed {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// The page.
    pub position: Position,
    /// Which fetch of the page.
    pub attempt: u32,
    /// Why.
    pub failure: RunFailure,
}

/// Why a page could not be fetched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "snake_case")]
pub enum RunFailure {
    /// The sync token has expired: the run ends and a full one starts.
    CursorExpired,
    /// The provider asks for patience, or failed; tried again after this many seconds.
    TryAfter {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The access token was refused.
    Unauthorized {
        /// The version that was refused.
        token_version: u32,
    },
    /// The calendar is gone or no longer readable; tried again with growing delay.
    Unreadable {
        /// A short reason without personal data.
        reason: String,
    },
}

commands! {
    MarkDirty => "mark_dirty", MarkedDirty;
    BeginRun => "begin_run", RunStart;
    TakeOver => "take_over", RunStart;
    PageFetched => "page_fetched", Progress;
    ChunkApplied => "chunk_applied", Progress;
    CommitRun => "commit_run", Progress;
    RunFailed => "run_failed", ();
}
