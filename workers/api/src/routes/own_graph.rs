//! Commands to the graph of whoever is signed in.
//!
//! What the graph says to a read goes to the client in its own words: a [`RawValue`], of which is read what the answer
//! turns on. The types of the contract say in the description what it is.

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tminus_domain::ids::UserId;
use tminus_ports::{Command, Encoded, Ports, call_as};

use crate::conventions::{ApiError, Code};
use crate::handle::Context;
use crate::http::ApiResponse;

/// What the graph said.
pub(super) type Said = Box<RawValue>;

/// Asks the graph; `None` before the first account is linked, which is when a graph begins.
pub(super) async fn read<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    ask: &C,
) -> Result<Option<C::Reply>, ApiError> {
    self::ask(cx, user, ask).await?.map(|said| part(&said)).transpose()
}

/// Changes the graph, which must be there.
pub(super) async fn change<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    change: &C,
) -> Result<C::Reply, ApiError> {
    part(&tell(cx, user, change).await?)
}

/// As [`read`], in the graph's words.
pub(super) async fn ask<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    ask: &C,
) -> Result<Option<Said>, ApiError> {
    said(cx, user, Encoded::of(ask)?).await
}

/// Answers what the graph says of something that is `what`; without a graph there is none.
pub(super) async fn show<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    ask: &C,
    what: &'static str,
) -> Result<ApiResponse, ApiError> {
    let said = self::ask(cx, cx.session()?.user, ask).await?;
    said.map(|said| answer(200, &said)).ok_or_else(|| ApiError::not_found(what))
}

/// Changes the graph, which must be there, and answers what it says.
pub(super) async fn tell<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    change: &C,
) -> Result<Said, ApiError> {
    let said = self::ask(cx, user, change).await?;
    said.ok_or_else(|| ApiError::refused(Code::NothingLinked, "link an account first"))
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

/// One for all commands: each is code in the Worker.
async fn said<P: Ports>(
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
