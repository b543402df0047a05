//! `events.insert`, `update`, `patch`, `delete`, for clients and for the human at the other end.

use serde_json::{Value, json};

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::events::body::{self, Context, legal_id, merge};
use crate::events::instance;
use crate::events::read::View;
use crate::http::Response;
use crate::model::{Calendar, Object, Role, Stored};
use crate::settings::PutOnCancelled;
use crate::state::{Google, resolve};
use crate::time;

/// Who writes.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A client with an access token of this user.
    Api(String),
    /// The user himself, in Google's own pages.
    Human(String),
}

impl Actor {
    fn email(&self) -> &str {
        match self {
            Self::Api(email) | Self::Human(email) => email,
        }
    }

    const fn is_api(&self) -> bool {
        matches!(self, Self::Api(_))
    }
}

/// Everything a write says besides the event.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `conferenceDataVersion=1`.
    pub conference: bool,
    /// `sendUpdates`.
    pub send_updates: Option<String>,
}

/// What a write leaves behind.
#[derive(Debug, Clone)]
pub struct Written {
    /// The event as stored.
    pub stored: Stored,
    /// Its entry in the timeline; 0 when nothing was written.
    pub seq: u64,
}

/// A change of an existing event.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// The whole resource.
    Update(&'a Object),
    /// The named fields.
    Patch(&'a Object),
}

fn options(call: &Call<'_>) -> Options {
    Options {
        if_match: call.request.get_header("if-match").map(str::to_owned),
        conference: call.query.get("conferenceDataVersion") == Some("1"),
        send_updates: call.query.get("sendUpdates").map(str::to_owned),
    }
}

fn answer(google: &Google, call: &Call<'_>, written: &Written) -> ApiResult {
    let (_, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    Ok(Response::resource(&View::new(role, &call.query)?.full(&written.stored)))
}

/// `events.insert`.
pub fn insert(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    let written = google.insert_event(&actor, &call.calendar, &call.body()?, &options(call))?;
    answer(google, call, &written)
}

/// `events.update`.
pub fn update(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    let body = call.body()?;
    let change = Change::Update(&body);
    let written = google.change_event(&actor, &call.calendar, &call.event, change, &options(call))?;
    answer(google, call, &written)
}

/// `events.patch`.
pub fn patch(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    let body = call.body()?;
    let change = Change::Patch(&body);
    let written = google.change_event(&actor, &call.calendar, &call.event, change, &options(call))?;
    answer(google, call, &written)
}

/// `events.delete`.
pub fn delete(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let actor = Actor::Api(call.access.email.clone());
    google.delete_event(&actor, &call.calendar, &call.event, &options(call))?;
    Ok(Response::empty(204))
}

impl Google {
    /// Inserts an event.
    pub fn insert_event(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        input: &Object,
        options: &Options,
    ) -> ApiResult<Written> {
        let email = actor.email();
        let calendar_id = resolve(calendar_id, email);
        let calendar = self.writable(actor, calendar_id)?;
        let given = |key: &str| input.get(key).and_then(Value::as_str);
        if let Some(id) = given("id") {
            // Ids made by Google itself do not follow the rule for clients.
            if actor.is_api() && !legal_id(id) {
                return Err(ApiError::invalid("Invalid resource id value."));
            }
            if calendar.events.contains_key(id) {
                return Err(ApiError::duplicate());
            }
        }
        let uid = given("iCalUID").map(str::to_owned);
        if let Some(uid) = &uid
            && calendar.events.values().any(|e| e.master().is_none() && e.text("iCalUID") == Some(uid))
        {
            return Err(ApiError::duplicate());
        }
        let mut event = body::normalise(input, &context(calendar, None, options.conference, false))?;
        let (primary, title) = (calendar.primary, calendar.summary.clone());
        let id = given("id").map_or_else(|| self.ids.base32hex("event", 26), str::to_owned);
        let uid = uid.unwrap_or_else(|| format!("{id}@google.com"));
        let mut organizer = json!({"email": calendar_id, "self": true});
        if !primary {
            organizer["displayName"] = title.into();
        }
        let mut creator = json!({"email": email});
        if calendar_id == email {
            creator["self"] = true.into();
        }
        let link = base64_id(&id, calendar_id);
        event.insert("id".to_owned(), id.into());
        event.insert("iCalUID".to_owned(), uid.into());
        event.insert("organizer".to_owned(), organizer);
        event.insert("creator".to_owned(), creator);
        event.insert("created".to_owned(), time::rfc3339_s(self.now_ms).into());
        event.insert(
            "htmlLink".to_owned(),
            format!("https://www.google.com/calendar/event?eid={link}").into(),
        );
        let sequence = input.get("sequence").and_then(Value::as_i64).unwrap_or(0);
        event.insert("sequence".to_owned(), sequence.into());
        let stored = Stored::successor(event, None, self.now_ms, true);
        Ok(self.commit(actor, calendar_id, stored, "insert", options))
    }

    /// Replaces or patches an event, or an instance nobody has touched yet.
    pub fn change_event(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        id: &str,
        change: Change<'_>,
        options: &Options,
    ) -> ApiResult<Written> {
        let calendar_id = resolve(calendar_id, actor.email());
        let calendar = self.writable(actor, calendar_id)?;
        let old = instance::find(calendar, id).ok_or_else(ApiError::not_found)?;
        check_etag(options, &old)?;
        let input = match change {
            Change::Update(input) => {
                if old.cancelled() && actor.is_api() {
                    match self.settings.put_on_cancelled {
                        PutOnCancelled::Revive200 => {}
                        PutOnCancelled::Forbidden403 => return Err(ApiError::forbidden()),
                        PutOnCancelled::Gone410 => return Err(ApiError::deleted()),
                    }
                }
                input.clone()
            }
            Change::Patch(patch) => {
                let mut whole = old.body.clone();
                merge(&mut whole, patch);
                if !patch.contains_key("sequence") {
                    whole.remove("sequence");
                }
                whole
            }
        };
        let context = context(calendar, Some(&old.body), options.conference, old.master().is_some());
        let mut event = body::normalise(&input, &context)?;
        let before = old.body.get("sequence").and_then(Value::as_i64).unwrap_or(0);
        let given = input.get("sequence").and_then(Value::as_i64);
        if given.is_some_and(|n| n < before) {
            return Err(ApiError::invalid(
                "Invalid sequence value. The specified sequence number is below the current sequence number of \
                 the resource. Re-fetch the resource and use its sequence number on the following request.",
            ));
        }
        let moved =
            ["start", "end", "recurrence", "status"].iter().any(|key| old.body.get(*key) != event.get(*key));
        let sequence = given.unwrap_or(before).max(before + i64::from(moved));
        event.insert("sequence".to_owned(), sequence.into());
        let noop = old.body == event && calendar.events.contains_key(id);
        if noop && !self.settings.noop_write_bumps {
            return Ok(Written { stored: old, seq: 0 });
        }
        let touches = !only_reminders_differ(&old.body, &event);
        let stored = Stored::successor(event, Some(&old), self.now_ms, touches);
        let what = if matches!(change, Change::Update(_)) { "update" } else { "patch" };
        Ok(self.commit(actor, calendar_id, stored, what, options))
    }

    /// Deletes an event, a series, or one instance.
    pub fn delete_event(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        id: &str,
        options: &Options,
    ) -> ApiResult<Written> {
        let calendar_id = resolve(calendar_id, actor.email());
        let calendar = self.writable(actor, calendar_id)?;
        let old = instance::find(calendar, id).ok_or_else(ApiError::not_found)?;
        if old.cancelled() {
            return Err(ApiError::deleted());
        }
        check_etag(options, &old)?;
        let stored = cancelled(&old, self.now_ms);
        Ok(self.commit(actor, calendar_id, stored, "delete", options))
    }

    /// The calendar, if the actor may write to it. Nobody asks the human for scopes or roles.
    fn writable(&self, actor: &Actor, id: &str) -> ApiResult<&Calendar> {
        match actor {
            Actor::Human(_) => self.calendars.get(id).ok_or_else(ApiError::not_found),
            Actor::Api(email) => {
                let (calendar, role) = self.calendar_for(email, id)?;
                if role < Role::Writer { Err(ApiError::needs_writer()) } else { Ok(calendar) }
            }
        }
    }

    /// Stores, counts, logs, pushes.
    fn commit(
        &mut self,
        actor: &Actor,
        calendar_id: &str,
        stored: Stored,
        what: &'static str,
        options: &Options,
    ) -> Written {
        let now_ms = self.now_ms;
        let tombstones = self.settings.tombstone_exceptions;
        let id = stored.text("id").unwrap_or_default().to_owned();
        let invited = stored.body.contains_key("attendees");
        if let Some(calendar) = self.calendars.get_mut(calendar_id) {
            if stored.cancelled() && stored.recurring() {
                cancel_exceptions(calendar, &id, now_ms, tombstones);
            }
            calendar.put(&id, stored.clone(), now_ms);
        }
        if actor.is_api() {
            self.counters.write(calendar_id);
            if options.send_updates.as_deref() != Some("none") {
                self.counters.writes_without_send_updates_none += 1;
                self.counters.notifications_sent += u64::from(invited);
            }
        }
        let kind = if actor.is_api() { "write" } else { "change" };
        let seq = self.record(kind, calendar_id, |e| {
            e.event_id = Some(id);
            e.what = Some(what.to_owned());
        });
        self.notify_change(calendar_id, actor.is_api());
        Written { stored, seq }
    }
}

fn context<'a>(
    calendar: &'a Calendar,
    before: Option<&'a Object>,
    conference: bool,
    instance: bool,
) -> Context<'a> {
    Context {
        zone: calendar.zone,
        primary: calendar.primary,
        owner: &calendar.id,
        conference,
        instance,
        before,
    }
}

