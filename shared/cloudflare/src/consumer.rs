//! A batch's way through a queue consumer.
//!
//! A Worker exports `queue` by hand instead of `#[event(queue)]`, which panics when a handler fails and hides how
//! often a message was tried.

use std::panic::AssertUnwindSafe;

use futures::future::join_all;
use serde::Deserialize;
use tminus_domain::ids::TraceId;
use tminus_ports::config::ConfigError;
use tminus_ports::{Clock, QueueError, QueueSender, Rng, Verdict, fresh_id, fresh_nonce};
use tminus_queues::{Body, Message, Queue, QueueSpec, Rejected, retry_delay_seconds};
use tracing::Instrument;
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{JSON, Object, Reflect};
use worker::worker_sys::{Message as RawMessage, MessageBatch};

use crate::CfPorts;
use crate::unwind::caught;

/// The longest delay that the platform takes, in seconds.
const MAX_DELAY_S: u32 = 43_200;

/// Hands every message of a batch to `handle`, all at once, and does to each what its verdict says. With problems
/// in the configuration, or on a queue that is not ours, every message is tried again.
///
/// # Errors
/// The platform's; the messages that nothing was said about are then delivered again.
pub fn run<C>(
    batch: MessageBatch,
    env: Env,
    config: Result<C, ConfigError>,
    handle: impl AsyncFn(&CfPorts, &C, Queue, &str, u32) -> Verdict,
) -> AssertUnwindSafe<impl Future<Output = Result<JsValue, JsValue>>> {
    // Whatever a panic leaves half done here goes with the batch: nothing is shared with another one.
    AssertUnwindSafe(async move {
        let name = String::from(batch.queue()?);
        let config = match config {
            Ok(config) => config,
            Err(error) => return retry_all(&CfPorts::new(env), &batch, &name, &error.to_string()),
        };
        let Some(spec) = Queue::by_name(&name) else {
            return retry_all(&CfPorts::new(env), &batch, &name, "the queue is unknown");
        };
        run_on(spec, batch, env, config, handle).await
    })
}

/// As [`run`], on a queue that is known.
///
/// # Errors
/// As [`run`].
pub fn run_on<C>(
    spec: &QueueSpec,
    batch: MessageBatch,
    env: Env,
    config: C,
    handle: impl AsyncFn(&CfPorts, &C, Queue, &str, u32) -> Verdict,
) -> AssertUnwindSafe<impl Future<Output = Result<JsValue, JsValue>>> {
    AssertUnwindSafe(all(spec, batch, env, config, handle))
}

async fn all<C>(
    spec: &QueueSpec,
    batch: MessageBatch,
    env: Env,
    config: C,
    handle: impl AsyncFn(&CfPorts, &C, Queue, &str, u32) -> Verdict,
) -> Result<JsValue, JsValue> {
    let ports = CfPorts::new(env);
    let messages: Vec<RawMessage> = batch.messages()?.iter().map(JsCast::unchecked_into).collect();
    let settled = messages.iter().map(|message| {
        settle(&ports, spec, message, async |text: &str, attempts| {
            handle(&ports, &config, spec.queue, text, attempts).await
        })
    });
    join_all(settled).await.into_iter().collect::<Result<(), _>>()?;
    Ok(JsValue::UNDEFINED)
}

/// One message, from its text to what the platform is told.
async fn settle(
    ports: &CfPorts,
    spec: &QueueSpec,
    message: &RawMessage,
    handle: impl AsyncFn(&str, u32) -> Verdict,
) -> Result<(), JsValue> {
    let body = message.body()?;
    let attempts = attempts(message);
    let text = body.as_string();
    let trace = text.as_deref().and_then(trace_of).unwrap_or_else(|| fresh_id(ports));
    let span = tracing::info_span!("message", queue = spec.name, attempts, %trace);
    let work = async {
        let verdict = match &text {
            // A panic ends its own message, not the batch: the platform delivers it again.
            Some(text) => caught(handle(text, attempts)).await.unwrap_or_else(|| {
                tracing::error!("the handler panicked; the message is tried again");
                Verdict::Retry { after_s: None }
            }),
            None => Verdict::Reject { reason: "not a text".to_owned() },
        };
        match verdict {
            Verdict::Ack => message.ack(),
            Verdict::Retry { after_s } => retry(message, delay(ports, after_s, attempts)),
            Verdict::Reject { reason } => {
                let original = text.unwrap_or_else(|| json_of(&body));
                match park(ports, spec, trace, Rejected { rejected: reason, original }).await {
                    Ok(()) => message.ack(),
                    Err(error) => {
                        tracing::error!(%error, "the dead letter was not taken");
                        retry(message, delay(ports, None, attempts))
                    }
                }
            }
        }
    };
    work.instrument(span).await
}

/// Puts a refused message on its queue's dead-letter queue.
async fn park(ports: &CfPorts, spec: &QueueSpec, trace: TraceId, body: Rejected) -> Result<(), QueueError> {
    let message =
        Message { v: Rejected::VERSION, id: fresh_id(ports), trace, enqueued_at: ports.now(), body };
    let text = serde_json::to_string(&message).map_err(|error| QueueError::Unavailable {
        queue: spec.dlq_binding.to_owned(),
        // Where, not what: the error's text may hold a value.
        reason: format!("the dead letter does not encode: line {}, column {}", error.line(), error.column()),
    })?;
    ports.send_batch(spec.dlq_binding, vec![text]).await
}

fn retry_all(ports: &CfPorts, batch: &MessageBatch, queue: &str, why: &str) -> Result<JsValue, JsValue> {
    tracing::error!(queue, error = why, "no message of the batch was looked at");
    for message in batch.messages()?.iter() {
        let message: RawMessage = message.unchecked_into();
        retry(&message, delay(ports, None, attempts(&message)))?;
    }
    Ok(JsValue::UNDEFINED)
}

fn retry(message: &RawMessage, delay_s: u32) -> Result<(), JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"delaySeconds".into(), &delay_s.into())?;
    message.retry(options.into())
}

fn delay(rng: &impl Rng, after_s: Option<u32>, attempts: u32) -> u32 {
    let own = || {
        let [jitter] = fresh_nonce(rng);
        retry_delay_seconds(attempts, jitter)
    };
    after_s.unwrap_or_else(own).min(MAX_DELAY_S)
}

/// How often the message was delivered, this time included. `worker` does not show it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small count; the cast saturates"
)]
fn attempts(message: &RawMessage) -> u32 {
    let attempts = Reflect::get(message, &"attempts".into()).ok().and_then(|value| value.as_f64());
    attempts.map_or(1, |attempts| attempts as u32)
}

fn trace_of(text: &str) -> Option<TraceId> {
    #[derive(Deserialize)]
    struct TraceOnly {
        trace: TraceId,
    }
    serde_json::from_str(text).ok().map(|TraceOnly { trace }| trace)
}

/// A body that is no text, as far as it can be shown.
fn json_of(body: &JsValue) -> String {
    JSON::stringify(body).map(String::from).unwrap_or_default()
}
