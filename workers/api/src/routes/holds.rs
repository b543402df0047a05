//! Held sweeps: events that two full lists of a calendar did not show, too many to be believed (protocol rule 14).

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, RunId};
use tminus_user_graph::policy_contract::{DecideHold, Decision, GetHold, Holds, ListHolds};

use super::own_graph::{Ask, Page, Said, answer};
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
    #[cfg_attr(test, schemars(with = "tminus_user_graph::policy_contract::Hold"))]
    hold: Said,
    #[cfg_attr(test, schemars(with = "Vec<tminus_user_graph::policy_contract::HeldEvent>"))]
    events: Vec<Said>,
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
pub(crate) fn own<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    Ask::new(cx.session()?.user, &ListHolds {}, |said| match said {
        Some(said) => Ok(answer(200, &said)),
        None => ApiResponse::json(200, &Holds { holds: Vec::new() }),
    })
}

/// `GET /v1/holds/{cal}?limit=&cursor=`
pub(crate) fn one<P>(cx: &Context<'_, P>, calendar: CalendarId) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let HoldQuery { limit, cursor } = HoldQuery::read(&cx.query)?;
    let list = List::new("hold", user, &[&calendar.to_string()]);
    let after = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = GetHold { calendar, after, limit: limit.unwrap_or_default().0 };
    Ask::new(user, &ask, move |said| {
        let page = Page::of(said)?;
        let next_cursor = page.next_cursor(&list)?;
        let hold = page.now.ok_or_else(|| ApiError::not_found("held sweep"))?;
        ApiResponse::json(200, &HeldPage { hold, events: page.entries, next_cursor })
    })
}

/// `POST /v1/holds/{cal}`, with `{"run":"run_…","decision":"approve"|"reject"}`: answers how many events are being
/// deleted, or stay; none if that run holds nothing (any more).
pub(crate) fn decide<P>(cx: &Context<'_, P>, calendar: CalendarId) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let DecisionBody { run, decision } = body(cx.request)?;
    // What is approved goes in steps.
    let status = match decision {
        Decision::Approve => 202,
        Decision::Reject => 200,
    };
    Ask::tell(user, status, &DecideHold { calendar, run, decision })
}
