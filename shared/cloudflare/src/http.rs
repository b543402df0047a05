//! One request to a provider, by the platform's fetch.

use tminus_ports::{HttpError, HttpRequest, HttpResponse};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{self, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{
    AbortController, AbortSignal, Headers, Request, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};

use crate::body::{self, ReadError};
use crate::deadline::within;

/// The longest wait for a whole answer.
const DEADLINE_MS: u32 = 10_000;
/// The largest answer, decoded.
const MAX_BYTES: usize = 10_000_000;

/// Sends one request and reads the whole answer. Redirects are answers like others.
pub(crate) async fn send(request: HttpRequest) -> Result<HttpResponse, HttpError> {
    let abort = AbortController::new().map_err(no_answer)?;
    let answer = within(DEADLINE_MS, exchange(request, abort.signal())).await;
    answer.unwrap_or_else(|| {
        abort.abort();
        Err(HttpError::Deadline(DEADLINE_MS))
    })
}

async fn exchange(request: HttpRequest, signal: AbortSignal) -> Result<HttpResponse, HttpError> {
    let request = platform_request(&request, &signal).map_err(no_answer)?;
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    let response = JsFuture::from(global.fetch_with_request(&request)).await.map_err(no_answer)?;
    let response: Response = response.dyn_into().map_err(no_answer)?;
    let body = body::read(response.body(), MAX_BYTES).await.map_err(|error| match error {
        ReadError::TooLarge => HttpError::TooLarge(MAX_BYTES),
        ReadError::Broken(error) => no_answer(error),
    })?;
    // The platform gives names in lower case.
    let headers = worker::Headers(response.headers()).entries().collect();
    Ok(HttpResponse { status: response.status(), headers, body })
}

fn platform_request(request: &HttpRequest, signal: &AbortSignal) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let init = RequestInit::new();
    init.set_method(request.method.as_str());
    init.set_headers(&headers);
    init.set_redirect(RequestRedirect::Manual);
    init.set_signal(Some(signal));
    if !request.body.is_empty() {
        init.set_body(&Uint8Array::from(request.body.as_slice()));
    }
    Request::new_with_str_and_init(&request.url, &init)
}

/// The platform quotes the URL in some errors; a calendar's URL holds an address, so such a text is not kept.
fn no_answer(error: impl Into<worker::Error>) -> HttpError {
    let text = error.into().to_string();
    let safe =
        if text.contains("://") || text.contains('@') { "the request was not sent".to_owned() } else { text };
    HttpError::NoAnswer(safe)
}
