//! Trips, and what is busy or free whatever the calendars say.

use serde::{Deserialize, Serialize};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::Constraint;
use tminus_domain::ids::{ConstraintId, UserId};
use tminus_ports::Ports;
use tminus_user_graph::own_contract::{
    ListConstraints, ListSettingsJournal, PutConstraint, RemoveConstraint, Subject,
};

use super::own_graph::{self, Said};
use crate::conventions::{ApiError, Instant, Limit, List, body, idempotency, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Which constraints, and which page of them.
    ConstraintsQuery {
        /// Only those that end after this.
        from: Option<Instant>,
        /// Only those that start before this.
        to: Option<Instant>,
        /// How many constraints a page lists at most; 100 unless it is said.
        limit: Option<Limit>,
        /// Where the page starts: the `next_cursor` of the page before.
        cursor: Option<String>,
    }
}

/// A constraint and its id.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "StandingConstraint"))]
pub(crate) struct Known<T> {
    id: ConstraintId,
    constraint: T,
}

/// A page of constraints.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Constraints {
    /// In the order of their ids.
    #[cfg_attr(test, schemars(with = "Vec<Known<Constraint>>"))]
    constraints: Vec<Known<Said>>,
    /// Where the next page starts; `null`: this was the last one.
    next_cursor: Option<String>,
}

/// What was removed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Removed {
    /// The constraint.
    id: ConstraintId,
}

/// The page as the graph hands it over.
#[derive(Deserialize, Default)]
struct Page {
    constraints: Vec<(ConstraintId, Said)>,
    next: Option<ConstraintId>,
}

/// `GET /v1/constraints?from=&to=&limit=&cursor=`
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let ConstraintsQuery { from, to, limit, cursor } = ConstraintsQuery::read(&cx.query)?;
    let (from, to) = (from.map(|Instant(from)| from), to.map(|Instant(to)| to));
    let bounds = [from, to].map(|bound| bound.map(|at| at.millis().to_string()).unwrap_or_default());
    let list = List::new("constraints", user, &bounds.each_ref().map(String::as_str));
    let after = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListConstraints { from, to, after, limit: limit.unwrap_or_default().0 };
    let said = own_graph::ask(cx, user, &ask).await?;
    let page: Page = said.map(|said| own_graph::part(&said)).transpose()?.unwrap_or_default();
    let next_cursor = page.next.map(|next| list.cursor(&next)).transpose()?;
    let constraints = page.constraints.into_iter().map(|(id, constraint)| Known { id, constraint }).collect();
    ApiResponse::json(200, &Constraints { constraints, next_cursor })
}

/// `POST /v1/constraints`
pub(crate) async fn add<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let constraint = body(cx.request)?;
    put(cx, user, 201, idempotency::made(cx)?, constraint).await
}

/// `PUT /v1/constraints/{cst}`
pub(crate) async fn replace<P: Ports>(
    cx: &Context<'_, P>,
    id: ConstraintId,
) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let constraint = body(cx.request)?;
    require(cx, user, id).await?;
    put(cx, user, 200, id, constraint).await
}

/// `DELETE /v1/constraints/{cst}`
pub(crate) async fn remove<P: Ports>(cx: &Context<'_, P>, id: ConstraintId) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    require(cx, user, id).await?;
    own_graph::change(cx, user, &RemoveConstraint { id, by: Asker::Ui }).await?;
    ApiResponse::json(200, &Removed { id })
}

async fn put<P: Ports>(
    cx: &Context<'_, P>,
    user: UserId,
    status: u16,
    id: ConstraintId,
    constraint: Constraint,
) -> Result<ApiResponse, ApiError> {
    let put = PutConstraint { id, by: Asker::Ui, constraint };
    own_graph::change(cx, user, &put).await?;
    ApiResponse::json(status, &Known { id, constraint: put.constraint })
}

/// Refuses an id of which nothing is set: the graph itself takes any.
async fn require<P: Ports>(cx: &Context<'_, P>, user: UserId, id: ConstraintId) -> Result<(), ApiError> {
    #[derive(Deserialize)]
    struct Standing {
        now: Option<Said>,
    }
    let ask = ListSettingsJournal { subject: Subject::Constraint(id), before: None, limit: 1 };
    let said = own_graph::ask(cx, user, &ask).await?;
    let standing = said.map(|said| own_graph::part::<Standing>(&said)).transpose()?;
    let is_set = standing.is_some_and(|standing| standing.now.is_some());
    if is_set { Ok(()) } else { Err(ApiError::not_found("constraint")) }
}
