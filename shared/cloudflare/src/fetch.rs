//! A request's way through an HTTP Worker.

use serde_json::json;
use tminus_ports::config::ConfigError;
use worker::{Request, Response, Result};

use crate::body::{self, ReadError};

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
    /// The body; empty if it is over the limit.
    pub body: Vec<u8>,
    /// Whether the body is over the limit.
    pub too_large: bool,
}

/// Reads a request, its body up to `limit` bytes.
///
/// # Errors
/// The platform's, if the request breaks off.
pub async fn read(request: &Request, limit: usize) -> Result<Incoming> {
    let raw = request.inner();
    let (body, too_large) = match body::read(raw.body(), limit).await {
        Ok(body) => (body, false),
        Err(ReadError::TooLarge) => (Vec::new(), true),
        Err(ReadError::Broken(error)) => return Err(error),
    };
    let url = request.url()?;
    Ok(Incoming {
        method: raw.method().to_ascii_uppercase(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
        headers: request.headers().entries().collect(),
        body,
        too_large,
    })
}

/// An answer. Statuses that the platform refuses become 500.
///
/// # Errors
/// The platform's, if it refuses a header.
pub fn respond(status: u16, headers: &[(String, String)], body: String) -> Result<Response> {
    let status = if (200..600).contains(&status) { status } else { 500 };
    let mut response = Response::builder().with_status(status);
    for (name, value) in headers {
        response = response.with_header(name, value)?;
    }
    // The platform throws on a body where the status allows none.
    let bodyless = matches!(status, 204 | 205 | 304);
    Ok(if bodyless { response.empty() } else { response.fixed(body.into_bytes()) })
}

/// An answer in JSON.
///
/// # Errors
/// As [`respond`].
pub fn json(status: u16, body: String) -> Result<Response> {
    respond(status, &[("content-type".to_owned(), "application/json".to_owned())], body)
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
