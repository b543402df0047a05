//! Trips, and what is busy or free whatever the calendars say.

use serde::Serialize;
use serde_json::value::RawValue;
use tminus_domain::actor::Asker;
use tminus_domain::ids::ConstraintId;
use tminus_ports::{Encoded, Ports};
use tminus_user_graph::own_contract::{
    ListConstraints, ListSettingsJournal, PutConstraint, RemoveConstraint, Subject,
};

use super::own_graph::{Answer, Ask, Page, Said, encoded, part, said};
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
    #[cfg_attr(test, schemars(with = "Vec<Known<tminus_domain::constraint::Constraint>>"))]
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

/// `GET /v1/constraints?from=&to=&limit=&cursor=`
pub(crate) fn own<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let ConstraintsQuery { from, to, limit, cursor } = ConstraintsQuery::read(&cx.query)?;
    let (from, to) = (from.map(|Instant(from)| from), to.map(|Instant(to)| to));
    let list = List::new("constraints", user, &[&encoded(&(from, to))?]);
    let after = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListConstraints { from, to, after, limit: limit.unwrap_or_default().0 };
    Ask::new(user, &ask, move |said| {
        let page = Page::of(said)?;
        let next_cursor = page.next_cursor(&list)?;
        let known = |entry: &Said| part(entry).map(|(id, constraint)| Known { id, constraint });
        let constraints = page.entries.iter().map(known).collect::<Result<_, _>>()?;
        ApiResponse::json(200, &Constraints { constraints, next_cursor })
    })
}

/// `POST /v1/constraints`
pub(crate) fn add<P: Ports>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    put(cx, 201, idempotency::made(cx)?)
}

/// `PUT /v1/constraints/{cst}`
pub(crate) fn replace<P>(cx: &Context<'_, P>, id: ConstraintId) -> Result<Ask, ApiError> {
    put(cx, 200, id)
}

/// `DELETE /v1/constraints/{cst}`
pub(crate) fn remove<P>(cx: &Context<'_, P>, id: ConstraintId) -> Result<Ask, ApiError> {
    let remove = RemoveConstraint { id, by: Asker::Ui };
    Ask::change(cx.session()?.user, &remove, move |_| ApiResponse::json(200, &Removed { id }))
}

fn put<P>(cx: &Context<'_, P>, status: u16, id: ConstraintId) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let put = PutConstraint { id, by: Asker::Ui, constraint: body(cx.request)? };
    // As a text: it is encoded for the graph anyway.
    let constraint = RawValue::from_string(encoded(&put.constraint)?)
        .map_err(|_| ApiError::Internal { what: "a constraint does not encode" })?;
    Ask::change(user, &put, move |_| ApiResponse::json(status, &Known { id, constraint }))
}

/// Asks only if the constraint is set: the graph itself takes any id.
pub(crate) async fn if_set<P: Ports>(cx: &Context<'_, P>, id: ConstraintId, ask: Ask) -> Answer {
    let journal = ListSettingsJournal { subject: Subject::Constraint(id), before: None, limit: 1 };
    let said = said(cx, cx.session()?.user, Encoded::of(&journal)?).await?;
    if Page::of(said)?.now.is_none() {
        return Err(ApiError::not_found("constraint"));
    }
    ask.send(cx).await
}
