//! Calls Durable Objects.

use tminus_ports::ObjectClass;
use worker::{Env, Headers, Method, Request, RequestInit};

use crate::deadline::within;

/// The longest wait for an object's answer. An object that panicked never answers.
const DEADLINE_MS: u32 = 15_000;
/// The header that carries the trace id.
pub(crate) const TRACE_HEADER: &str = "x-tminus-trace";

/// Sends the command `name` to the object `object` of `class` and returns the answer's text.
pub(crate) async fn call_raw(
    env: &Env,
    class: ObjectClass,
    object: &str,
    name: &'static str,
    trace: &str,
    body: String,
) -> Result<String, String> {
    let answer = within(DEADLINE_MS, fetch(env, class, object, name, trace, body)).await;
    match answer {
        Some(answer) => answer.map_err(|error| error.to_string()),
        None => Err(format!("no answer within {DEADLINE_MS} ms")),
    }
}

async fn fetch(
    env: &Env,
    class: ObjectClass,
    object: &str,
    name: &'static str,
    trace: &str,
    body: String,
) -> worker::Result<String> {
    let headers = Headers::new();
    headers.set(TRACE_HEADER, trace)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_headers(headers).with_body(Some(body.into()));
    let request = Request::new_with_init(&format!("http://object/{name}"), &init)?;
    let stub = env.durable_object(class.binding())?.get_by_name(object)?;
    let mut response = stub.fetch_with_request(request).await?;
    match response.status_code() {
        200 => response.text().await,
        status => Err(format!("the object answered with status {status}").into()),
    }
}
