//! Why: an event along each edge, a calendar at a time, and whether all of it adds up.

use tminus_domain::ids::{CalendarId, EventId};
use tminus_ports::Ports;
use tminus_user_graph::explaining_contract::{Conservation, ExplainEvent, ExplainSlot, GetConservation};

use super::journal::AsOfQuery;
use super::own_graph;
use crate::conventions::{ApiError, Instant};
use crate::handle::Context;
use crate::http::ApiResponse;

/// `GET /v1/events/{evt}/explanation`
pub(crate) async fn event<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Result<ApiResponse, ApiError> {
    own_graph::show(cx, &ExplainEvent { event }, "event").await
}

/// `GET /v1/calendars/{cal}/explanation?at=`
pub(crate) async fn slot<P: Ports>(
    cx: &Context<'_, P>,
    calendar: CalendarId,
) -> Result<ApiResponse, ApiError> {
    let AsOfQuery { at: Instant(at) } = AsOfQuery::read(&cx.query)?;
    own_graph::show(cx, &ExplainSlot { calendar, at }, "calendar").await
}

/// `GET /v1/conservation`
pub(crate) async fn conservation<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    match own_graph::ask(cx, cx.session()?.user, &GetConservation {}).await? {
        Some(said) => Ok(own_graph::answer(200, &said)),
        // Before the first account nothing is expected.
        None => ApiResponse::json(200, &Conservation { balanced: true, ..Conservation::default() }),
    }
}
