//! The calendar client (Calendar API v3): one call, one request; no retries, no state.

use crate::batch::{self, WriteOp};
use crate::error::{ApiError, Failure};
use crate::list_query::{EVENT_FIELDS, ListEvents};
use crate::request::Call;
use crate::secret::AccessToken;
use crate::target::Target;
use crate::wire::{
    Calendar, CalendarListPage, Event, EventPage, NewCalendar, StopRequest, WatchRequest, WatchResponse,
};
use tminus_ports::{Http, Method};

const LIST_FIELDS: &str = "nextPageToken,nextSyncToken,items(id,etag,summary,description,summaryOverride,timeZone,\
    accessRole,backgroundColor,primary,selected,hidden,deleted)";

/// The calendars of one account.
///
/// Every write carries `sendUpdates=none`: a mirror must never mail anybody. `conferenceDataVersion` is never
/// sent, so conference data is out of reach.
pub struct CalendarApi<'a, H: Http> {
    http: &'a H,
    base_url: &'a str,
    token: &'a AccessToken,
}

impl<'a, H: Http> CalendarApi<'a, H> {
    /// A client. `base_url` is the origin without a trailing slash, such as `https://www.googleapis.com`.
    pub const fn new(http: &'a H, base_url: &'a str, token: &'a AccessToken) -> Self {
        Self { http, base_url, token }
    }

    /// A page of the account's calendars (calendarList.list).
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work.
    pub async fn calendar_list(&self, page_token: Option<&str>) -> Result<CalendarListPage, ApiError> {
        let target = Target::new(self.base_url)
            .path("/calendar/v3/users/me/calendarList")
            .query("maxResults", "250")
            .maybe("pageToken", page_token)
            .query("fields", LIST_FIELDS);
        Call::new("calendarList.list", Method::Get, target).fetch(self.http, self.token).await
    }

    /// Makes a calendar (calendars.insert). There is no id to choose: a repetition makes a second one.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work.
    pub async fn insert_calendar(&self, calendar: &NewCalendar) -> Result<Calendar, ApiError> {
        let target = Target::new(self.base_url).path("/calendar/v3/calendars");
        let call = Call::new("calendars.insert", Method::Post, target).json(calendar)?;
        call.fetch(self.http, self.token).await
    }

    /// Deletes a secondary calendar with everything in it (calendars.delete).
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work.
    pub async fn delete_calendar(&self, calendar_id: &str) -> Result<(), ApiError> {
        let target = Target::new(self.base_url).path("/calendar/v3/calendars").segment(calendar_id);
        Call::new("calendars.delete", Method::Delete, target).send(self.http, self.token).await.map(drop)
    }

