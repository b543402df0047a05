//! Requests under a key of their sender: each is done once, and a repeat gets the same answer.
//!
//! The keys of a person are in their graph, which begins with the first account: before that nothing can be changed, so
//! that a repeat is as good as the first.

use sha2::{Digest as _, Sha256};
use tminus_domain::ids::{PrefixedId, Ulid};
use tminus_ports::{Ports, call, chain, fresh_id};
use tminus_user_graph::requests_contract::{BeginRequest, Begun, EndRequest, RequestAnswer, RequestKey};

use super::code::Code;
use super::error::ApiError;
use crate::handle::Context;
use crate::http::{ApiRequest, ApiResponse};

/// The header that carries a key.
pub(crate) const HEADER: &str = "idempotency-key";
/// The header of an answer that was given before.
pub(crate) const REPLAYED: &str = "idempotent-replayed";
/// Longest answer that is kept, in bytes. A longer one is not: a repeat is done again, as without a key.
const MAX_ANSWER: usize = 256 * 1024;

/// What there is to do.
pub(crate) enum Start {
    /// The request; then, if it is under a key, its end is told.
    Do(Option<Keyed>),
    /// Nothing: this is the answer.
    Answered(ApiResponse),
}

/// A request under a key.
pub(crate) struct Keyed {
    object: String,
    key: RequestKey,
}

/// Begins the request of whoever is signed in.
pub(crate) async fn begin<P: Ports>(cx: &Context<'_, P>) -> Result<Start, ApiError> {
    let Some(key) = cx.request.header(HEADER) else { return Ok(Start::Do(None)) };
    let key = RequestKey::try_from(key.to_owned())
        .map_err(|_| ApiError::invalid(HEADER, "a key is 1 to 255 visible ASCII characters"))?;
    let object = cx.session()?.user.to_string();
    let begin = BeginRequest { key: key.clone(), request: hash_of(cx.request), attempt: cx.trace };
    match call(cx.ports, &object, &cx.trace.to_string(), &begin).await {
        Ok(Begun::Run) => Ok(Start::Do(Some(Keyed { object, key }))),
        Ok(Begun::Answered(RequestAnswer { status, body })) => {
            let answer = ApiResponse::raw_json(status, body.into_bytes());
            Ok(Start::Answered(answer.with(REPLAYED, "true")))
        }
        Ok(Begun::UnderWay) => Err(refused(Code::IdempotencyKeyUnderWay, "the first request is under way")),
        Ok(Begun::Reused) => Err(refused(Code::IdempotencyKeyReused, "the key is of another request")),
        Err(error) if error.is_gone() => Ok(Start::Do(None)),
        Err(error) => Err(error.into()),
    }
}

impl Keyed {
    /// Tells what came of it. What failed on our side was not done: a repeat tries again.
    pub(crate) async fn end<P: Ports>(self, cx: &Context<'_, P>, came: &Result<ApiResponse, ApiError>) {
        let refusal;
        let answer = match came {
            Ok(answer) => answer,
            Err(error) => {
                refusal = error.response(cx.trace);
                &refusal
            }
        };
        let body = (answer.status < 500 && answer.body.len() <= MAX_ANSWER)
            .then(|| String::from_utf8(answer.body.clone()).ok())
            .flatten();
        let answer = body.map(|body| RequestAnswer { status: answer.status, body });
        let end = EndRequest { key: self.key, attempt: cx.trace, answer };
        if let Err(error) = call(cx.ports, &self.object, &cx.trace.to_string(), &end).await {
            // What was done is done; a repeat does it once more, which changes nothing.
            tracing::warn!(error = %chain(&error), "the end of a request is not stored; its key is free in a minute");
        }
    }
}

/// The id of what a request makes. Under a key it follows from key and request: whoever does the request once more, as
/// the first died before it could say that it was done, makes the same.
pub(crate) fn made<P: Ports, I: PrefixedId>(cx: &Context<'_, P>) -> Result<I, ApiError> {
    let Some(key) = cx.request.header(HEADER) else { return Ok(fresh_id(cx.ports)) };
    let mut hash = Sha256::new();
    for part in [I::PREFIX, &cx.session()?.user.to_string(), key, &hash_of(cx.request)] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    let hash: [u8; 32] = hash.finalize().into();
    let [bytes, _] = hash.as_chunks::<16>().0 else {
        return Err(ApiError::Internal { what: "half a hash is no id" });
    };
    Ok(I::from_ulid(Ulid::from_bytes(*bytes)))
}

fn refused(code: Code, message: &'static str) -> ApiError {
    ApiError::refused(code, message).about(HEADER)
}

/// The hash of everything that a request asks for.
fn hash_of(request: &ApiRequest) -> String {
    let mut hash = Sha256::new();
    for part in [&request.method, &request.path, &request.query] {
        // No part runs into the next: none of these holds a zero byte.
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(&request.body);
    data_encoding::HEXLOWER.encode(&hash.finalize())
}
