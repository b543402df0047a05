//! Events as an iCalendar file.

use tminus_domain::event::Status;
use tminus_domain::ics::IcsWriter;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::{Encoded, Ports};
use tminus_user_graph::contract::{EventPage, ListEvents};
use tminus_user_graph::reading_contract::EventFilter;

use super::own_graph::{Answer, part, said};
use crate::conventions::{Instant, Several, parameters, require_range};
use crate::handle::Context;
use crate::http::ApiResponse;

/// How many events are read at once: their texts are in memory.
const PAGE: u32 = 250;
/// Most pages of a file: each is a call.
const MAX_PAGES: u32 = 20;
/// Longest file that is gone on with, in bytes.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// The header of a file that was cut.
const CUT: &str = "x-tminus-cut-at";

parameters! {
    /// Which events.
    IcsQuery {
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
    }
}

/// An iCalendar file.
#[cfg(test)]
pub(crate) struct File;

#[cfg(test)]
impl schemars::JsonSchema for File {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "File".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "contentMediaType": "text/calendar"})
    }
}

/// `GET /v1/events.ics?from=&to=&…`
pub(crate) async fn own<P: Ports>(cx: &Context<'_, P>) -> Answer {
    let user = cx.session()?.user;
    let IcsQuery { from, to, account, calendar, status } = IcsQuery::read(&cx.query)?;
    require_range(from, to)?;
    let mut ask = ListEvents {
        from: from.0,
        to: to.0,
        filter: EventFilter {
            accounts: account.unwrap_or_default().0,
            calendars: calendar.unwrap_or_default().0,
            statuses: status.unwrap_or_default().0,
            text: None,
        },
        limit: PAGE,
        after: None,
    };
    let mut file = IcsWriter::new(cx.now);
    let mut cut_at = None;
    for _ in 0..MAX_PAGES {
        let Some(page) = said(cx, user, Encoded::of(&ask)?).await? else { break };
        let page: EventPage = part(&page)?;
        for listed in &page.events {
            file.event(listed.event, listed.occurrence, &listed.content);
        }
        // What starts when the last one does may be missing too.
        cut_at = page.next.map(|next| next.start);
        ask.after = page.next;
        if ask.after.is_none() || file.bytes() > MAX_BYTES {
            break;
        }
    }
    let answer = ApiResponse::calendar(file.finish());
    Ok(match cut_at {
        Some(at) => answer.with(CUT, &at.to_rfc3339()),
        None => answer,
    })
}
