//! The contract of UserGraphDO, policy: edges, working hours, dismissed mirrors, held sweeps.

use serde::{Deserialize, Serialize};
use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId, EventId, RunId};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_domain::words;

/// Which edge of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EdgeKey {
    /// The account whose events are projected; `acc_00000000000000000000000000`: what the user makes here.
    pub from: AccountId,
    /// Only those of this calendar, which then goes before the edge of its account; `None`: every calendar that has no
    /// edge of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_calendar: Option<CalendarId>,
    /// The account that is written into.
    pub to: AccountId,
}

/// One directed edge of the policy, as the user sets it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct PolicyEdge {
    /// Which edge.
    #[serde(flatten)]
    pub key: EdgeKey,
    /// How much is shown.
    pub detail: DetailLevel,
    /// What kind of calendar is written.
    pub kind: CalendarKind,
    /// Whether anything is projected along it.
    pub switch: Switch,
    /// Filters and shape.
    #[serde(default)]
    pub rules: EdgeRules,
}

words! {
    /// Whether an edge is used.
    Switch {
        /// Events are projected along it.
        On = "on",
        /// Nothing is.
        Off = "off",
    }
}

words! {
    /// What becomes of a mirror that someone deleted by hand at the provider.
    HandDeleted {
        /// It is written again.
        Restore = "restore",
        /// It stays away until it is taken back.
        Dismiss = "dismiss",
    }
}

/// Asks for the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetPolicy {}

/// The policy of the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Policy {
    /// Grows with every change.
    pub version: u32,
    /// Whether events wait to be projected by it.
    pub reprojecting: bool,
    /// Its edges, by account and calendar.
    pub edges: Vec<PolicyEdge>,
    /// What becomes of mirrors that are deleted by hand.
    pub hand_deleted: HandDeleted,
    /// The user's working hours, if they are known.
    pub working_hours: Option<WorkingHours>,
}

/// Adds an edge or replaces it. An edge to its own account, from or to one that is not linked, into a primary calendar
/// that may not be written, or with rules that cannot be followed is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutEdge {
    /// The edge.
    pub edge: PolicyEdge,
}

/// Removes the edge of one calendar, so that the edge of its account applies again; that of an account is refused: it is
/// switched off instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveEdge {
    /// Which.
    pub key: EdgeKey,
}

/// Sets what becomes of mirrors that are deleted by hand: of all, or of one event's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetHandDeleted {
    /// Of this event only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// What; `None` takes the setting of an event back.
    pub becomes: Option<HandDeleted>,
}

/// Sets the user's working hours; `None`: there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetWorkingHours {
    /// The hours.
    pub hours: Option<WorkingHours>,
}

/// Dismisses the mirror of an event in one calendar, or takes that back. A repeat changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetDismissed {
    /// The event.
    pub event: EventId,
    /// The calendar that holds the mirror, or would.
    pub calendar: CalendarId,
    /// Whether it is wanted.
    pub wish: MirrorWish,
}

words! {
    /// Whether a user wants a mirror.
    MirrorWish {
        /// As the policy says.
        AsPolicy = "as_policy",
        /// Not at all.
        Dismissed = "dismissed",
    }
}

/// Lists the sweeps that are held: events that two full lists did not show, too many to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListHolds {}

/// Held sweeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Holds {
    /// One a calendar.
    pub holds: Vec<Hold>,
}

/// One held sweep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Hold {
    /// The account.
    pub account: AccountId,
    /// The calendar.
    pub calendar: CalendarId,
    /// The run that raised it: a decision names it, so that it cannot meet another sweep.
    pub run: RunId,
    /// How many events it would delete.
    pub missing: u32,
    /// How many the calendar has.
    pub total: u32,
    /// Since when, RFC 3339.
    pub since: String,
}

/// Asks what a held sweep would delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetHold {
    /// The calendar.
    pub calendar: CalendarId,
    /// Only events after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<EventId>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// A page of what a held sweep would delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HoldPage {
    /// The sweep; `None` if nothing of the calendar is held (any more).
    pub hold: Option<Hold>,
    /// The events.
    pub events: Vec<HeldEvent>,
    /// Where the next page starts, if there is one.
    pub next: Option<EventId>,
}

/// An event that a held sweep would delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct HeldEvent {
    /// The event.
    pub event: EventId,
    /// Its title.
    pub title: Option<String>,
    /// Its start, RFC 3339 or a date.
    pub start: String,
}

/// Decides on a held sweep. Approved, the events go in bounded steps; rejected, they stay, and only two further full
/// lists without them would hold them again. A repeat, or a decision on another run's, changes nothing; a calendar that is not
/// the user's is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecideHold {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run that raised it.
    pub run: RunId,
    /// What is decided.
    pub decision: Decision,
}

words! {
    /// What becomes of a held sweep.
    Decision {
        /// The events are deleted.
        Approve = "approve",
        /// The events stay.
        Reject = "reject",
    }
}

/// What a decision on a held sweep came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Decided {
    /// How many events are being deleted, or stay; 0 if nothing was held for that run (any more).
    pub events: u32,
}

crate::contract::commands! {
    GetPolicy => "get_policy", Policy;
    PutEdge => "put_edge", Policy;
    RemoveEdge => "remove_edge", Policy;
    SetHandDeleted => "set_hand_deleted", ();
    SetWorkingHours => "set_working_hours", Policy;
    SetDismissed => "set_dismissed", ();
    ListHolds => "list_holds", Holds;
    GetHold => "get_hold", HoldPage;
    DecideHold => "decide_hold", Decided;
}
