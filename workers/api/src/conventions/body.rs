//! Bodies.

use serde::de::DeserializeOwned;

use super::code::Code;
use super::error::ApiError;
use crate::http::ApiRequest;

/// The longest reason that is told.
const MAX_REASON_CHARS: usize = 300;

/// The body as JSON. What is wrong with it is told in the words of who reads it: they quote nothing but the body, to
/// whoever sent it.
pub(crate) fn json<T: DeserializeOwned>(request: &ApiRequest) -> Result<T, ApiError> {
    require_json(request)?;
    // As a text, as the answers of objects are read: each other way to read a type is in the Worker once more.
    let text = str::from_utf8(&request.body).map_err(|_| invalid("it is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))
}

/// Demands that there is no body, or an empty object.
pub(crate) fn none(request: &ApiRequest) -> Result<(), ApiError> {
    if matches!(request.body.trim_ascii(), b"" | b"{}") { Ok(()) } else { Err(invalid("it must be {}")) }
}

/// Demands a body of JSON, be it empty: no foreign form can send that.
pub(crate) fn require_json(request: &ApiRequest) -> Result<(), ApiError> {
    let content_type = request.header("content-type").unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(ApiError::refused(Code::UnsupportedMediaType, "the body must be application/json"))
    }
}

fn invalid(reason: &str) -> ApiError {
    let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
    ApiError::refused(Code::BodyInvalid, format!("the body cannot be taken: {reason}"))
}
