//! A provider that answers from a script.

use std::cell::RefCell;
use std::collections::VecDeque;

use tminus_ports::{Http, HttpError, HttpRequest, HttpResponse};

/// A provider that answers from a script, in order, and remembers what it was asked. A request beyond the script
/// gets no answer.
#[derive(Default)]
pub struct ScriptedHttp {
    answers: RefCell<VecDeque<Result<HttpResponse, HttpError>>>,
    asked: RefCell<Vec<HttpRequest>>,
}

impl ScriptedHttp {
    /// The next answer is this JSON.
    pub fn then_json(&self, status: u16, body: &str) {
        let headers = vec![("content-type".to_owned(), "application/json; charset=UTF-8".to_owned())];
        self.then(Ok(HttpResponse { status, headers, body: body.as_bytes().to_vec() }));
    }

    /// The next answer.
    pub fn then(&self, answer: Result<HttpResponse, HttpError>) {
        self.answers.borrow_mut().push_back(answer);
    }

    /// What was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<HttpRequest> {
        self.asked.borrow().clone()
    }
}

impl Http for ScriptedHttp {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.asked.borrow_mut().push(request);
        let answer = self.answers.borrow_mut().pop_front();
        answer.unwrap_or_else(|| Err(HttpError::NoAnswer("the script has ended".to_owned())))
    }
}
