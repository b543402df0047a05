//! delta and delta-bulk: fetched events, cut into chunks that fit a message.

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, RunId, UserId};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;

use crate::Body;

/// Which chunk of which attempt of a page it is (protocol rule 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkRef {
    /// The run.
    pub run: RunId,
    /// Where the page stands: generation and page.
    pub position: Position,
    /// Which fetch of the page, from 0.
    pub attempt: u32,
    /// Which chunk, from 0.
    pub index: u32,
}

/// What follows a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "next", content = "token", rename_all = "snake_case")]
pub enum Next {
    /// Another page.
    Page(String),
    /// Nothing: the cursor to commit.
    Cursor(String),
}

/// Some events of one fetched page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeltaChunk {
    /// Whose graph they go into.
    pub user: UserId,
    /// The account that they come from.
    pub account: AccountId,
    /// The calendar that they come from.
    pub calendar: CalendarId,
    /// What the calendar is to us.
    pub role: CalendarRole,
    /// Which chunk it is.
    pub chunk: ChunkRef,
    /// Whether the run fetches everything.
    pub full: bool,
    /// The lane of everything that follows.
    pub lane: Lane,
    /// The provider's events, each as it came but for what T-Minus never keeps.
    pub items: Vec<serde_json::Value>,
    /// The calendar's zone, in which times without an offset are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// What follows the page, if this chunk is all of it: such a page is recorded when it is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole: Option<Next>,
}

impl Body for DeltaChunk {
    const VERSION: u32 = 1;
}
