//! The fake Google behind the Http port, and the pushes that it sends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use fake_google::Google;
use fake_google::http::{Fate, Request, Response};
use fake_google::push::Push;
use tminus_domain::time::Timestamp;
use tminus_ports::{Clock as _, HttpError, HttpRequest, HttpResponse, Method};
use tminus_testkit::TestClock;

use super::config::GOOGLE;

/// A push on its way.
#[derive(Debug, Clone)]
pub(crate) struct Pushed {
    /// What is delivered.
    pub(crate) push: Push,
    /// How often delivery failed.
    pub(crate) failed: u32,
    /// Not delivered before.
    pub(crate) not_before: Timestamp,
}

/// Changes what the provider answered: the operation, and the answer on its way.
pub(crate) type Tamper = Box<dyn FnMut(&str, &mut Result<HttpResponse, HttpError>)>;

/// The largest answer that the deployed adapter accepts, in bytes.
const MAX_ANSWER_BYTES: usize = 10_000_000;

/// The fake Google and its pushes.
#[derive(Default)]
pub(crate) struct Provider {
    google: RefCell<Google>,
    /// How far its clock is ahead of ours, in milliseconds.
    skew_ms: Cell<i64>,
    tamper: RefCell<Option<Tamper>>,
    pushes: RefCell<BTreeMap<u64, Pushed>>,
    sent: Cell<u64>,
}

impl Provider {
    /// Acts on the fake Google at the current time.
    pub(crate) fn with<T>(&self, clock: &TestClock, act: impl FnOnce(&mut Google) -> T) -> T {
        let mut google = self.google.borrow_mut();
        google.at(self.time(clock));
        let out = act(&mut google);
        for push in google.take_pushes() {
            let delay = i64::try_from(push.delay_ms).unwrap_or(i64::MAX);
            self.put(Pushed { push, failed: 0, not_before: clock.now().plus_millis(delay) });
        }
        out
    }

    /// Sets its clock ahead of ours.
    pub(crate) fn skew(&self, ms: i64) {
        self.skew_ms.set(ms);
    }

    /// Changes every answer from now on.
    pub(crate) fn tamper(&self, tamper: Option<Tamper>) {
        *self.tamper.borrow_mut() = tamper;
    }

    fn time(&self, clock: &TestClock) -> i64 {
        clock.now().plus_millis(self.skew_ms.get()).millis()
    }

    /// One request as it stands on the wire.
    pub(crate) fn request(&self, clock: &TestClock, request: &Request) -> Response {
        self.with(clock, |google| google.handle(request, self.time(clock)))
    }

    /// One request through the port.
    pub(crate) fn send(&self, clock: &TestClock, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(path_and_query) = request.url.strip_prefix(GOOGLE) else {
            return Err(HttpError::NoAnswer("no such host".to_owned()));
        };
        let operation = operation(request);
        let request = Request {
            method: request.method.as_str().to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        let answer = self.request(clock, &request);
        let mut answer = match answer.fate {
            Fate::Answer => {
                Ok(HttpResponse { status: answer.status, headers: answer.headers, body: answer.body })
            }
            Fate::DropConnection => Err(HttpError::NoAnswer("the connection was closed".to_owned())),
        };
        if let Some(tamper) = self.tamper.borrow_mut().as_mut() {
            tamper(operation, &mut answer);
        }
        answer.and_then(|answer| match answer.body.len() {
            0..=MAX_ANSWER_BYTES => Ok(answer),
            _ => Err(HttpError::TooLarge(MAX_ANSWER_BYTES)),
        })
    }

    pub(crate) fn put(&self, pushed: Pushed) {
        self.sent.set(self.sent.get() + 1);
        self.pushes.borrow_mut().insert(self.sent.get(), pushed);
    }

    /// The pushes that can be delivered now, in the order of their sending.
    pub(crate) fn ready(&self, now: Timestamp) -> Vec<u64> {
        let pushes = self.pushes.borrow();
        pushes.iter().filter(|(_, pushed)| pushed.not_before <= now).map(|(seq, _)| *seq).collect()
    }

    /// Every push, also those that are to be delivered later.
    pub(crate) fn all(&self) -> Vec<u64> {
        self.pushes.borrow().keys().copied().collect()
    }

    /// When the next push can be delivered.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.pushes.borrow().values().map(|pushed| pushed.not_before).min()
    }

    pub(crate) fn take(&self, seq: u64) -> Option<Pushed> {
        self.pushes.borrow_mut().remove(&seq)
    }
}

/// What a request asks for, as the provider calls it.
pub(crate) fn operation(request: &HttpRequest) -> &'static str {
    let path = request.url.strip_prefix(GOOGLE).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().trim_start_matches("/calendar/v3");
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method, parts.as_slice()) {
        (_, ["token"]) => "oauth.token",
        (_, ["revoke"]) => "oauth.revoke",
        (_, ["batch", ..]) => "batch",
        (Method::Get, ["users", "me", "calendarList"]) => "calendarList.list",
        (Method::Post, ["calendars"]) => "calendars.insert",
        (Method::Delete, ["calendars", _]) => "calendars.delete",
        (Method::Get, ["calendars", _, "events"]) => "events.list",
        (Method::Get, ["calendars", _, "events", _]) => "events.get",
        (Method::Post, ["calendars", _, "events", "watch"]) => "events.watch",
        (Method::Post, ["channels", "stop"]) => "channels.stop",
        _ => "other",
    }
}
