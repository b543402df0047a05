//! Questions to the graph of whoever is signed in.
//!
//! A route says what it asks and what becomes of the answer ([`Ask`]); that it is asked is done in one place, since each
//! place that waits is code in the Worker. For the same reason what the graph says goes to the client in its own words: a
//! [`RawValue`], of which is read what the answer turns on. The types of the contract say in the description what it is.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tminus_domain::ids::UserId;
use tminus_ports::{Command, Encoded, Ports, call_as};

use crate::conventions::{ApiError, Code, List};
use crate::handle::Context;
use crate::http::ApiResponse;

/// What the graph said.
pub(crate) type Said = Box<RawValue>;
/// What becomes of an answer; `None` before the first account is linked, which is when a graph begins.
type Then = Box<dyn FnOnce(Option<Said>) -> Answer>;
/// What a route answers.
pub(crate) type Answer = Result<ApiResponse, ApiError>;

/// A question, and what becomes of its answer.
pub(crate) struct Ask {
    user: UserId,
    command: Encoded,
    then: Then,
}

impl Ask {
    /// Asks the graph of a person.
    pub(super) fn new<C: Command>(
        user: UserId,
        command: &C,
        then: impl FnOnce(Option<Said>) -> Answer + 'static,
    ) -> Result<Self, ApiError> {
        Ok(Self { user, command: Encoded::of(command)?, then: Box::new(then) })
    }

    /// Answers what the graph says of something that is `what`; without a graph there is none.
    pub(super) fn show<C: Command>(user: UserId, command: &C, what: &'static str) -> Result<Self, ApiError> {
        Self::new(user, command, move |said| Ok(answer(200, &said.ok_or_else(|| ApiError::not_found(what))?)))
    }

    /// Changes the graph, which must be there.
    pub(super) fn change<C: Command>(
        user: UserId,
        command: &C,
        then: impl FnOnce(Said) -> Answer + 'static,
    ) -> Result<Self, ApiError> {
        Self::new(user, command, move |said| then(said.ok_or_else(nothing_linked)?))
    }

    /// Changes the graph, and answers what it says.
    pub(super) fn tell<C: Command>(user: UserId, status: u16, command: &C) -> Result<Self, ApiError> {
        Self::change(user, command, move |said| Ok(answer(status, &said)))
    }

    /// Asks.
    pub(crate) async fn send<P: Ports>(self, cx: &Context<'_, P>) -> Answer {
        let Self { user, command, then } = self;
        then(said(cx, user, command).await?)
    }
}

/// What the graph says to a command.
pub(super) async fn said<P: Ports>(
    cx: &Context<'_, P>,
    user: UserId,
    command: Encoded,
) -> Result<Option<Said>, ApiError> {
    match call_as(cx.ports, &user.to_string(), &cx.trace.to_string(), command).await {
        Ok(said) => Ok(Some(said)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// There is no graph yet, and nothing to change.
pub(super) fn nothing_linked() -> ApiError {
    ApiError::refused(Code::NothingLinked, "link an account first")
}

/// An answer in the graph's words.
pub(super) fn answer(status: u16, said: &RawValue) -> ApiResponse {
    ApiResponse::raw_json(status, said.get().as_bytes().to_vec())
}

/// What is needed of what the graph said.
pub(super) fn part<R: DeserializeOwned>(said: &RawValue) -> Result<R, ApiError> {
    // Where, not what: the error's text may hold a value.
    serde_json::from_str(said.get()).map_err(|error| ApiError::Broken {
        detail: format!("an answer does not decode: line {}, column {}", error.line(), error.column()),
    })
}

/// A page of any list, as the graph hands it over.
#[derive(Deserialize, Default)]
pub(super) struct Page {
    #[serde(alias = "events", alias = "constraints")]
    pub(super) entries: Vec<Said>,
    next: Option<Said>,
    /// What the page is of, where that is told too.
    #[serde(default, alias = "hold", alias = "search")]
    pub(super) now: Option<Said>,
}

impl Page {
    /// The page; an empty one without a graph.
    pub(super) fn of(said: Option<Said>) -> Result<Self, ApiError> {
        said.map(|said| part(&said)).transpose().map(Option::unwrap_or_default)
    }

    /// Where the next page starts.
    pub(super) fn next_cursor(&self, list: &List) -> Result<Option<String>, ApiError> {
        self.next.as_ref().map(|next| list.cursor(next)).transpose()
    }
}

/// Encodes what a list is of.
pub(super) fn encoded(of: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(of).map_err(|_| ApiError::Internal { what: "a query does not encode" })
}
