//! A request's way through an HTTP Worker.

use serde_json::json;
use tminus_ports::config::ConfigError;
use worker::{Headers, Request, Response, Result};

use crate::body::{self, ReadError};
use crate::deadline::within;
use crate::unwind::caught;

/// A request, read whole.
#[derive(Debug)]
pub struct Incoming {
    /// The method's name, in upper case.
    pub method: String,
    /// The path, still encoded.
    pub path: String,
    /// The query without its `?`, still encoded; empty for none.
    pub query: String,
    /// Names (lower-case) and values.
    pub headers: Vec<(String, String)>,
    /// The body. One over the limit is not kept: zeros, one more than the limit, stand for it.
    pub body: Vec<u8>,
}

/// Reads a request, its body up to `limit` bytes.
///
/// # Errors
/// The platform's, if the request breaks off; or the body is too long in coming.
pub async fn read(request: &Request, limit: usize) -> Result<Incoming> {
    let raw = request.inner();
    let body = match within(body::DEADLINE_MS, body::read(raw.body(), limit)).await {
        Some(Ok(body)) => body,
        Some(Err(ReadError::TooLarge)) => vec![0; limit.saturating_add(1)],
        Some(Err(ReadError::Broken(error))) => return Err(error),
        None => return Err(format!("no whole body within {} ms", body::DEADLINE_MS).into()),
    };
    // By hand: the `url` crate is a third of a small Worker.
    let url = raw.url();
    let query =
        url.split_once('#').map_or(url.as_str(), |(url, _)| url).split_once('?').map(|(_, query)| query);
    Ok(Incoming {
        method: raw.method().to_ascii_uppercase(),
        path: request.path(),
        query: query.unwrap_or_default().to_owned(),
        headers: request.headers().entries().collect(),
        body,
    })
}

/// What `work` answers, or a refusal if it panics.
///
/// # Errors
/// Those of `work`.
pub async fn guard(work: impl Future<Output = Result<Response>>) -> Result<Response> {
    match caught(work).await {
        Some(answer) => answer,
        None => refuse(500, "internal", "the request failed"),
    }
}

/// An answer. A header's name may come more than once. Statuses that the platform refuses become 500.
///
/// # Errors
/// The platform's, if it refuses a header.
pub fn respond(status: u16, headers: &[(String, String)], body: Vec<u8>) -> Result<Response> {
    let status = if (200..600).contains(&status) { status } else { 500 };
    let all = Headers::new();
    for (name, value) in headers {
        all.append(name, value)?;
    }
    let response = Response::builder().with_status(status).with_headers(all);
    // The platform throws on a body where the status allows none.
    let bodyless = matches!(status, 204 | 205 | 304);
    Ok(if bodyless { response.empty() } else { response.fixed(body) })
}

/// An answer in JSON.
///
/// # Errors
/// As [`respond`].
pub fn json(status: u16, body: String) -> Result<Response> {
    respond(status, &[("content-type".to_owned(), "application/json".to_owned())], body.into_bytes())
}

/// A refusal: `{"error":{"code":..,"message":..}}`.
///
/// # Errors
/// As [`respond`].
pub fn refuse(status: u16, code: &str, message: &str) -> Result<Response> {
    json(status, json!({"error": {"code": code, "message": message}}).to_string())
}

/// The answer of a Worker whose configuration has problems.
///
/// # Errors
/// As [`respond`].
pub fn misconfigured(error: &ConfigError) -> Result<Response> {
    tracing::error!(%error, "misconfigured");
    refuse(500, "misconfigured", &error.to_string())
}
