//! Which edges an event is projected along, and why not.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, CalendarId};
use crate::rules::EdgeRules;
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    /// The account whose calendar is written.
    pub target_account: AccountId,
    /// The calendar that is written.
    pub target_calendar: CalendarId,
    /// How much is shown.
    pub detail: DetailLevel,
    /// What kind of calendar is written.
    pub kind: CalendarKind,
    /// What the user set: which events, and how they look.
    #[serde(default)]
    pub rules: EdgeRules,
}

words! {
    /// Why an event has no mirror along an edge. Those up to `Window` the event tells by itself, and of several the first
    /// counts, in this order. The others are found by whoever knows the other events and mirrors, and go before.
    FilterReason {
        /// It does not stand.
        Cancelled = "cancelled",
        /// The owner declined it.
        Declined = "declined",
        /// The owner answered that they may come.
        Tentative = "tentative",
        /// The owner did not answer.
        Unanswered = "unanswered",
        /// The owner is free.
        Free = "free",
        /// It takes whole days.
        AllDay = "all_day",
        /// Its kind is not copied.
        EventType = "event_type",
        /// It is outside the user's working hours.
        OutsideHours = "outside_hours",
        /// A pattern of the user matches its title or description.
        Pattern = "pattern",
        /// It carries the tag `#nosync`.
        Nosync = "nosync",
        /// It is too long ago or too far ahead.
        Window = "window",
        /// The target holds the same meeting.
        Duplicate = "duplicate",
        /// The user deleted its mirror.
        Dismissed = "dismissed",
        /// It is an exception that the mirror of its series shows.
        InSeries = "in_series",
        /// It is an exception of a series that nobody has seen yet.
        SeriesUnseen = "series_unseen",
        /// The event is deleted.
        Deleted = "deleted",
        /// No edge leads there any more.
        NoEdge = "no_edge",
    }
}
