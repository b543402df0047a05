//! The canonical events of a person, a page at a time.

use serde::Serialize;
use tminus_domain::ids::UserId;
use tminus_ports::{Ports, call};
use tminus_user_graph::contract::{EventPage, ListEvents, ListedEvent};
use tminus_user_graph::reading_contract::EventFilter;

use crate::cursor::{self, EventQuery};
use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest range: a year, leap or not.
const MAX_RANGE_MS: i64 = 366 * 24 * 3600 * 1000;
const DEFAULT_LIMIT: u32 = 100;
const MAX_LIMIT: u32 = 500;

#[derive(Serialize)]
struct Events {
    events: Vec<ListedEvent>,
    next_cursor: Option<String>,
}

/// `GET /v1/events?from=&to=&limit=&cursor=`
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    list(cx, cx.session()?.user).await
}

/// `GET /v1/admin/users/{usr}/events?from=&to=&limit=&cursor=`
pub(crate) async fn of_user<P: Ports>(cx: &Context<'_, P>, user: UserId) -> Result<ApiResponse, ApiError> {
    list(cx, user).await
}

async fn list<P: Ports>(cx: &Context<'_, P>, user: UserId) -> Result<ApiResponse, ApiError> {
    let (from, to) = (cx.query.time("from")?, cx.query.time("to")?);
    let range = to.millis().saturating_sub(from.millis());
    if !(1..=MAX_RANGE_MS).contains(&range) {
        return Err(ApiError::invalid("to must be after from, by at most 366 days"));
    }
    let limit = cx.query.number("limit", DEFAULT_LIMIT, MAX_LIMIT)?;
    let query = EventQuery { user, from, to };
    let after = cx.query.one("cursor")?.map(|text| cursor::decode(query, text)).transpose()?;
    let ask = ListEvents { from, to, filter: EventFilter::default(), limit, after };
    let page = match call(cx.ports, &user.to_string(), &cx.trace.to_string(), &ask).await {
        Ok(page) => page,
        // A person's graph begins with the first account: before that there are no events.
        Err(error) if error.is_gone() => EventPage { events: Vec::new(), next: None, search: None },
        Err(error) => return Err(error.into()),
    };
    let next_cursor = page.next.map(|next| cursor::encode(query, next)).transpose()?;
    ApiResponse::json(200, &Events { events: page.events, next_cursor })
}
