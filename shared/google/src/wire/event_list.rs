//! A page of events (Calendar API v3, events.list). Items stay raw until asked for, so that one malformed item
//! cannot fail its page.

use super::calendar::AccessRole;
use super::event::Event;
use super::lenient::null_as_default;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A page. It may be short or empty and still have a next one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventPage {
    /// The rows, each still JSON.
    #[serde(default, deserialize_with = "null_as_default")]
    pub items: Vec<RawEvent>,
    /// Set on every page but the last.
    pub next_page_token: Option<String>,
    /// Set on the last page only: where the next delta starts.
    pub next_sync_token: Option<String>,
    /// The calendar's zone.
    pub time_zone: Option<String>,
    /// What the account may do with the calendar.
    pub access_role: Option<AccessRole>,
}

impl EventPage {
    /// The rows, each parsed on its own.
    pub fn events(&self) -> impl Iterator<Item = Result<Event, MalformedItem>> + '_ {
        self.items.iter().map(RawEvent::parse)
    }
}

/// A row of a page, still JSON. `Debug` leaves it out.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct RawEvent(Box<RawValue>);

impl RawEvent {
    /// A row of this value; `None` if it does not encode.
    #[must_use]
    pub fn new(value: &serde_json::Value) -> Option<Self> {
        serde_json::value::to_raw_value(value).ok().map(Self)
    }

    /// The event of this row; its `id` is set.
    ///
    /// # Errors
    /// [`MalformedItem`] if it is no event or has no id.
    pub fn parse(&self) -> Result<Event, MalformedItem> {
        match serde_json::from_str::<Event>(self.0.get()) {
            Ok(event) if event.id.as_deref().is_some_and(|id| !id.is_empty()) => Ok(event),
            _ => Err(MalformedItem { id: self.id() }),
        }
    }

    /// The row as it came.
    #[must_use]
    pub fn json(&self) -> &str {
        self.0.get()
    }

    /// The id alone, if that much can be read.
    fn id(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct OnlyId {
            id: Option<String>,
        }
        serde_json::from_str::<OnlyId>(self.0.get()).ok()?.id.filter(|id| !id.is_empty())
    }
}

impl std::fmt::Debug for RawEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RawEvent(…)")
    }
}

/// A row that is no event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a malformed event in a page")]
pub struct MalformedItem {
    /// Its id, if that much could be read.
    pub id: Option<String>,
}
