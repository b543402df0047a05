//! What is copied between a person's accounts, and how it looks.

use serde::Deserialize;
use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_ports::Ports;
use tminus_user_graph::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, Policy, PolicyEdge, PutEdge, RemoveEdge, SetWorkingHours, Switch,
};

use super::own_graph;
use crate::body;
use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// An edge as it is set. The contract's own type takes fields that it does not know.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an edge with from, to, detail, kind and switch")]
struct EdgeBody {
    from: AccountId,
    #[serde(default)]
    from_calendar: Option<CalendarId>,
    to: AccountId,
    detail: DetailLevel,
    kind: CalendarKind,
    switch: Switch,
    #[serde(default)]
    rules: EdgeRules,
}

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
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let policy = own_graph::read(cx, user, &GetPolicy {}).await?.unwrap_or(Policy {
        version: 0,
        reprojecting: false,
        edges: Vec::new(),
        hand_deleted: HandDeleted::Restore,
        working_hours: None,
    });
    ApiResponse::json(200, &policy)
}

/// `PUT /v1/policy/edges`: answers the policy.
pub(crate) async fn put_edge<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let edge: EdgeBody = body::json(cx)?;
    let put = PutEdge { edge: edge.into() };
    ApiResponse::json(200, &own_graph::change(cx, user, &put).await?)
}

/// `DELETE /v1/policy/edges?from=&from_calendar=&to=`: answers the policy.
pub(crate) async fn remove_edge<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let account = |name| cx.query.id(name, "an account")?.ok_or_else(|| missing(name));
    let key = EdgeKey {
        from: account("from")?,
        from_calendar: cx.query.id("from_calendar", "a calendar")?,
        to: account("to")?,
    };
    ApiResponse::json(200, &own_graph::change(cx, user, &RemoveEdge { key }).await?)
}

fn missing(name: &str) -> ApiError {
    ApiError::invalid(format!("{name} must be the id of an account"))
}

/// `PUT /v1/working-hours`, with the hours, or `null` for none: answers the policy.
pub(crate) async fn set_working_hours<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let hours: Option<WorkingHours> = body::json(cx)?;
    ApiResponse::json(200, &own_graph::change(cx, user, &SetWorkingHours { hours }).await?)
}
