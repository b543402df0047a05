//! What a calendar holds, as far as it matters who made it: looked through a page at a time, by marks alone.

use tminus_domain::mark::{MARK_PROPERTY, Mark, Ownership, ownership};
use tminus_google::{ApiError, CalendarApi, Event, ListEvents, RawEvent};
use tminus_ports::Http;

/// A live event of a calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// Ours, by proof (protocol rule 24).
    Ours {
        /// Its mark.
        mark: Mark,
        /// Its id at the provider.
        id: String,
        /// Its version.
        etag: Option<String>,
    },
    /// Anybody else's: a copy of one of ours included, and what cannot be read.
    Theirs,
}

/// A look through the live events of a calendar.
pub(crate) struct Look<'a> {
    calendar_id: &'a str,
    page_size: u16,
    page_token: Option<String>,
    ended: bool,
}

impl<'a> Look<'a> {
    /// A look that begins at the first page.
    pub(crate) const fn at(calendar_id: &'a str, page_size: u16) -> Self {
        Self { calendar_id, page_size, page_token: None, ended: false }
    }

    /// The next page; `None` after the last. A page may be empty and not the last.
    pub(crate) async fn next<H: Http>(
        &mut self,
        api: &CalendarApi<'_, H>,
    ) -> Result<Option<Vec<Held>>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        let query = ListEvents {
            calendar_id: self.calendar_id,
            page_token: self.page_token.as_deref(),
            max_results: self.page_size,
            marks_only: true,
            ..ListEvents::default()
        };
        let page = api.list_events(&query).await?;
        self.ended = page.next_page_token.is_none();
        self.page_token = page.next_page_token;
        Ok(Some(page.items.iter().filter_map(held).collect()))
    }
}

/// Whose a row is; `None` if it is of no live event.
fn held(row: &RawEvent) -> Option<Held> {
    let Ok(event) = row.parse() else { return Some(Held::Theirs) };
    if event.is_cancelled() {
        return None;
    }
    let Event { id, etag, recurring_event_id, extended_properties, .. } = event;
    let id = id.unwrap_or_default();
    let mark = extended_properties.as_ref().and_then(|properties| properties.private.get(MARK_PROPERTY));
    let own_id = recurring_event_id.as_deref().unwrap_or(&id);
    Some(match ownership(own_id, mark.map(String::as_str)) {
        Ownership::Mirror(mark) => Held::Ours { mark, id, etag },
        Ownership::Origin | Ownership::Foreign => Held::Theirs,
    })
}
