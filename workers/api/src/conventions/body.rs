//! Bodies of requests that change something by a session.

use serde::de::DeserializeOwned;
use tminus_ports::Ports;

use crate::error::ApiError;
use crate::handle::Context;
use crate::own_page::require_json;

/// The longest reason that is told.
const MAX_REASON_CHARS: usize = 300;

/// The body as JSON. What is wrong with it is told in the words of who reads it: they quote nothing but the body, to
/// whoever sent it.
pub(crate) fn json<P: Ports, T: DeserializeOwned>(cx: &Context<'_, P>) -> Result<T, ApiError> {
    require_json(cx.request)?;
    // As a text, as the answers of objects are read: each other way to read a type is in the Worker once more.
    let text = str::from_utf8(&cx.request.body).map_err(|_| invalid("it is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| invalid(&error.to_string()))
}

fn invalid(reason: &str) -> ApiError {
    let reason: String = reason.chars().take(MAX_REASON_CHARS).collect();
    ApiError::BadRequest { code: "body_invalid", message: format!("the body cannot be taken: {reason}") }
}
