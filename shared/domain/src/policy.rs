//! Which edges an event is projected along, and why not.

use serde::{Deserialize, Serialize};

use crate::event::{EventContent, EventType, OwnResponse, SeriesPart, Status, Transparency};
use crate::ids::{AccountId, CalendarId};
use crate::words;

words! {
    /// How much others see.
    DetailLevel {
        /// That time is taken, nothing else.
        Busy = "BUSY",
        /// The title too.
        Title = "TITLE",
        /// Description and place too.
        Full = "FULL",
    }
}

words! {
    /// Into which calendar of the target account a mirror is written.
    CalendarKind {
        /// A calendar of ours: protects the person's own view, with the least permission.
        BusyOverlay = "BUSY_OVERLAY",
        /// The primary calendar: also blocks the person for colleagues.
        TrueMirror = "TRUE_MIRROR",
    }
}

words! {
    /// What a calendar of an account is to T-Minus.
    CalendarRole {
        /// The account's primary calendar: a source of events.
        Primary = "PRIMARY",
        /// Another calendar that the user owns or writes: a source of events.
        Secondary = "PROJECTED",
        /// Our own calendar in the account: a target only.
        Overlay = "BUSY_OVERLAY",
        /// A calendar that is only read by the user: neither source nor target.
        ReadOnly = "READONLY",
    }
}

impl CalendarRole {
    /// Whether its events are blocked elsewhere.
    #[must_use]
    pub const fn is_source(self) -> bool {
        matches!(self, Self::Primary | Self::Secondary)
    }

    /// Whether its changes are fetched.
    #[must_use]
    pub const fn is_watched(self) -> bool {
        !matches!(self, Self::ReadOnly)
    }
}

/// One directed edge of the policy, resolved to the calendar that it writes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The account whose calendar is written.
    pub target_account: AccountId,
    /// The calendar that is written.
    pub target_calendar: CalendarId,
    /// How much is shown.
    pub detail: DetailLevel,
    /// What kind of calendar is written.
    pub kind: CalendarKind,
}

words! {
    /// Why an event has no mirror along an edge.
    FilterReason {
        /// It does not stand.
        Cancelled = "cancelled",
        /// The owner declined it.
        Declined = "declined",
        /// The owner is free.
        Free = "free",
        /// Its kind blocks no time.
        EventType = "event_type",
        /// It belongs to a series; series are not mirrored yet.
        Series = "series",
    }
}

/// Why `content` has no mirror along any edge, `None` if it has one.
#[must_use]
pub fn filtered(content: &EventContent) -> Option<FilterReason> {
    if content.status == Status::Cancelled {
        return Some(FilterReason::Cancelled);
    }
    if content.own_response == OwnResponse::Declined {
        return Some(FilterReason::Declined);
    }
    if content.transparency == Transparency::Transparent {
        return Some(FilterReason::Free);
    }
    if matches!(content.event_type, EventType::Birthday | EventType::WorkingLocation) {
        return Some(FilterReason::EventType);
    }
    if content.series != SeriesPart::Single {
        return Some(FilterReason::Series);
    }
    None
}
