//! The canonical events of a person, a page at a time.

use serde::Serialize;
use tminus_domain::ids::UserId;
use tminus_ports::{Ports, call};
use tminus_user_graph::contract::{EventPage, ListEvents, ListedEvent};
use tminus_user_graph::reading_contract::EventFilter;

use crate::conventions::{ApiError, Instant, Limit, List, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest range: a year, leap or not.
const MAX_RANGE_MS: i64 = 366 * 24 * 3600 * 1000;

parameters! {
    /// Which events, and which page of them.
    EventsQuery {
        /// Events that end after this.
        from: Instant,
        /// Events that start before this, at most 366 days later.
        to: Instant,
        /// How many events a page lists at most; 100 unless it is said.
        limit: Option<Limit>,
        /// Where the page starts: the `next_cursor` of the page before.
        cursor: Option<String>,
    }
}

/// A page of events.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Events {
    /// The events.
    events: Vec<ListedEvent>,
    /// Where the next page starts; `null`: this was the last one.
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
    let EventsQuery { from: Instant(from), to: Instant(to), limit, cursor } = EventsQuery::read(&cx.query)?;
    let range = to.millis().saturating_sub(from.millis());
    if !(1..=MAX_RANGE_MS).contains(&range) {
        return Err(ApiError::invalid("to", "to must be after from, by at most 366 days"));
    }
    let bounds = [from, to].map(|bound| bound.millis().to_string());
    let list = List::new("events", user, &bounds.each_ref().map(String::as_str));
    let after = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask =
        ListEvents { from, to, filter: EventFilter::default(), limit: limit.unwrap_or_default().0, after };
    let page = match call(cx.ports, &user.to_string(), &cx.trace.to_string(), &ask).await {
        Ok(page) => page,
        // A person's graph begins with the first account: before that there are no events.
        Err(error) if error.is_gone() => EventPage { events: Vec::new(), next: None, search: None },
        Err(error) => return Err(error.into()),
    };
    let next_cursor = page.next.map(|next| list.cursor(&next)).transpose()?;
    ApiResponse::json(200, &Events { events: page.events, next_cursor })
}
