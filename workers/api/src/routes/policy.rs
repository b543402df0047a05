//! What is copied between a person's accounts, and how it looks.

use serde::Deserialize;
use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_user_graph::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, Policy, PolicyEdge, PutEdge, RemoveEdge, SetWorkingHours, Switch,
};

use super::own_graph::{Ask, answer};
use crate::conventions::{ApiError, body, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

/// An edge as it is set. The contract's own type takes fields that it does not know.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an edge with from, to, detail, kind and switch")]
pub(crate) struct EdgeBody {
    /// The account whose events are copied.
    from: AccountId,
    /// Only those of this calendar.
    #[serde(default)]
    from_calendar: Option<CalendarId>,
    /// The account that is written into.
    to: AccountId,
    detail: DetailLevel,
    kind: CalendarKind,
    switch: Switch,
    /// Filters and shape.
    #[serde(default)]
    rules: EdgeRules,
}

parameters! {
    /// Which edge.
    EdgeQuery {
        /// The account whose events are copied.
        from: AccountId,
        /// The calendar whose events are copied. An edge without one is switched off instead of removed.
        from_calendar: Option<CalendarId>,
        /// The account that is written into.
        to: AccountId,
    }
}

/// The policy before the first account.
const NO_POLICY: Policy = Policy {
    version: 0,
    reprojecting: false,
    edges: Vec::new(),
    hand_deleted: HandDeleted::Restore,
    working_hours: None,
};

impl From<EdgeBody> for PolicyEdge {
    fn from(body: EdgeBody) -> Self {
        Self {
            key: EdgeKey { from: body.from, from_calendar: body.from_calendar, to: body.to },
            detail: body.detail,
            kind: body.kind,
            switch: body.switch,
            rules: body.rules,
        }
    }
}

/// `GET /v1/policy`
pub(crate) fn own<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    Ask::new(cx.session()?.user, &GetPolicy {}, |said| match said {
        Some(said) => Ok(answer(200, &said)),
        None => ApiResponse::json(200, &NO_POLICY),
    })
}

/// `PUT /v1/policy/edges`: answers the policy.
pub(crate) fn put_edge<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let edge: EdgeBody = body(cx.request)?;
    Ask::tell(cx.session()?.user, 200, &PutEdge { edge: edge.into() })
}

/// `DELETE /v1/policy/edges?from=&from_calendar=&to=`: answers the policy.
pub(crate) fn remove_edge<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let EdgeQuery { from, from_calendar, to } = EdgeQuery::read(&cx.query)?;
    let key = EdgeKey { from, from_calendar, to };
    Ask::tell(cx.session()?.user, 200, &RemoveEdge { key })
}

/// `PUT /v1/working-hours`, with the hours, or `null` for none: answers the policy.
pub(crate) fn set_working_hours<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let hours: Option<WorkingHours> = body(cx.request)?;
    Ask::tell(cx.session()?.user, 200, &SetWorkingHours { hours })
}
