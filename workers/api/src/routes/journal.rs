//! What was: the journals of events and of settings, and an event as it stood at a time.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::EventId;
use tminus_domain::time::Timestamp;
use tminus_user_graph::explaining_contract::{GetAsOf, ListJournal};
use tminus_user_graph::own_contract::{ListSettingsJournal, Subject};

use super::own_graph::{Ask, Page, Said, answer, part};
use crate::conventions::{ApiError, Code, Details, Instant, Limit, List, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Which page of the journal of an event.
    JournalQuery {
        /// How many entries a page lists at most; 100 unless it is said.
        limit: Option<Limit>,
        /// Where the page starts: the `next_cursor` of the page before.
        cursor: Option<String>,
    }
}

parameters! {
    /// Which page of the journal of settings.
    SettingsQuery {
        /// What was changed: `policy`, `working_hours`, or the id of a constraint or of an event.
        subject: Subject,
        /// How many entries a page lists at most; 100 unless it is said.
        limit: Option<Limit>,
        /// Where the page starts: the `next_cursor` of the page before.
        cursor: Option<String>,
    }
}

parameters! {
    /// When.
    AsOfQuery {
        /// The time that is asked about.
        at: Instant,
    }
}

/// A page of the journal of an event, the newest entries first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Journal {
    #[cfg_attr(test, schemars(with = "Vec<tminus_user_graph::explaining_contract::JournalEntry>"))]
    entries: Vec<Said>,
    next_cursor: Option<String>,
}

/// A page of what was changed of a setting, the newest changes first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Settings {
    /// What is set now; `null`: nothing is. The way back of each change, from the newest on, leads from here to what was
    /// set before it.
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    now: Option<Said>,
    #[cfg_attr(test, schemars(with = "Vec<tminus_user_graph::own_contract::SettingsEntry>"))]
    entries: Vec<Said>,
    next_cursor: Option<String>,
}

/// What an event was, as the graph hands it over.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AsOf {
    Known(Said),
    NotYet { since: Timestamp },
    Forgotten { earliest: Timestamp },
}

/// `GET /v1/events/{evt}/journal?limit=&cursor=`
pub(crate) fn of_event<P>(cx: &Context<'_, P>, event: EventId) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let JournalQuery { limit, cursor } = JournalQuery::read(&cx.query)?;
    let list = List::new("journal", user, &[&event.to_string()]);
    let before = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListJournal { event, limit: limit.unwrap_or_default().0, before };
    Ask::new(user, &ask, move |said| {
        let page = Page::of(Some(said.ok_or_else(|| ApiError::not_found("event"))?))?;
        let next_cursor = page.next_cursor(&list)?;
        ApiResponse::json(200, &Journal { entries: page.entries, next_cursor })
    })
}

/// `GET /v1/settings/journal?subject=&limit=&cursor=`
pub(crate) fn of_settings<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let SettingsQuery { subject, limit, cursor } = SettingsQuery::read(&cx.query)?;
    let list = List::new("settings_journal", user, &[&subject.to_string()]);
    let before = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListSettingsJournal { subject, before, limit: limit.unwrap_or_default().0 };
    Ask::new(user, &ask, move |said| {
        let page = Page::of(said)?;
        let next_cursor = page.next_cursor(&list)?;
        ApiResponse::json(200, &Settings { now: page.now, entries: page.entries, next_cursor })
    })
}

/// `GET /v1/events/{evt}/as-of?at=`
pub(crate) fn as_of<P>(cx: &Context<'_, P>, event: EventId) -> Result<Ask, ApiError> {
    let AsOfQuery { at: Instant(at) } = AsOfQuery::read(&cx.query)?;
    Ask::new(cx.session()?.user, &GetAsOf { event, at }, |said| {
        match part(&said.ok_or_else(|| ApiError::not_found("event"))?)? {
            AsOf::Known(was) => Ok(answer(200, &was)),
            AsOf::NotYet { since } => {
                Err(ApiError::refused(Code::NotYet, "the event was not seen yet").with(Details::Since(since)))
            }
            AsOf::Forgotten { earliest } => {
                let refusal = ApiError::refused(Code::Forgotten, "the journal does not reach back so far");
                Err(refusal.with(Details::Earliest(earliest)))
            }
        }
    })
}
