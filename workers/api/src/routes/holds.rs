//! Held sweeps: events that two full lists of a calendar did not show, too many to be believed (protocol rule 14).

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, EventId, RunId};
use tminus_ports::Ports;
use tminus_user_graph::policy_contract::{DecideHold, Decision, GetHold, HeldEvent, Hold, Holds, ListHolds};

use super::own_graph;
use crate::conventions::{ApiError, Limit, List, body, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Which page of a held sweep.
    HoldQuery {
        /// How many events a page lists at most; 100 unless it is said.
        limit: Option<Limit>,
        /// Where the page starts: the `next_cursor` of the page before.
        cursor: Option<String>,
    }
}

/// A page of what a held sweep would delete.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct HeldPage {
    hold: Hold,
    events: Vec<HeldEvent>,
    next_cursor: Option<String>,
}

/// A decision on a held sweep.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with run and decision")]
pub(crate) struct DecisionBody {
    /// The run that raised it.
    run: RunId,
    decision: Decision,
}

/// `GET /v1/holds`
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let holds = own_graph::read(cx, user, &ListHolds {}).await?.unwrap_or(Holds { holds: Vec::new() });
    ApiResponse::json(200, &holds)
}

/// `GET /v1/holds/{cal}?limit=&cursor=`
pub(crate) async fn one<P: Ports>(
    cx: &Context<'_, P>,
    calendar: CalendarId,
) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let HoldQuery { limit, cursor } = HoldQuery::read(&cx.query)?;
    let list = List::new("hold", user, &[&calendar.to_string()]);
    let after = cursor.map(|cursor| list.after::<EventId>(&cursor)).transpose()?;
    let ask = GetHold { calendar, after, limit: limit.unwrap_or_default().0 };
    let page = own_graph::read(cx, user, &ask).await?;
    let (page, hold) = page
        .and_then(|mut page| page.hold.take().map(|hold| (page, hold)))
        .ok_or_else(|| ApiError::not_found("held sweep"))?;
    let next_cursor = page.next.map(|next| list.cursor(&next)).transpose()?;
    ApiResponse::json(200, &HeldPage { hold, events: page.events, next_cursor })
}

/// `POST /v1/holds/{cal}`, with `{"run":"run_…","decision":"approve"|"reject"}`: answers how many events are being
/// deleted, or stay; none if that run holds nothing (any more).
pub(crate) async fn decide<P: Ports>(
    cx: &Context<'_, P>,
    calendar: CalendarId,
) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let DecisionBody { run, decision } = body(cx.request)?;
    let decided = own_graph::change(cx, user, &DecideHold { calendar, run, decision }).await?;
    // What is approved goes in steps.
    let status = match decision {
        Decision::Approve => 202,
        Decision::Reject => 200,
    };
    ApiResponse::json(status, &decided)
}
