//! The state machine: all of Google in one value, without clock, threads or IO.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::discovery::{Discovery, Violation};
use crate::error::{ApiError, ApiResult};
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::ids::{self, Ids};
use crate::model::{Calendar, Member, Role, User};
use crate::oauth::OAuth;
use crate::push::{Channel, Push};
use crate::quota::Quota;
use crate::settings::Settings;
use crate::timeline::{Counters, Entry, Timeline};
use crate::{api, batch, control, oauth, time};

/// A fake Google. Every call is given the time; nothing else changes it.
#[derive(Debug, Default)]
pub struct Google {
    /// Knobs.
    pub settings: Settings,
    /// Accounts by email.
    pub users: BTreeMap<String, User>,
    /// Calendars by id.
    pub calendars: BTreeMap<String, Calendar>,
    /// Clients, consents, tokens.
    pub oauth: OAuth,
    /// Live and expired channels by id.
    pub channels: BTreeMap<String, Channel>,
    /// Stopped channels, for straggling pushes by hand.
    pub retired_channels: BTreeMap<String, Channel>,
    /// Channel ids which can never be used again.
    pub burnt_channels: BTreeSet<String>,
    /// Failures on demand.
    pub faults: Vec<Fault>,
    /// Counts.
    pub counters: Counters,
    /// Log.
    pub timeline: Timeline,
    /// Judges requests and answers, if there.
    pub discovery: Option<Arc<Discovery>>,
    /// What it has found, the first thousand.
    pub violations: Vec<Violation>,
    pub(crate) quota: Quota,
    pub(crate) ids: Ids,
    pub(crate) now_ms: i64,
    pub(crate) now_us: u64,
    pub(crate) held_pushes: BTreeMap<String, Push>,
    outbox: Vec<Push>,
    push_seq: u64,
}

impl Google {
    /// An empty world.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the time for calls of Rust methods; [`Google::handle`] does it itself.
    pub fn at(&mut self, now_ms: i64) -> &mut Self {
        self.now_ms = now_ms.saturating_add(self.settings.clock_offset_ms);
        self.now_us = u64::try_from(now_ms).unwrap_or(0).saturating_mul(1000);
        self
    }

    /// Sets the monotonic clock of the timeline; without it the timeline runs on `now_ms`.
    pub fn set_monotonic_us(&mut self, at_us: u64) {
        self.now_us = at_us;
    }

    /// Handles one request. The timeline runs on `now_ms`.
    pub fn handle(&mut self, request: &Request, now_ms: i64) -> Response {
        self.at(now_ms);
        self.answer(request)
    }

    /// Handles one request with a separate monotonic clock for the timeline.
    pub fn handle_at(&mut self, request: &Request, now_ms: i64, monotonic_us: u64) -> Response {
        self.at(now_ms);
        self.now_us = monotonic_us;
        self.answer(request)
    }

    /// Takes the pushes produced so far, in their order.
    pub fn take_pushes(&mut self) -> Vec<Push> {
        std::mem::take(&mut self.outbox)
    }

    /// Forgets everything except the clock and the discovery document.
    pub fn reset(&mut self) {
        let (now_ms, now_us, discovery) = (self.now_ms, self.now_us, self.discovery.take());
        *self = Self { now_ms, now_us, discovery, ..Self::default() };
    }

    fn answer(&mut self, request: &Request) -> Response {
        let mut response = self.dispatch(request);
        response.headers.push(("date".to_owned(), time::rfc1123(self.now_ms)));
        response
    }

    fn dispatch(&mut self, request: &Request) -> Response {
        let segments = request.segments();
        let first: Vec<&str> = segments.iter().take(2).map(String::as_str).collect();
        match first.as_slice() {
            ["control", ..] => control::handle(self, request, &segments),
            ["batch", "calendar"] => self.guarded(request, "batch", None, batch::handle),
            ["calendar", "v3"] => self.api_call(request),
            _ => match oauth::operation(request, &segments) {
                Some(operation) => {
                    self.guarded(request, operation.name(), None, |g, r| oauth::handle(g, operation, r))
                }
                None => ApiError::not_found().response(),
            },
        }
    }

    /// One API call, alone or as a part of a batch.
    pub(crate) fn api_call(&mut self, request: &Request) -> Response {
        match api::route(request) {
            Ok(route) => {
                let access = api::access(self, request).cloned();
                let email = access.as_ref().map_or("primary", |a| a.email.as_str());
                let calendar = route.calendar.as_deref().map(|id| resolve(id, email).to_owned());
                self.guarded(request, route.operation.name(), calendar.as_deref(), |g, r| {
                    g.judged(r, |g, malformed| {
                        let Some(access) = access else { return api::call(g, r, &route) };
                        let refusal = g.admit(r, &route, &access);
                        refusal.or(malformed).unwrap_or_else(|| api::call(g, r, &route))
                    })
                })
            }
            Err(error) => self.judged(request, |g, _| {
                g.not_made(request);
                error.response()
            }),
        }
    }

