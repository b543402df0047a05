//! The fake Google behind the Http port, and the pushes that it sends.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use fake_google::Google;
use fake_google::http::{Fate, Request, Response};
use fake_google::push::Push;
use tminus_domain::time::Timestamp;
use tminus_ports::{Clock as _, HttpError, HttpRequest, HttpResponse};
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

/// The fake Google and its pushes.
#[derive(Debug, Default)]
pub(crate) struct Provider {
    google: RefCell<Google>,
    pushes: RefCell<BTreeMap<u64, Pushed>>,
    sent: Cell<u64>,
}

impl Provider {
    /// Acts on the fake Google at the current time.
    pub(crate) fn with<T>(&self, clock: &TestClock, act: impl FnOnce(&mut Google) -> T) -> T {
        let mut google = self.google.borrow_mut();
        google.at(clock.now().millis());
        let out = act(&mut google);
        for push in google.take_pushes() {
            let delay = i64::try_from(push.delay_ms).unwrap_or(i64::MAX);
            self.put(Pushed { push, failed: 0, not_before: clock.now().plus_millis(delay) });
        }
        out
    }

    /// One request as it stands on the wire.
    pub(crate) fn request(&self, clock: &TestClock, request: &Request) -> Response {
        self.with(clock, |google| google.handle(request, clock.now().millis()))
    }

    /// One request through the port.
    pub(crate) fn send(&self, clock: &TestClock, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let Some(path_and_query) = request.url.strip_prefix(GOOGLE) else {
            return Err(HttpError::NoAnswer("no such host".to_owned()));
        };
        let request = Request {
            method: request.method.as_str().to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers: request.headers.clone(),
            body: request.body.clone(),
        };
        let answer = self.request(clock, &request);
        match answer.fate {
            Fate::Answer => {
                Ok(HttpResponse { status: answer.status, headers: answer.headers, body: answer.body })
            }
            Fate::DropConnection => Err(HttpError::NoAnswer("the connection was closed".to_owned())),
        }
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

    /// When the next push can be delivered.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.pushes.borrow().values().map(|pushed| pushed.not_before).min()
    }

    pub(crate) fn take(&self, seq: u64) -> Option<Pushed> {
        self.pushes.borrow_mut().remove(&seq)
    }
}
