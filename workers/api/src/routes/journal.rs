//! What was: the journals of events and of settings, and an event as it stood at a time.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{EventId, JournalId};
use tminus_domain::time::Timestamp;
use tminus_ports::Ports;
use tminus_user_graph::explaining_contract::{GetAsOf, ListJournal};
use tminus_user_graph::own_contract::{ListSettingsJournal, Subject};

use super::own_graph::{self, Said};
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

/// A page as the graph hands it over.
#[derive(Deserialize, Default)]
struct Page {
    #[serde(default)]
    now: Option<Said>,
    entries: Vec<Said>,
    next: Option<JournalId>,
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
pub(crate) async fn of_event<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let JournalQuery { limit, cursor } = JournalQuery::read(&cx.query)?;
    let list = List::new("journal", user, &[&event.to_string()]);
    let before = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListJournal { event, limit: limit.unwrap_or_default().0, before };
    let said = own_graph::ask(cx, user, &ask).await?.ok_or_else(|| ApiError::not_found("event"))?;
    let Page { entries, next, .. } = own_graph::part(&said)?;
    let next_cursor = next.map(|next| list.cursor(&next)).transpose()?;
    ApiResponse::json(200, &Journal { entries, next_cursor })
}

/// `GET /v1/settings/journal?subject=&limit=&cursor=`
pub(crate) async fn of_settings<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let SettingsQuery { subject, limit, cursor } = SettingsQuery::read(&cx.query)?;
    let list = List::new("settings_journal", user, &[&subject.to_string()]);
    let before = cursor.map(|cursor| list.after(&cursor)).transpose()?;
    let ask = ListSettingsJournal { subject, before, limit: limit.unwrap_or_default().0 };
    let said = own_graph::ask(cx, user, &ask).await?;
    let Page { now, entries, next } =
        said.map(|said| own_graph::part(&said)).transpose()?.unwrap_or_default();
    let next_cursor = next.map(|next| list.cursor(&next)).transpose()?;
    ApiResponse::json(200, &Settings { now, entries, next_cursor })
}

/// `GET /v1/events/{evt}/as-of?at=`
pub(crate) async fn as_of<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let AsOfQuery { at: Instant(at) } = AsOfQuery::read(&cx.query)?;
    let said = own_graph::ask(cx, user, &GetAsOf { event, at }).await?;
    match own_graph::part(&said.ok_or_else(|| ApiError::not_found("event"))?)? {
        AsOf::Known(was) => Ok(own_graph::answer(200, &was)),
        AsOf::NotYet { since } => {
            Err(ApiError::refused(Code::NotYet, "the event was not seen yet").with(Details::Since(since)))
        }
        AsOf::Forgotten { earliest } => {
            let refusal = ApiError::refused(Code::Forgotten, "the journal does not reach back so far");
            Err(refusal.with(Details::Earliest(earliest)))
        }
    }
}
