//! Constraints of a user's time: trips, and what is blocked or free whatever the calendars say.
//!
//! What is busy by a constraint blocks time everywhere: an own event stands behind it. Working hours are a constraint too,
//! with rules of their own: [`crate::hours`].

use serde::{Deserialize, Serialize};

use crate::event::{Status, Transparency, Visibility, When};
use crate::hours::Zone;
use crate::own_event::{OwnEvent, OwnEventError};
use crate::words;

/// A constraint of a user's time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Constraint {
    /// The user is elsewhere, and busy.
    Trip(Trip),
    /// The user is busy or free, whatever the calendars say.
    Override(Override),
}

/// A trip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Trip {
    /// From when to when: times, or whole days.
    pub when: When,
    /// Where to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// By which clock the user lives there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// A span that is busy or free, whatever the calendars say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// From when to when: times, or whole days.
    pub when: When,
    /// What the user is then.
    pub effect: Effect,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

words! {
    /// What a user is by a constraint.
    Effect {
        /// Busy.
        Busy = "busy",
        /// Free.
        Free = "free",
    }
}

impl Constraint {
    /// The kind, as it is stored.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Trip(_) => "trip",
            Self::Override(_) => "override",
        }
    }

    /// From when to when.
    #[must_use]
    pub const fn when(&self) -> &When {
        match self {
            Self::Trip(Trip { when, .. }) | Self::Override(Override { when, .. }) => when,
        }
    }

    /// What the user is then.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        match self {
            Self::Trip(_) => Effect::Busy,
            Self::Override(set) => set.effect,
        }
    }

    /// The event that blocks the time; `None` if none is blocked.
    #[must_use]
    pub fn block(&self) -> Option<OwnEvent> {
        (self.effect() == Effect::Busy).then(|| self.event())
    }

    /// Finds whatever is wrong, so that a user hears of it when it is set.
    ///
    /// # Errors
    /// [`OwnEventError`], as of the event that says the same.
    pub fn check(&self) -> Result<(), OwnEventError> {
        self.event().content().map(drop)
    }

    fn event(&self) -> OwnEvent {
        let (place, note) = match self {
            Self::Trip(trip) => (trip.place.clone(), None),
            Self::Override(set) => (None, set.note.clone()),
        };
        OwnEvent {
            title: place.clone(),
            description: note,
            location: place,
            when: self.when().clone(),
            status: Status::Confirmed,
            visibility: Visibility::Default,
            transparency: Transparency::Opaque,
            recurrence: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn days(from: &str, to: &str) -> When {
        When::AllDay { start: from.parse().unwrap(), end: to.parse().unwrap() }
    }

    #[test]
    fn what_is_busy_is_blocked_and_what_is_free_is_not() {
        let when = days("2026-03-01", "2026-03-04");
        let trip: Constraint =
            from_value(json!({"trip": {"when": when, "place": "Lisbon", "zone": "Europe/Lisbon"}})).unwrap();
        let block = trip.block().unwrap();
        assert_eq!((block.location.as_deref(), block.when), (Some("Lisbon"), when.clone()));
        let set = |effect| Constraint::Override(Override { when: when.clone(), effect, note: None });
        assert!(set(Effect::Busy).block().is_some() && set(Effect::Free).block().is_none());
        for constraint in [trip, set(Effect::Free)] {
            let json = serde_json::to_value(&constraint).unwrap();
            assert_eq!(json.as_object().unwrap().keys().next().unwrap(), constraint.kind());
            assert_eq!(from_value::<Constraint>(json).unwrap(), constraint);
        }
    }

    #[test]
    fn what_cannot_be_is_refused_also_where_nothing_is_blocked() {
        let when = days("2026-03-04", "2026-03-01");
        let free = Override { when, effect: Effect::Free, note: None };
        assert!(matches!(Constraint::Override(free).check(), Err(OwnEventError::EndBeforeStart(_))));
        let place = Some("x".repeat(2_000));
        let trip = Trip { when: days("2026-03-01", "2026-03-02"), place, zone: None };
        assert_eq!(Constraint::Trip(trip).check(), Err(OwnEventError::LineTooLong));
    }
}
