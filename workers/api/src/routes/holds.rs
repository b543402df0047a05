//! Held sweeps: events that two full lists of a calendar did not show, too many to be believed (protocol rule 14).

use serde::Deserialize;
use tminus_domain::ids::{CalendarId, RunId};
use tminus_ports::Ports;
use tminus_user_graph::policy_contract::{DecideHold, Decision, GetHold, Holds, ListHolds};

use super::own_graph;
use crate::body;
use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "an object with run and decision")]
struct DecisionBody {
    run: RunId,
    decision: Decision,
}

/// `GET /v1/holds`
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let holds = own_graph::read(cx, user, &ListHolds {}).await?.unwrap_or(Holds { holds: Vec::new() });
    ApiResponse::json(200, &holds)
}

/// `GET /v1/holds/{cal}?after=&limit=`
pub(crate) async fn one<P: Ports>(
    cx: &Context<'_, P>,
    calendar: CalendarId,
) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let limit = cx.query.number("limit", DEFAULT_LIMIT, MAX_LIMIT)?;
    let ask = GetHold { calendar, after: cx.query.id("after", "an event")?, limit };
    let page = own_graph::read(cx, user, &ask).await?.filter(|page| page.hold.is_some());
    ApiResponse::json(200, &page.ok_or(ApiError::NotFound { what: "held sweep" })?)
}

/// `POST /v1/holds/{cal}`, with `{"run":"run_…","decision":"approve"|"reject"}`: answers how many events are being
/// deleted, or stay; none if that run holds nothing (any more).
pub(crate) async fn decide<P: Ports>(
    cx: &Context<'_, P>,
    calendar: CalendarId,
) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let DecisionBody { run, decision } = body::json(cx)?;
    let decided = own_graph::change(cx, user, &DecideHold { calendar, run, decision }).await?;
    // What is approved goes in steps.
    let status = match decision {
        Decision::Approve => 202,
        Decision::Reject => 200,
    };
    ApiResponse::json(status, &decided)
}
