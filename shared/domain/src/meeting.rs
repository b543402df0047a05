//! The same meeting in several accounts: every copy of an invitation has the same iCalendar UID (RFC 5545 section 3.8.4.7).

use std::collections::BTreeSet;

use crate::event::{EventContent, OwnResponse, SeriesPart, Status};
use crate::ids::{AccountId, EventId};
use crate::occurrence::Occurrence;

/// What follows the provider's id in the UID of a meeting that was made there.
const USUAL_DOMAIN: &str = "@google.com";

/// One copy of a meeting, or of one occurrence of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The account that has it.
    pub account: AccountId,
    /// The event.
    pub event: EventId,
    /// How much of the meeting it is.
    pub scope: Scope,
    /// Whether it stands there.
    pub stands: bool,
}

/// How much of a meeting a copy is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All of it: a single event, or a series.
    Whole {
        /// The occurrences that it has by its rules and dates, of those that are asked for.
        has: BTreeSet<Occurrence>,
    },
    /// One occurrence of a series.
    One(Occurrence),
}

impl Copy {
    /// Which occurrence of a series it is, if it is one.
    #[must_use]
    pub const fn occurrence(&self) -> Option<Occurrence> {
        match self.scope {
            Scope::One(occurrence) => Some(occurrence),
            Scope::Whole { .. } => None,
        }
    }
}

/// Whether an event stands in the account that has it: not cancelled, not declined.
#[must_use]
pub fn stands(content: &EventContent) -> bool {
    content.status != Status::Cancelled && content.own_response != OwnResponse::Declined
}

/// The copies as which the account holds the meeting itself, so that it needs no block. What it has of the very occurrence
/// goes before what it has of the series, and a series that was moved holds none of the occurrences that it left behind.
pub fn holding(
    copies: &[Copy],
    account: AccountId,
    occurrence: Option<Occurrence>,
) -> impl Iterator<Item = &Copy> {
    let is_of = move |copy: &Copy| copy.account == account && copy.occurrence() == occurrence;
    let is_known = copies.iter().any(is_of);
    let has = move |copy: &Copy| match (&copy.scope, &occurrence) {
        (Scope::Whole { has }, Some(occurrence)) => copy.account == account && has.contains(occurrence),
        _ => false,
    };
    copies.iter().filter(move |copy| copy.stands && if is_known { is_of(copy) } else { has(copy) })
}

/// The UID that the provider gives to a meeting of its own.
#[must_use]
pub fn usual_uid(own_id: &str) -> String {
    format!("{own_id}{USUAL_DOMAIN}")
}

/// The provider's id of the meeting whose UID is the usual one.
#[must_use]
pub fn own_id(uid: &str) -> Option<&str> {
    uid.strip_suffix(USUAL_DOMAIN)
}

/// The id that the usual UID of an event is made of: its own, or its series'.
#[must_use]
pub fn base_id<'a>(provider_event_id: &'a str, content: &'a EventContent) -> &'a str {
    match &content.series {
        SeriesPart::Exception { master, .. } => master,
        SeriesPart::Single | SeriesPart::Master { .. } => provider_event_id,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{PrefixedId, Ulid};

    #[test]
    fn an_occurrence_that_is_declined_is_not_held_though_its_series_is() {
        let account = AccountId::from_ulid(Ulid::from_parts(1, 1));
        let other = AccountId::from_ulid(Ulid::from_parts(1, 2));
        let event = EventId::from_ulid(Ulid::from_parts(1, 3));
        let on = |stamp| Occurrence::from_stamp(stamp).unwrap();
        let copy = |scope, stands| Copy { account, event, scope, stands };
        let has = ["20260301", "20260303"].map(on).into();
        let one = |stamp| Scope::One(on(stamp));
        let copies =
            [copy(Scope::Whole { has }, true), copy(one("20260301"), false), copy(one("20260302"), true)];
        let is_held =
            |copies: &[Copy], account, occurrence| holding(copies, account, occurrence).next().is_some();
        let held = |stamp| is_held(&copies, account, Some(on(stamp)));
        assert!(is_held(&copies, account, None));
        let scopes =
            |stamp| holding(&copies, account, Some(on(stamp))).map(Copy::occurrence).collect::<Vec<_>>();
        assert_eq!(scopes("20260302"), [Some(on("20260302"))], "as itself");
        assert_eq!(scopes("20260303"), [None], "as the series");
        assert_eq!(["20260301", "20260302", "20260303"].map(held), [false, true, true]);
        assert!(!held("20260304"), "its series does not have it");
        assert!(!is_held(&copies, other, None));
        assert!(!is_held(&copies[1..], account, None), "one occurrence is not the series");
    }
}