/// A deleted event keeps its details, so that it can be undeleted.
fn cancelled(old: &Stored, now_ms: i64) -> Stored {
    let mut event = old.body.clone();
    event.insert("status".to_owned(), "cancelled".into());
    let sequence = event.get("sequence").and_then(Value::as_i64).unwrap_or(0);
    event.insert("sequence".to_owned(), (sequence + 1).into());
    Stored::successor(event, Some(old), now_ms, true)
}

/// The exceptions of a deleted series go with it, with a row of their own only if so set.
fn cancel_exceptions(calendar: &mut Calendar, master: &str, now_ms: i64, tombstones: bool) {
    let ids: Vec<String> = calendar.exceptions_of(master).cloned().collect();
    for id in ids {
        let Some(old) = calendar.events.get_mut(&id) else { continue };
        let mut gone = cancelled(old, now_ms);
        if tombstones {
            calendar.put(&id, gone, now_ms);
        } else {
            gone.revision = old.revision;
            *old = gone;
        }
    }
}

fn check_etag(options: &Options, old: &Stored) -> ApiResult<()> {
    let Some(header) = options.if_match.as_deref() else { return Ok(()) };
    let etag = old.etag();
    let fits = header.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag);
    if fits { Ok(()) } else { Err(ApiError::precondition()) }
}

fn only_reminders_differ(old: &Object, new: &Object) -> bool {
    let strip = |event: &Object| {
        let mut event = event.clone();
        event.remove("reminders");
        event
    };
    old.get("reminders") != new.get("reminders") && strip(old) == strip(new)
}

fn base64_id(id: &str, calendar: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(format!("{id} {calendar}"))
}
