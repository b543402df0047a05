//! Calendars (Calendar API v3, calendarList and calendars resources).

use super::lenient::null_as_default;
use super::open_enum::open_enum;
use serde::{Deserialize, Serialize};

open_enum! {
    /// `accessRole`: what the account may do with a calendar.
    AccessRole {
        /// Nothing.
        None = "none",
        /// See busy times.
        FreeBusyReader = "freeBusyReader",
        /// Read events; details of private ones are hidden.
        Reader = "reader",
        /// Write events; details of private ones are hidden.
        WriterWithoutPrivateAccess = "writerWithoutPrivateAccess",
        /// Write events.
        Writer = "writer",
        /// Write events and change the sharing.
        Owner = "owner",
    }
}

impl AccessRole {
    /// Whether events can be written. An unknown role cannot.
    #[must_use]
    pub const fn can_write(&self) -> bool {
        matches!(self, Self::WriterWithoutPrivateAccess | Self::Writer | Self::Owner)
    }
}

/// A page of the account's calendar list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarListPage {
    /// The calendars.
    #[serde(default, deserialize_with = "null_as_default")]
    pub items: Vec<CalendarListEntry>,
    /// Set on every page but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_page_token: Option<String>,
    /// Set on the last page only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_sync_token: Option<String>,
}

/// A calendar of the account's list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalendarListEntry {
    /// The id; looks like an e-mail address, and of the primary calendar is one.
    pub id: String,
    /// The version of the entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// The title that the user gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary_override: Option<String>,
    /// The zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What the account may do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_role: Option<AccessRole>,
    /// The main colour, `#rrggbb`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background_color: Option<String>,
    /// Whether it is the account's primary calendar.
    #[serde(default, deserialize_with = "null_as_default")]
    pub primary: bool,
    /// Whether its events are shown in the user's own view.
    #[serde(default, deserialize_with = "null_as_default")]
    pub selected: bool,
    /// Whether the user took it out of sight.
    #[serde(default, deserialize_with = "null_as_default")]
    pub hidden: bool,
    /// Whether it left the list.
    #[serde(default, deserialize_with = "null_as_default")]
    pub deleted: bool,
}

/// A calendar to be made; it appears in the account's list as its own.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewCalendar {
    /// The title.
    pub summary: String,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The IANA zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// A calendar as `calendars` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Calendar {
    /// The id that Google gave it.
    pub id: String,
    /// The version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}
