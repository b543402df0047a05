//! A command's way through a Durable Object's class: path, trace header and body in, JSON out.
//!
//! Every command that arrives is answered with status 200 and the JSON of a `Result<Reply, ObjectError>`.

use tminus_ports::config::ConfigError;
use tminus_ports::{Clock, ObjectError, ObjectHost};
use tracing::Instrument;
use worker::{Request, Response, Result};

use crate::CfHost;
use crate::body::DEADLINE_MS;
use crate::deadline::within;
use crate::objects::TRACE_HEADER;
use crate::unwind::caught;

/// How long an alarm is put off, in seconds.
const LATER_S: i64 = 300;

/// Answers a request with what `handle` makes of the command's name, trace id and body.
///
/// # Errors
/// The platform's, if the request breaks off or no answer can be made.
pub async fn answer(
    object: &'static str,
    mut request: Request,
    handle: impl AsyncFnOnce(&str, &str, &str) -> String,
) -> Result<Response> {
    let path = request.path();
    let name = path.trim_start_matches('/');
    let trace = request.headers().get(TRACE_HEADER)?.unwrap_or_default();
    let body = within(DEADLINE_MS, request.text()).await;
    let body = body.ok_or_else(|| format!("no whole command within {DEADLINE_MS} ms"))??;
    let span = tracing::info_span!("command", object, command = name, trace = trace.as_str());
    let work = async {
        caught(handle(name, &trace, &body)).await.unwrap_or_else(|| {
            tracing::error!("the command panicked");
            failed("the command panicked")
        })
    };
    let json = work.instrument(span).await;
    let response = Response::builder().with_header("content-type", "application/json")?;
    Ok(response.fixed(json.into_bytes()))
}

/// Runs the work of an alarm, under the object's name. One that panics is put off: left to the platform it would be
/// tried six times and then be lost, with all timers.
///
/// # Errors
/// None of ours: an alarm that failed is armed again by the object itself.
pub async fn alarm(object: &'static str, host: &CfHost, work: impl Future<Output = ()>) -> Result<Response> {
    let work = async {
        if caught(work).await.is_none() {
            tracing::error!("the alarm panicked");
            later(host).await;
        }
    };
    work.instrument(tracing::info_span!("alarm", object)).await;
    Response::empty()
}

/// Puts off an alarm that cannot be handled until the configuration is mended.
pub async fn later(host: &CfHost) {
    let at = host.now().plus_seconds(LATER_S);
    if let Err(reason) = host.set_alarm(at).await {
        tracing::error!(reason, "the alarm was not put off");
    }
}

/// The answer to every command of an object whose configuration has problems.
#[must_use]
pub fn misconfigured(error: &ConfigError) -> String {
    failed(&error.to_string())
}

fn failed(reason: &str) -> String {
    let answer: std::result::Result<(), ObjectError> =
        Err(ObjectError::Internal { reason: reason.to_owned() });
    serde_json::to_string(&answer).unwrap_or_default()
}
