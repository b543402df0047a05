//! An `Http` port that answers from a script and remembers what was asked.

use std::cell::RefCell;
use std::collections::VecDeque;
use tminus_ports::{Http, HttpError, HttpRequest, HttpResponse};

#[derive(Default)]
pub(super) struct Script {
    answers: RefCell<VecDeque<Result<HttpResponse, HttpError>>>,
    asked: RefCell<Vec<HttpRequest>>,
}

impl Script {
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::default().then(status, &[("content-type", "application/json; charset=UTF-8")], body)
    }

    pub(super) fn broken(error: HttpError) -> Self {
        let script = Self::default();
        script.answers.borrow_mut().push_back(Err(error));
        script
    }

    pub(super) fn then(self, status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let body = body.as_bytes().to_vec();
        self.answers.borrow_mut().push_back(Ok(HttpResponse { status, headers, body }));
        self
    }

    pub(super) fn requests(&self) -> Vec<HttpRequest> {
        self.asked.borrow().clone()
    }

    /// The one request that was made.
    pub(super) fn request(&self) -> HttpRequest {
        let asked = self.requests();
        assert_eq!(asked.len(), 1);
        asked[0].clone()
    }
}

impl Http for Script {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.borrow_mut().push(request);
        self.answers.borrow_mut().pop_front().expect("an answer in the script")
    }
}

/// The value of a request's header.
pub(super) fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
