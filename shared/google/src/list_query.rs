//! What is asked of events.list, and the fields that are asked for.

use crate::target::Target;

/// The fields of one event: what classification, projection and mirroring read, and nothing else (no
/// addresses of attendees, no attachments, no conference).
pub const EVENT_FIELDS: &str = "id,etag,status,summary,description,location,start,end,recurrence,\
    recurringEventId,originalStartTime,transparency,visibility,colorId,iCalUID,sequence,eventType,\
    endTimeUnspecified,attendees(self,responseStatus),organizer(self),extendedProperties/private,updated,\
    created";

/// The fields that tell whose an event is, and nothing of what it says.
const MARK_FIELDS: &str = "id,etag,status,recurringEventId,extendedProperties/private";

/// The most events of a page.
pub const MAX_RESULTS: u16 = 2_500;

/// A list of events: masters and exceptions, instances of a series not expanded (`singleEvents=false`).
#[derive(Clone, Copy, Default)]
pub struct ListEvents<'a> {
    /// The calendar.
    pub calendar_id: &'a str,
    /// Only what changed since; stays the same on every page of a delta.
    pub sync_token: Option<&'a str>,
    /// The page; everything else must be as it was for the first one.
    pub page_token: Option<&'a str>,
    /// Events a page, 1 to 2,500; brought into range.
    pub max_results: u16,
    /// Only events that end after this time, RFC 3339 with offset. Not sent with a sync token, which refuses
    /// company ("Synchronize resources efficiently").
    pub time_min: Option<&'a str>,
    /// Only what tells whose each event is: id, version, status, mark.
    pub marks_only: bool,
    /// List deleted events too, in full. With a sync token they are listed anyway, perhaps as a bare id.
    pub show_deleted: bool,
}

impl std::fmt::Debug for ListEvents<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ListEvents")
            .field("delta", &self.sync_token.is_some())
            .field("first_page", &self.page_token.is_none())
            .finish_non_exhaustive()
    }
}

impl ListEvents<'_> {
    /// Adds the query to the events of the calendar.
    pub(crate) fn apply(&self, target: Target) -> Target {
        let of_event = if self.marks_only { MARK_FIELDS } else { EVENT_FIELDS };
        let fields = format!("nextPageToken,nextSyncToken,timeZone,accessRole,items({of_event})");
        let time_min = if self.sync_token.is_some() { None } else { self.time_min };
        target
            .query("singleEvents", "false")
            // `false` is refused with a sync token, so only `true` is ever sent.
            .maybe("showDeleted", self.show_deleted.then_some("true"))
            .query("maxResults", &self.max_results.clamp(1, MAX_RESULTS).to_string())
            .maybe("timeMin", time_min)
            .maybe("syncToken", self.sync_token)
            .maybe("pageToken", self.page_token)
            .query("fields", &fields)
    }
}
