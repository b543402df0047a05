//! The contract of UserGraphDO, what a user makes here: own events, trips and overrides, the journal of settings.

use serde::{Deserialize, Serialize};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::Constraint;
use tminus_domain::ids::{ConstraintId, EventId, JournalId, TraceId};
use tminus_domain::own_event::{OwnEvent, OwnEventPatch};
use tminus_domain::time::Timestamp;
use tminus_domain::words;

/// Creates an event that belongs to no account: it is projected as any other, along the edges from
/// [`tminus_domain::ids::AccountId::INTERNAL`]. A repeat answers the event as it stands; an id that is another event's, or
/// was once, is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateOwnEvent {
    /// Chosen by whoever asks, so that a repeat is known as one.
    pub event: EventId,
    /// Who asks.
    pub by: Asker,
    /// What it says.
    pub content: OwnEvent,
}

/// Changes an own event. One of an account is refused: its provider owns it. What is so already is not changed again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeOwnEvent {
    /// The event.
    pub event: EventId,
    /// Who asks.
    pub by: Asker,
    /// The version that is to be changed; `None`: whichever stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// What is to be changed of it.
    pub patch: OwnEventPatch,
}

/// Deletes an own event. One of an account is refused, one that is deleted stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeleteOwnEvent {
    /// The event.
    pub event: EventId,
    /// Who asks.
    pub by: Asker,
    /// The version that is to be deleted; `None`: whichever stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

/// An own event as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct OwnStanding {
    /// The event.
    pub event: EventId,
    /// Its version, from 1.
    pub version: u32,
    /// What it says.
    pub content: OwnEvent,
}

/// Another version stands than was to be changed: nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    /// The version that stands.
    pub version: u32,
}

/// Sets a trip or an override, or replaces it. One that is busy blocks time everywhere: an own event stands behind it,
/// whose id is the constraint's under another prefix, and which is not changed by itself. A repeat changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutConstraint {
    /// Chosen by whoever asks.
    pub id: ConstraintId,
    /// Who asks.
    pub by: Asker,
    /// The constraint.
    pub constraint: Constraint,
}

/// Removes a trip or an override, and what it blocks. One that is not there stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoveConstraint {
    /// Which.
    pub id: ConstraintId,
    /// Who asks.
    pub by: Asker,
}

/// Lists trips and overrides in the order of their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListConstraints {
    /// Only those that end after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Only those that start before this; whole days touch a span if they do in any zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    /// Only those after this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<ConstraintId>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// Some trips and overrides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConstraintPage {
    /// Each with its id.
    pub constraints: Vec<(ConstraintId, Constraint)>,
    /// Where the next page starts, if there is one.
    pub next: Option<ConstraintId>,
}

/// What the settings' journal is about. As text `policy`, `working_hours`, or an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subject {
    /// Linked accounts, edges, and what becomes of mirrors that are deleted by hand.
    Policy,
    /// The user's working hours.
    WorkingHours,
    /// A trip or an override.
    Constraint(ConstraintId),
    /// What becomes of the mirrors of one event that are deleted by hand.
    Event(EventId),
}

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Subject {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Subject".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let pattern = "^(policy|working_hours|(cst|evt)_[0-7][0-9A-HJKMNP-TV-Z]{25})$";
        schemars::json_schema!({"type": "string", "pattern": pattern})
    }
}

/// A text is no [`Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a subject of the settings' journal")]
pub struct NotASubject;

impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Policy => f.write_str("policy"),
            Self::WorkingHours => f.write_str("working_hours"),
            Self::Constraint(id) => id.fmt(f),
            Self::Event(id) => id.fmt(f),
        }
    }
}

impl std::str::FromStr for Subject {
    type Err = NotASubject;

    fn from_str(text: &str) -> Result<Self, NotASubject> {
        match text {
            "policy" => Ok(Self::Policy),
            "working_hours" => Ok(Self::WorkingHours),
            id => match (id.parse(), id.parse()) {
                (Ok(id), _) => Ok(Self::Constraint(id)),
                (_, Ok(id)) => Ok(Self::Event(id)),
                _ => Err(NotASubject),
            },
        }
    }
}

impl TryFrom<String> for Subject {
    type Error = NotASubject;

    fn try_from(text: String) -> Result<Self, NotASubject> {
        text.parse()
    }
}

impl From<Subject> for String {
    fn from(subject: Subject) -> Self {
        subject.to_string()
    }
}

/// Lists what was changed of the settings of one subject, the newest change first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSettingsJournal {
    /// Of what.
    pub subject: Subject,
    /// Only changes before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<JournalId>,
    /// At most this many, 1 to 500.
    pub limit: u32,
}

/// Some changes of one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsPage {
    /// What is set now; `None`: nothing is. To see what was set before a change, apply the way back of each change from the
    /// newest to it.
    pub now: Option<serde_json::Value>,
    /// The changes.
    pub entries: Vec<SettingsEntry>,
    /// Where the next page starts, if there is one.
    pub next: Option<JournalId>,
}

/// One change of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct SettingsEntry {
    /// The entry.
    pub id: JournalId,
    /// When.
    pub at: Timestamp,
    /// Who asked for it.
    pub by: Asker,
    /// What happened.
    pub change: SettingsChange,
    /// The patch (RFC 6902) from what was set after the change (null: nothing) to what was set before; `None`: there was
    /// nothing before.
    pub way_back: Option<serde_json::Value>,
    /// Why.
    pub reason: Option<String>,
    /// The work that it was done in.
    pub trace: Option<TraceId>,
}

words! {
    /// What happened to a setting.
    SettingsChange {
        /// There was none before.
        Created = "created",
        /// It was another.
        Updated = "updated",
        /// There is none any more.
        Deleted = "deleted",
    }
}

crate::contract::commands! {
    CreateOwnEvent => "create_own_event", OwnStanding;
    ChangeOwnEvent => "change_own_event", Result<OwnStanding, Conflict>;
    DeleteOwnEvent => "delete_own_event", Result<(), Conflict>;
    PutConstraint => "put_constraint", ();
    RemoveConstraint => "remove_constraint", ();
    ListConstraints => "list_constraints", ConstraintPage;
    ListSettingsJournal => "list_settings_journal", SettingsPage;
}