    /// A page of events (events.list).
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::SyncTokenExpired`] asks for a full list.
    pub async fn list_events(&self, query: &ListEvents<'_>) -> Result<EventPage, ApiError> {
        let target = query.apply(events(self.base_url, query.calendar_id));
        let call = Call::new("events.list", Method::Get, target).sync_token(query.sync_token.is_some());
        call.fetch(self.http, self.token).await
    }

    /// One event (events.get). A deleted one comes as cancelled, while it lasts.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work.
    pub async fn get_event(&self, calendar_id: &str, event_id: &str) -> Result<Event, ApiError> {
        let target = get_target(self.base_url, calendar_id, event_id);
        Call::new("events.get", Method::Get, target).fetch(self.http, self.token).await
    }

    /// Makes an event (events.insert), under `event.id` if that is set.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::Duplicate`] if the id is taken.
    pub async fn insert_event(&self, calendar_id: &str, event: &Event) -> Result<Event, ApiError> {
        let target = insert_target(self.base_url, calendar_id);
        let call = Call::new("events.insert", Method::Post, target).json(event)?;
        call.fetch(self.http, self.token).await
    }

    /// Replaces an event (events.update): what `event` leaves out is cleared. With `if_match` only if it still
    /// has that version.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::PreconditionFailed`] if it changed meanwhile.
    pub async fn update_event(
        &self,
        calendar_id: &str,
        event_id: &str,
        if_match: Option<&str>,
        event: &Event,
    ) -> Result<Event, ApiError> {
        let target = update_target(self.base_url, calendar_id, event_id);
        let call = Call::new("events.update", Method::Put, target).if_match(if_match).json(event)?;
        call.fetch(self.http, self.token).await
    }

    /// Deletes an event (events.delete). With `if_match` only if it still has that version.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::Gone`] if it was deleted before.
    pub async fn delete_event(
        &self,
        calendar_id: &str,
        event_id: &str,
        if_match: Option<&str>,
    ) -> Result<(), ApiError> {
        let target = delete_target(self.base_url, calendar_id, event_id);
        let call = Call::new("events.delete", Method::Delete, target).if_match(if_match);
        call.send(self.http, self.token).await.map(drop)
    }

    /// Up to [`batch::MAX_BATCH`] operations in one request, one result for each, in their order. Google runs
    /// them in any order, so no two may concern the same event.
    ///
    /// # Errors
    /// [`ApiError`] if the batch as a whole does not work. The effect of its operations is unknown where
    /// [`Failure::effect_unknown`] says so.
    pub async fn batch(&self, ops: &[WriteOp<'_>]) -> Result<Vec<Result<Option<Event>, ApiError>>, ApiError> {
        if ops.is_empty() {
            return Ok(Vec::new());
        }
        if ops.len() > batch::MAX_BATCH {
            return Err(ApiError::local(batch::OPERATION, Failure::InvalidRequest, "batchTooLarge"));
        }
        let (content_type, body) = batch::build(ops)?;
        let target = Target::new(self.base_url).path("/batch/calendar/v3");
        let call = Call::new(batch::OPERATION, Method::Post, target).body(content_type, body);
        let answer = call.send(self.http, self.token).await?;
        batch::read(ops, answer.header("content-type").unwrap_or_default(), &answer.body)
            .ok_or_else(|| ApiError::malformed(batch::OPERATION, answer.status, "notMultipart"))
    }

    /// Opens a push channel on a calendar's events (events.watch). No query goes along: with `eventTypes` the
    /// channel stays mute, with `syncToken` it is refused.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::PushUnsupported`] if the calendar never pushes.
    pub async fn watch_events(
        &self,
        calendar_id: &str,
        channel: &WatchRequest,
    ) -> Result<WatchResponse, ApiError> {
        let target = events(self.base_url, calendar_id).path("/watch");
        let call = Call::new("events.watch", Method::Post, target).json(channel)?;
        call.fetch(self.http, self.token).await
    }

    /// Stops a push channel (channels.stop). Pushes under way may still arrive.
    ///
    /// # Errors
    /// [`ApiError`] if the call does not work; [`Failure::NotFound`] if the channel has ended.
    pub async fn stop_channel(&self, channel_id: &str, resource_id: &str) -> Result<(), ApiError> {
        let target = Target::new(self.base_url).path("/calendar/v3/channels/stop");
        let stop = StopRequest { id: channel_id, resource_id };
        let call = Call::new("channels.stop", Method::Post, target).json(&stop)?;
        call.send(self.http, self.token).await.map(drop)
    }
}

fn events(base: &str, calendar_id: &str) -> Target {
    Target::new(base).path("/calendar/v3/calendars").segment(calendar_id).path("/events")
}

/// Where an event is read. An empty `base` makes the path-only form that a batch wants; so below.
pub(crate) fn get_target(base: &str, calendar_id: &str, event_id: &str) -> Target {
    events(base, calendar_id).segment(event_id).query("fields", EVENT_FIELDS)
}

/// Where an event is made.
pub(crate) fn insert_target(base: &str, calendar_id: &str) -> Target {
    silent(events(base, calendar_id)).query("fields", EVENT_FIELDS)
}

/// Where an event is replaced.
pub(crate) fn update_target(base: &str, calendar_id: &str, event_id: &str) -> Target {
    silent(events(base, calendar_id).segment(event_id)).query("fields", EVENT_FIELDS)
}

/// Where an event is deleted.
pub(crate) fn delete_target(base: &str, calendar_id: &str, event_id: &str) -> Target {
    silent(events(base, calendar_id).segment(event_id))
}

fn silent(target: Target) -> Target {
    target.query("sendUpdates", "none")
}
