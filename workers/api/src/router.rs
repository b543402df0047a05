//! From a method and a path to a route, by [`crate::table`].

use std::str::FromStr;

use tminus_domain::ids::{AccountId, CalendarId, ConstraintId, DeadLetterId, EventId, UserId};
use tminus_ports::Method;

use crate::conventions::{ApiError, Query};
use crate::table::{Route, TABLE};

/// Who may take a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anybody.
    Open,
    /// Whoever is signed in, for what is theirs.
    Session,
    /// An operator, by token.
    Operator,
}

/// Which parameters a route takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Whatever comes: a provider adds its own.
    Any,
}

/// A line of the table.
#[derive(Debug)]
pub(crate) struct Row {
    /// The route's name, for logs and clients: a path may hold anything, a name does not.
    pub(crate) name: &'static str,
    /// Its method.
    pub(crate) method: Method,
    /// Its path, with places in braces.
    pub(crate) path: &'static str,
    /// Who may take it.
    pub(crate) access: Access,
    /// Its parameters.
    pub(crate) takes: Takes,
    /// Makes the route of what is in the places of a path.
    pub(crate) make: fn(&[&str]) -> Result<Route, ApiError>,
}

impl Row {
    /// Whether it changes something by the session's cookie, which a browser brings along for any page.
    pub(crate) fn changes_by_session(&self) -> bool {
        self.access == Access::Session && self.method != Method::Get
    }

    /// Refuses parameters that it does not take.
    pub(crate) fn check(&self, query: &Query) -> Result<(), ApiError> {
        match self.takes {
            Takes::Only(known) => query.only(known),
            Takes::Any => Ok(()),
        }
    }

    /// What is in the places, if the path is one of the route's.
    fn places<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut found = Vec::new();
        let mut given = path.split('/');
        for wanted in self.path.split('/') {
            let given = given.next()?;
            if wanted.starts_with('{') {
                found.push(given);
            } else if wanted != given {
                return None;
            }
        }
        given.next().is_none().then_some(found)
    }
}

/// The route of a request.
pub(crate) fn route(method: &str, path: &str) -> Result<(&'static Row, Route), ApiError> {
    let mut allow: Vec<&str> = Vec::new();
    for row in TABLE {
        if let Some(places) = row.places(path) {
            if row.method.as_str() == method {
                return Ok((row, (row.make)(&places)?));
            }
            allow.push(row.method.as_str());
        }
    }
    if allow.is_empty() {
        return Err(ApiError::not_found("route"));
    }
    allow.sort_unstable();
    Err(ApiError::MethodNotAllowed { allow: allow.join(", ") })
}

/// What can stand in a place of a path.
pub(crate) trait Place: FromStr {
    /// What there is none of if the text is none.
    const WHAT: &'static str;
}

/// Reads a place. Whatever is no id names nothing.
pub(crate) fn place<T: Place>(text: Option<&&str>) -> Result<T, ApiError> {
    text.and_then(|text| text.parse().ok()).ok_or_else(|| ApiError::not_found(T::WHAT))
}

impl Place for AccountId {
    const WHAT: &'static str = "account";
}

impl Place for CalendarId {
    const WHAT: &'static str = "calendar";
}

impl Place for ConstraintId {
    const WHAT: &'static str = "constraint";
}

impl Place for DeadLetterId {
    const WHAT: &'static str = "dead letter";
}

impl Place for EventId {
    const WHAT: &'static str = "event";
}

impl Place for UserId {
    const WHAT: &'static str = "user";
}

/// The object of an account, or the one that keeps what belongs to none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ObjectName(pub(crate) String);

impl FromStr for ObjectName {
    type Err = tminus_domain::ids::IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == tminus_account::contract::UNROUTABLE {
            Ok(Self(text.to_owned()))
        } else {
            text.parse::<AccountId>().map(|account| Self(account.to_string()))
        }
    }
}

impl Place for ObjectName {
    const WHAT: &'static str = "account";
}

#[cfg(test)]
impl schemars::JsonSchema for ObjectName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ObjectName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(acc_[0-7][0-9A-HJKMNP-TV-Z]{25}|acc_unroutable)$",
        })
    }
}
