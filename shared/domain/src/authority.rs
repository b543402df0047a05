//! Who owns what an event or a mirror says. Only the owner changes it; where somebody else did, both values are kept as a
//! conflict before the owner's is put back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ids::AccountId;
use crate::projection::MirrorBody;

/// Who owns a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The provider account that an event comes from.
    Account(AccountId),
    /// T-Minus.
    Tminus,
}

impl Owner {
    /// Who owns every field of an event that comes from this account: its provider; T-Minus if the user made it here.
    #[must_use]
    pub fn of_event(account: AccountId) -> Self {
        if account == AccountId::INTERNAL { Self::Tminus } else { Self::Account(account) }
    }

    /// Who owns every field of a mirror that T-Minus writes, wherever it stands. What a mirror has beside them (a reminder,
    /// a colour where none is written) is of whoever put it there.
    pub const OF_MIRROR: Self = Self::Tminus;
}

/// A field that somebody else than its owner changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Disagreement {
    /// What its owner, T-Minus, wants; null: nothing.
    pub ours: Value,
    /// What somebody put there; null: nothing.
    pub theirs: Value,
}

/// The fields of a mirror that somebody changed, by the names of [`MirrorBody`]. `None`: no mirror is wanted at all.
#[must_use]
pub fn disagreements(ours: Option<&MirrorBody>, theirs: &MirrorBody) -> BTreeMap<String, Disagreement> {
    let (mut wanted, shown) = (ours.map(fields).unwrap_or_default(), fields(theirs));
    let is_theirs = |name: &str| name == "color" && ours.is_some_and(|ours| ours.color.is_none());
    let mut found = BTreeMap::new();
    for (name, theirs) in shown {
        let ours = wanted.remove(&name).unwrap_or_default();
        if ours != theirs && !is_theirs(&name) {
            found.insert(name, Disagreement { ours, theirs });
        }
    }
    // What is left has no value there.
    found.extend(wanted.into_iter().map(|(name, ours)| (name, Disagreement { ours, theirs: Value::Null })));
    found
}

fn fields(body: &MirrorBody) -> Map<String, Value> {
    match serde_json::to_value(body) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Visibility, When};
    use crate::ids::{PrefixedId as _, Ulid};
    use crate::projection::Color;
    use crate::time::Timestamp;
    use serde_json::json;

    fn body() -> MirrorBody {
        MirrorBody {
            summary: "Busy".to_owned(),
            description: None,
            location: Some("Room 1".to_owned()),
            when: When::timed(Timestamp::from_millis(0), Timestamp::from_millis(1000), None).unwrap(),
            recurrence: Vec::new(),
            tentative: false,
            free: false,
            visibility: Visibility::Default,
            color: None,
        }
    }

    #[test]
    fn an_event_is_its_accounts_and_what_is_made_here_is_ours() {
        let account = AccountId::from_ulid(Ulid::from_parts(1, 2));
        assert_eq!(Owner::of_event(account), Owner::Account(account));
        assert_eq!(Owner::of_event(AccountId::INTERNAL), Owner::Tminus);
        assert_eq!(Owner::OF_MIRROR, Owner::Tminus);
    }

    #[test]
    fn what_was_changed_is_told_with_both_values() {
        assert_eq!(disagreements(Some(&body()), &body()), BTreeMap::new());
        let theirs = MirrorBody {
            summary: "Mine".to_owned(),
            description: Some("Notes".to_owned()),
            location: None,
            ..body()
        };
        let told = |ours: Value, theirs: Value| Disagreement { ours, theirs };
        let expected = [
            ("description", told(Value::Null, json!("Notes"))),
            ("location", told(json!("Room 1"), Value::Null)),
            ("summary", told(json!("Busy"), json!("Mine"))),
        ];
        let expected = expected.map(|(name, told)| (name.to_owned(), told)).into();
        assert_eq!(disagreements(Some(&body()), &theirs), expected);
    }

    /// A colour is compared only where we wrote one (protocol rule 23).
    #[test]
    fn a_colour_where_none_is_written_is_its_owners() {
        let red = Color::try_from(11).ok();
        let painted = MirrorBody { color: red, ..body() };
        assert_eq!(disagreements(Some(&body()), &painted), BTreeMap::new());
        let names: Vec<String> = disagreements(Some(&painted), &body()).into_keys().collect();
        assert_eq!(names, ["color"]);
    }

    #[test]
    fn of_a_mirror_that_is_not_wanted_everything_is_theirs() {
        let all = disagreements(None, &body());
        assert!(all.values().all(|told| told.ours.is_null()));
        assert_eq!(all["summary"].theirs, json!("Busy"));
    }
}
