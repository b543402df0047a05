//! `events.insert`, `update`, `patch`, `delete`, for clients and for the human at the other end.

use serde_json::Value;

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::events::body::{self, Context, legal_id, merge};
use crate::events::commit;
use crate::events::instance;
use crate::events::read::View;
use crate::events::visibility;
use crate::http::Response;
use crate::model::{Calendar, Object, Role, Stored};
use crate::settings::{PutOnCancelled, Settings};
use crate::state::{Google, resolve};

/// Who writes.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A client with an access token of this user.
    Api(String),
    /// The user himself, in Google's own pages.
    Human(String),
}

impl Actor {
    pub(crate) fn email(&self) -> &str {
        match self {
            Self::Api(email) | Self::Human(email) => email,
        }
    }

    pub(crate) const fn is_api(&self) -> bool {
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

pub(crate) fn options(call: &Call<'_>) -> Options {
    Options {
        if_match: call.request.get_header("if-match").map(str::to_owned),
        conference: call.query.get("conferenceDataVersion") == Some("1"),
        send_updates: call.query.get("sendUpdates").map(str::to_owned),
    }
}

pub(crate) fn answer(google: &Google, call: &Call<'_>, written: &Written) -> ApiResult {
    let (calendar, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    Ok(Response::resource(&View::new(google, calendar, role, &call.query)?.full(&written.stored)))
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
        if given("iCalUID").is_some_and(|uid| knows_uid(calendar, uid)) {
            return Err(ApiError::duplicate());
        }
        let event = body::normalise(input, &context(&self.settings, calendar, None, options))?;
        let stored = self.fresh(calendar_id, email, event, input);
        let written = self.commit(actor, calendar_id, stored, "insert", options);
        if actor.is_api() && self.settings.rewrite_after_create {
            self.rewrite(calendar_id, written.stored.text("id").unwrap_or_default());
        }
        Ok(written)
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
        // What a move left behind belongs to another organizer now.
        if old.moved_away() {
            return Err(ApiError::forbidden());
        }
        // With its series an instance is gone, too.
        if old.master().and_then(|id| calendar.events.get(id)).is_some_and(Stored::cancelled) {
            return Err(ApiError::not_found());
        }
        let input = match change {
            Change::Update(input) => {
                if old.cancelled() && actor.is_api() {
                    may_revive(&self.settings, &old)?;
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
        let context = context(&self.settings, calendar, Some(&old), options);
        let mut event = body::normalise(&input, &context)?;
        let stricter = old.master().is_some() && visibility::of_instance(&old.body, &mut event);
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
        let cut = ["start", "recurrence"].iter().any(|key| old.body.get(*key) != stored.body.get(*key));
        let written = self.commit(actor, calendar_id, stored, what, options);
        if stricter {
            self.hide_series(calendar_id, &written.stored);
        }
        if cut && old.recurring() && !self.settings.keep_orphaned_exceptions {
            self.cancel_orphans(calendar_id, id);
        }
        Ok(written)
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
        let stored = commit::cancelled(&old, self.now_ms);
        Ok(self.commit(actor, calendar_id, stored, "delete", options))
    }

    /// The calendar, if the actor may write to it. Nobody asks the human for scopes or roles.
    pub(crate) fn writable(&self, actor: &Actor, id: &str) -> ApiResult<&Calendar> {
        match actor {
            Actor::Human(_) => self.calendars.get(id).ok_or_else(ApiError::not_found),
            Actor::Api(email) => {
                let (calendar, role) = self.calendar_for(email, id)?;
                if role < Role::WriterWithoutPrivateAccess {
                    Err(ApiError::needs_writer())
                } else {
                    Ok(calendar)
                }
            }
        }
    }
}

/// Whether a PUT may bring back what is cancelled.
fn may_revive(settings: &Settings, old: &Stored) -> ApiResult<()> {
    match settings.put_on_cancelled {
        _ if old.master().is_some() && settings.revive_cancelled_instance => Ok(()),
        _ if old.master().is_some() => Err(ApiError::forbidden()),
        PutOnCancelled::Revive200 => Ok(()),
        PutOnCancelled::Forbidden403 => Err(ApiError::forbidden()),
        PutOnCancelled::Gone410 => Err(ApiError::deleted()),
    }
}

pub(crate) fn context<'a>(
    settings: &Settings,
    calendar: &'a Calendar,
    before: Option<&'a Stored>,
    options: &Options,
) -> Context<'a> {
    Context {
        zone: calendar.zone,
        primary: calendar.primary,
        owner: &calendar.id,
        conference: options.conference,
        instance: before.is_some_and(|old| old.master().is_some()),
        sub_daily_crashes: settings.sub_daily_rule_crashes,
        before: before.map(|old| &old.body),
    }
}

pub(crate) fn check_etag(options: &Options, old: &Stored) -> ApiResult<()> {
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

/// Whether the calendar knows an event with this UID; deleted ones count too.
pub(crate) fn knows_uid(calendar: &Calendar, uid: &str) -> bool {
    calendar.events.values().any(|e| e.master().is_none() && e.text("iCalUID") == Some(uid))
}
