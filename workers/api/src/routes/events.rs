//! The events of a person: what takes place in a range, a page at a time, and one event with its mirrors.

use serde::Serialize;
use tminus_domain::event::Status;
use tminus_domain::ids::{AccountId, CalendarId, EventId, UserId};
use tminus_user_graph::contract::ListEvents;
use tminus_user_graph::reading_contract::{EventFilter, GetEvent};

use super::own_graph::{Ask, Page, Said, encoded};
use crate::conventions::{ApiError, Instant, Limit, List, Several, Words, parameters, require_range};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Which events, and which page of them.
    EventsQuery {
        /// Events that end after this.
        from: Instant,
        /// Events that start before this, at most 400 days later.
        to: Instant,
        /// Only those of these accounts.
        account: Option<Several<AccountId>>,
        /// Only those of these calendars.
        calendar: Option<Several<CalendarId>>,
        /// Only those that stand so. Unless it is said, all but those that are cancelled or deleted.
        status: Option<Several<Status>>,
        /// Only those with all of these words in title, description or place; words within quotation marks stand in a
        /// row, the last word need only be begun. Neither case nor accents count.
        text: Option<Words>,
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
    #[cfg_attr(test, schemars(with = "Vec<tminus_user_graph::contract::ListedEvent>"))]
    events: Vec<Said>,
    /// Where the next page starts; `null`: this was the last one.
    next_cursor: Option<String>,
    /// If a text is searched for: how far the index is, which is made at the first search; left out once it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<tminus_user_graph::reading_contract::Indexing>"))]
    search: Option<Said>,
}

/// `GET /v1/events?from=&to=&…`
pub(crate) fn own<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    of_user(cx, cx.session()?.user)
}

/// `GET /v1/admin/users/{usr}/events?from=&to=&…`
pub(crate) fn of_user<P>(cx: &Context<'_, P>, user: UserId) -> Result<Ask, ApiError> {
    let query = EventsQuery::read(&cx.query)?;
    require_range(query.from, query.to)?;
    let mut ask = ListEvents {
        from: query.from.0,
        to: query.to.0,
        filter: EventFilter {
            accounts: query.account.unwrap_or_default().0,
            calendars: query.calendar.unwrap_or_default().0,
            statuses: query.status.unwrap_or_default().0,
            text: query.text.map(|Words(text)| text),
        },
        limit: 0,
        after: None,
    };
    // Everything but the size and the place of the page.
    let list = List::new("events", user, &[&encoded(&ask)?]);
    ask.limit = query.limit.unwrap_or_default().0;
    ask.after = query.cursor.map(|cursor| list.after(&cursor)).transpose()?;
    Ask::new(user, &ask, move |said| {
        let page = Page::of(said)?;
        let next_cursor = page.next_cursor(&list)?;
        ApiResponse::json(200, &Events { events: page.entries, next_cursor, search: page.now })
    })
}

/// `GET /v1/events/{evt}`
pub(crate) fn one<P>(cx: &Context<'_, P>, event: EventId) -> Result<Ask, ApiError> {
    Ask::show(cx.session()?.user, &GetEvent { event }, "event")
}
