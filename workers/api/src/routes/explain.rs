//! Why: an event along each edge, a calendar at a time, and whether all of it adds up.

use tminus_domain::ids::{CalendarId, EventId};
use tminus_user_graph::explaining_contract::{Conservation, ExplainEvent, ExplainSlot, GetConservation};

use super::journal::AsOfQuery;
use super::own_graph::{Ask, answer};
use crate::conventions::{ApiError, Instant};
use crate::handle::Context;
use crate::http::ApiResponse;

/// `GET /v1/events/{evt}/explanation`
pub(crate) fn event<P>(cx: &Context<'_, P>, event: EventId) -> Result<Ask, ApiError> {
    Ask::show(cx.session()?.user, &ExplainEvent { event }, "event")
}

/// `GET /v1/calendars/{cal}/explanation?at=`
pub(crate) fn slot<P>(cx: &Context<'_, P>, calendar: CalendarId) -> Result<Ask, ApiError> {
    let AsOfQuery { at: Instant(at) } = AsOfQuery::read(&cx.query)?;
    Ask::show(cx.session()?.user, &ExplainSlot { calendar, at }, "calendar")
}

/// `GET /v1/conservation`
pub(crate) fn conservation<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    Ask::new(cx.session()?.user, &GetConservation {}, |said| match said {
        Some(said) => Ok(answer(200, &said)),
        // Before the first account nothing is expected.
        None => ApiResponse::json(200, &Conservation { balanced: true, ..Conservation::default() }),
    })
}
