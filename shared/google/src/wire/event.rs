//! An event (Calendar API v3, events resource).

use super::lenient::null_as_default;
use super::open_enum::open_enum;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

open_enum! {
    /// `status`.
    EventStatus {
        /// Takes place.
        Confirmed = "confirmed",
        /// Takes place perhaps.
        Tentative = "tentative",
        /// Deleted, or an occurrence taken out of its series.
        Cancelled = "cancelled",
    }
}

open_enum! {
    /// `visibility`.
    Visibility {
        /// As the calendar's sharing has it.
        Default = "default",
        /// Details shown to every reader of the calendar.
        Public = "public",
        /// Details shown to attendees only.
        Private = "private",
        /// The old name of private.
        Confidential = "confidential",
    }
}

open_enum! {
    /// `transparency`; absent means opaque.
    Transparency {
        /// Blocks time.
        Opaque = "opaque",
        /// Leaves the time free.
        Transparent = "transparent",
    }
}

open_enum! {
    /// `eventType`; immutable, absent means default.
    EventType {
        /// An ordinary event.
        Default = "default",
        /// A birthday.
        Birthday = "birthday",
        /// Focus time.
        FocusTime = "focusTime",
        /// Made by Google from a mail.
        FromGmail = "fromGmail",
        /// Out of office.
        OutOfOffice = "outOfOffice",
        /// A working location.
        WorkingLocation = "workingLocation",
    }
}

open_enum! {
    /// `responseStatus` of an attendee.
    ResponseStatus {
        /// Has not answered.
        NeedsAction = "needsAction",
        /// Declined.
        Declined = "declined",
        /// Accepted tentatively.
        Tentative = "tentative",
        /// Accepted.
        Accepted = "accepted",
    }
}

/// An event. Times stay texts: Google delivers years no calendar type holds (`0000-12-31T00:00:00Z`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// The id; of an instance `<master>_<original start>`. Sent on insert to choose it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The version, with its quotes; opaque. What `If-Match` takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Confirmed, tentative or cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<EventStatus>,
    /// The title; absent when the reader may not see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The description, perhaps HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The place, free text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// The start, inclusive; of a series that of its first instance. A cancelled row may lack it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<EventDateTime>,
    /// The end, exclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<EventDateTime>,
    /// RRULE, EXRULE, RDATE and EXDATE lines (RFC 5545 §3.8.5) of a series, in no fixed order.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub recurrence: Vec<String>,
    /// Of an instance: its series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurring_event_id: Option<String>,
    /// Of an instance: when its series has it start. It survives a move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub original_start_time: Option<EventDateTime>,
    /// Whether it blocks time; absent means opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparency: Option<Transparency>,
    /// Who sees details; absent means the calendar's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// The colour, `1` to `11` of the palette of events; absent means the calendar's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub color_id: Option<String>,
    /// The UID of RFC 5545, the same for all instances of a series.
    #[serde(rename = "iCalUID", skip_serializing_if = "Option::is_none")]
    pub ical_uid: Option<String>,
    /// The SEQUENCE of RFC 5545.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// Which type of event; absent means default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<EventType>,
    /// Whether the end is made up by Google for want of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time_unspecified: Option<bool>,
    /// The attendees, without addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "null_as_default")]
    pub attendees: Vec<Attendee>,
    /// The organiser, without address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organizer: Option<Organizer>,
    /// Key-value pairs of applications.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extended_properties: Option<ExtendedProperties>,
    /// When it was made, RFC 3339; read-only, and at times in the year zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// When it was changed last, RFC 3339; read-only. Reminders do not move it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated: Option<String>,
    /// Reminders of the calendar's user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reminders: Option<Reminders>,
    /// Its page in Google Calendar; read-only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html_link: Option<String>,
}

impl Event {
    /// Whether the row says that the event, or this occurrence of its series, is gone.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.status == Some(EventStatus::Cancelled)
    }
}

/// A date, or a point in time: `start`, `end`, `originalStartTime`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDateTime {
    /// `YYYY-MM-DD` of an all-day event; carries no zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
    /// RFC 3339; the offset may lack when `time_zone` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_time: Option<String>,
    /// The IANA zone; a series must have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// An attendee, without the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attendee {
    /// Whether this entry is the calendar's own.
    #[serde(rename = "self", default)]
    pub self_: bool,
    /// The answer to the invitation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_status: Option<ResponseStatus>,
}

/// The organiser, without the address.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organizer {
    /// Whether the calendar itself organises the event.
    #[serde(rename = "self", default)]
    pub self_: bool,
}

/// Extended properties: keys up to 44 characters (longer are dropped), values up to 1024 (cut off).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExtendedProperties {
    /// Seen by this copy of the event only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_as_default")]
    pub private: BTreeMap<String, String>,
    /// Seen by every attendee's copy.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "null_as_default")]
    pub shared: BTreeMap<String, String>,
}

/// Reminders. Both keys are always sent: clients disagree on whether a lone key replaces the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reminders {
    /// Whether the calendar's defaults apply; then `overrides` must be empty.
    #[serde(default)]
    pub use_default: bool,
    /// At most five.
    #[serde(default, deserialize_with = "null_as_default")]
    pub overrides: Vec<ReminderOverride>,
}

/// One reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReminderOverride {
    /// `popup` or `email`.
    pub method: String,
    /// Minutes before the start, 0 to 40,320.
    pub minutes: u32,
}
