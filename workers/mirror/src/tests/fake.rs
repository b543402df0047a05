//! The fake Google behind the port, with one account whose primary calendar is written into.

use std::cell::RefCell;

use fake_google::Google;
use fake_google::http::{Fate, Request};
use futures::executor::block_on;
use serde_json::{Value, json};
use tminus_domain::mirroring::Fact;
use tminus_domain::occurrence::Occurrence;
use tminus_google::{AccessToken, CalendarApi};
use tminus_ports::{Http, HttpError, HttpRequest, HttpResponse};
use tminus_user_graph::contract::{MirrorAction, MirrorOperation};

use super::{START, operation};
use crate::write::{Written, write};

const BASE: &str = "http://google.test";
const ANNA: &str = "anna@example.com";

pub(super) struct Fake {
    google: RefCell<Google>,
    token: AccessToken,
}

impl Http for Fake {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let request = Request {
            method: request.method.as_str().to_owned(),
            path_and_query: request.url.strip_prefix(BASE).unwrap().to_owned(),
            headers: request.headers,
            body: request.body,
        };
        let answer = self.google.borrow_mut().handle(&request, START.millis());
        assert_eq!(answer.fate, Fate::Answer);
        Ok(HttpResponse { status: answer.status, headers: answer.headers, body: answer.body })
    }
}

impl Fake {
    /// A calendar in this zone.
    pub(super) fn new(zone: &str) -> Self {
        let mut google = Google::new();
        google.at(START.millis()).create_user(ANNA, None, None, zone.parse().unwrap());
        let token = AccessToken::new(google.access_token(ANNA, &["calendar"]));
        Self { google: RefCell::new(google), token }
    }

    /// Writes operations.
    pub(super) fn write(&self, operations: &[MirrorOperation]) -> Written {
        let api = CalendarApi::new(self, BASE, &self.token);
        block_on(write(&api, operations, |_| Some(ANNA)))
    }

    /// What is learnt of one operation.
    pub(super) fn fact(&self, occurrence: Option<Occurrence>, action: MirrorAction) -> Fact {
        let mut written = self.write(&[operation(occurrence, action)]);
        assert_eq!((written.results.len(), written.halt), (1, None));
        let result = written.results.remove(0);
        assert_eq!(result.occurrence, occurrence);
        result.fact
    }

    /// What a person or another client does: a call of the API, or of `/control`.
    pub(super) fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let token = block_on(async { self.google.borrow_mut().access_token(ANNA, &["calendar"]) });
        let request = Request::new(method, path).bearer(&token).json(body);
        self.google.borrow_mut().handle(&request, START.millis()).value()
    }

    /// The event under an id, as the API shows it.
    pub(super) fn event(&self, id: &str) -> Value {
        self.call("GET", &Self::path(id), &Value::Null)
    }

    pub(super) fn delete(&self, id: &str) {
        self.call("DELETE", &Self::path(id), &Value::Null);
    }

    pub(super) fn patch(&self, id: &str, patch: &Value) {
        self.call("PATCH", &Self::path(id), patch);
    }

    pub(super) fn set(&self, setting: &str, value: &Value) {
        self.call("POST", "/control/settings", &json!({ setting: value }));
    }

    fn path(id: &str) -> String {
        format!("/calendar/v3/calendars/primary/events/{id}")
    }
}
