//! sync and backfill: nudges. What to do is read from AccountDO when the message is handled, so a duplicate,
//! late or lost nudge costs a look-up and never an error.

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{AccountId, CalendarId};

use crate::Body;

/// A nudge to the sync Worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SyncMessage {
    /// A calendar may have changed.
    Calendar {
        /// The account.
        account: AccountId,
        /// The calendar.
        calendar: CalendarId,
        /// How dirty it is still to be marked: set only if its object could not be reached when the push came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        mark: Option<DirtyLevel>,
    },
    /// An account may need calendars discovered, its overlay made or its channels renewed.
    Maintain {
        /// The account.
        account: AccountId,
    },
}

impl SyncMessage {
    /// The account that the nudge is about.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        match self {
            Self::Calendar { account, .. } | Self::Maintain { account } => *account,
        }
    }
}

impl Body for SyncMessage {
    const VERSION: u32 = 1;
}
