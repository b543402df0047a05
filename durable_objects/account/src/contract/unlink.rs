//! Unlinking an account: a state machine that survives any crash (protocol rule 29).
//!
//! draining (nobody may write or fetch any more) → purging (our events are removed at the provider, until two lists in
//! a row hold none) → closing (channels stopped, overlay removed, grant revoked) → a tombstone without personal data.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, MessageId, UserId};
use tminus_domain::time::Timestamp;
use tminus_domain::words;

use super::maintenance::KnownChannel;
use super::{TokenGrant, commands};

/// Begins to unlink the account. A repeat changes nothing; linking again is refused until it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlink {}

words! {
    /// How far unlinking is.
    UnlinkStep {
        /// Writes that were under way come to their end; the graph forgets the account.
        Draining = "draining",
        /// Our events are removed at the provider.
        Purging = "purging",
        /// Channels are stopped, the overlay is removed, the grant is given back.
        Closing = "closing",
    }
}

/// What one who unlinks needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkGrant {
    /// Whose account it is.
    pub user: UserId,
    /// The overlay calendar's id, which the description of every overlay that was made for the account holds.
    pub overlay_calendar: CalendarId,
    /// The highest generation of any of its calendars, which the graph has to forget.
    pub generation: u32,
    /// The step to do.
    pub step: UnlinkStep,
    /// What to call the provider with; `None` if the grant is gone, and with it every way to tidy up there.
    pub token: Option<TokenGrant>,
    /// The calendars that may hold mirrors.
    pub written: Vec<WrittenCalendar>,
    /// Every channel that is open.
    pub channels: Vec<KnownChannel>,
}

/// A calendar that may hold mirrors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenCalendar {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its id at the provider.
    pub provider_calendar_id: String,
    /// Whether T-Minus made it: it is removed itself in the end.
    pub overlay: bool,
}

/// The graph has forgotten the account: no write begins any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkDrained {
    /// Who unlinks.
    pub holder: MessageId,
    /// When the last claim of the graph ends; `None` if nothing is claimed.
    pub claimed_until: Option<Timestamp>,
}

/// Our events were looked for in every calendar that may hold them, and removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkPurged {
    /// Who unlinks.
    pub holder: MessageId,
    /// How many were found; 0 twice in a row ends the purge.
    pub found: u32,
}

/// Channels are stopped and the overlay is removed: revokes the grant and leaves a tombstone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FinishUnlink {
    /// Who unlinks.
    pub holder: MessageId,
}

/// The step was not done: it is done again later, with growing pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkFailed {
    /// Who unlinks.
    pub holder: MessageId,
    /// At least so many seconds later.
    pub retry_after_s: u32,
}

commands! {
    Unlink => "unlink", ();
    UnlinkDrained => "unlink_drained", ();
    UnlinkPurged => "unlink_purged", ();
    UnlinkFailed => "unlink_failed", ();
    FinishUnlink => "finish_unlink", ();
}