    /// Counts a call and lets the faults have their say.
    fn guarded(
        &mut self,
        request: &Request,
        operation: &str,
        calendar: Option<&str>,
        act: impl FnOnce(&mut Self, &Request) -> Response,
    ) -> Response {
        self.counters.count(operation);
        let effect = self
            .faults
            .iter_mut()
            .find_map(|fault| fault.hits(request, operation, calendar).then(|| fault.effect.clone()));
        let instead = effect.as_ref().and_then(crate::faults::Effect::instead);
        let mut response = instead.unwrap_or_else(|| act(self, request));
        if let Some(effect) = effect {
            effect.distort(&mut response);
        }
        response.delay_ms += self.settings.response_delay_ms;
        if response.status >= 400 {
            self.counters.fail(operation, response.status);
        }
        response
    }

    /// Appends to the timeline at the current time and returns the seq.
    pub fn record(&mut self, kind: &'static str, calendar: &str, fill: impl FnOnce(&mut Entry)) -> u64 {
        let mut entry = Entry { at_us: self.now_us, kind, calendar: calendar.to_owned(), ..Entry::default() };
        fill(&mut entry);
        self.timeline.record(entry)
    }

    pub(crate) fn send(&mut self, mut push: Push) {
        self.push_seq += 1;
        push.seq = self.push_seq;
        self.counters.count(&format!("push.{}", push.state));
        self.outbox.push(push);
    }

    /// A calendar the user can see, by id or `primary`.
    pub fn calendar_for(&self, email: &str, id: &str) -> ApiResult<(&Calendar, Role)> {
        let calendar = self.calendars.get(resolve(id, email)).ok_or_else(ApiError::not_found)?;
        let role = calendar.role(email).ok_or_else(ApiError::not_found)?;
        Ok((calendar, role))
    }

    /// Creates or updates an account together with its primary calendar.
    pub fn create_user(&mut self, email: &str, sub: Option<&str>, name: Option<&str>, zone: chrono_tz::Tz) {
        let sub =
            sub.map_or_else(|| format!("1{:020}", u128::from(ids::stable_number(email))), str::to_owned);
        let fresh = !self.users.contains_key(email);
        let user = self.users.entry(email.to_owned()).or_insert_with(|| User {
            email: email.to_owned(),
            sub: sub.clone(),
            name: String::new(),
            list_revision: 0,
            list_generation: 0,
        });
        user.sub = sub;
        user.name = name.map_or_else(|| email.split('@').next().unwrap_or(email).to_owned(), str::to_owned);
        if fresh {
            self.add_calendar(email, email, Role::Owner, |c| {
                c.summary = email.to_owned();
                c.zone = zone;
                c.primary = true;
            });
        } else if let Some(calendar) = self.calendars.get_mut(email) {
            calendar.zone = zone;
        }
    }

    /// Creates a calendar in a user's list; `fill` sets what differs from the defaults.
    pub fn add_calendar(&mut self, email: &str, id: &str, role: Role, fill: impl FnOnce(&mut Calendar)) {
        let mut calendar = Calendar {
            id: id.to_owned(),
            incarnation: self.ids.base32hex("incarnation", 12),
            summary: String::new(),
            description: None,
            location: None,
            zone: chrono_tz::UTC,
            created_by_client: None,
            primary: false,
            push_supported: true,
            members: BTreeMap::new(),
            events: BTreeMap::new(),
            by_revision: BTreeMap::new(),
            revision: 0,
            generation: 0,
            updated_ms: self.now_ms,
            version_us: self.now_ms * 1000,
        };
        fill(&mut calendar);
        self.calendars.insert(id.to_owned(), calendar);
        self.set_member(id, email, role);
    }

    /// Gives a user access to a calendar, or changes it. A changed access expires the calendar's
    /// sync tokens, as documented.
    pub fn set_member(&mut self, calendar: &str, email: &str, role: Role) {
        let (Some(calendar), Some(user)) = (self.calendars.get_mut(calendar), self.users.get_mut(email))
        else {
            return;
        };
        user.list_revision += 1;
        let member = Member {
            role,
            list_revision: user.list_revision,
            deleted: false,
            unlisted: false,
            version_us: self.now_ms * 1000,
        };
        if calendar.members.insert(email.to_owned(), member).is_some() {
            calendar.generation += 1;
        }
    }

    /// A new secondary calendar id.
    pub fn new_calendar_id(&mut self) -> String {
        format!("c_{}@group.calendar.google.com", self.ids.base32hex("calendar", 26))
    }

    /// The current time as Google writes `updated`.
    #[must_use]
    pub fn now_text(&self) -> String {
        time::rfc3339_ms(self.now_ms)
    }
}

/// `primary` is the caller's own calendar.
#[must_use]
pub fn resolve<'a>(id: &'a str, email: &'a str) -> &'a str {
    if id == "primary" { email } else { id }
}
