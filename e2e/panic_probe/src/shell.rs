//! The Worker: requests and queue.
#![expect(unreachable_pub, reason = "the platform's exports are public, in a module that is not")]

use std::time::Duration;

use serde::Deserialize;
use tminus_cloudflare::{CfPorts, consumer, fetch, logs};
use tminus_ports::{ObjectCall, ObjectClass, QueueSender, Verdict};
use tminus_queues::{Queue, QueueSpec};
use worker::wasm_bindgen::JsValue;
use worker::worker_sys::{Context as RawContext, MessageBatch};
use worker::{Context, Delay, Env, Request, Response, Result, event};

use crate::object::panic;

const BODY_LIMIT: usize = 100_000;
/// The probe's own queue; of the product's it is none.
const QUEUE: QueueSpec = QueueSpec {
    queue: Queue::Sync,
    name: "tminus-panic-probe",
    binding: "PROBE_QUEUE",
    dlq_name: "",
    dlq_binding: "",
};

#[derive(Deserialize)]
struct Told {
    what: String,
    /// Panics at the first delivery.
    #[serde(default)]
    panics: bool,
    /// Takes as long.
    #[serde(default)]
    millis: u64,
}

#[event(start)]
fn start() {
    logs::install("panic_probe");
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    fetch::guard(answer(request, env)).await
}

async fn answer(request: Request, env: Env) -> Result<Response> {
    let ports = CfPorts::new(env);
    let incoming = fetch::read(&request, BODY_LIMIT).await?;
    let body = String::from_utf8_lossy(&incoming.body).into_owned();
    match incoming.path.trim_start_matches('/') {
        "panic" => panic("in a request"),
        "slow_request" => {
            Delay::from(Duration::from_millis(3_000)).await;
            fetch::json(200, "{}".to_owned())
        }
        "send" => {
            let texts = body.lines().map(str::to_owned).collect();
            match ports.send_batch(QUEUE.binding, texts).await {
                Ok(()) => fetch::json(200, "{}".to_owned()),
                Err(error) => fetch::refuse(502, "queue", &error.to_string()),
            }
        }
        command => match ports.call_raw(ObjectClass::Account, "probe", known(command), "", body).await {
            Ok(answer) => fetch::json(200, answer),
            Err(error) => fetch::refuse(502, "object", &error),
        },
    }
}

/// A command as the port wants it.
fn known(command: &str) -> &'static str {
    let commands = ["list", "slow", "panic_in_transaction", "panic_under_lock", "take_lock", "arm"];
    commands.into_iter().find(|known| *known == command).unwrap_or("tell")
}

/// Consumes a batch.
///
/// # Errors
/// The platform's.
#[worker::wasm_bindgen::prelude::wasm_bindgen(
    js_name = queue,
    wasm_bindgen = worker::wasm_bindgen,
    wasm_bindgen_futures = worker::wasm_bindgen_futures,
    js_sys = worker::js_sys
)]
pub async fn queue(
    batch: MessageBatch,
    env: Env,
    _context: RawContext,
) -> std::result::Result<JsValue, JsValue> {
    consumer::run_on(&QUEUE, batch, env, (), handle).await
}

async fn handle(ports: &CfPorts, (): &(), _: Queue, text: &str, attempts: u32) -> Verdict {
    let Ok(told) = serde_json::from_str::<Told>(text) else { return Verdict::Ack };
    Delay::from(Duration::from_millis(told.millis)).await;
    if told.panics && attempts == 1 {
        panic("in a message");
    }
    let what = format!("{} {attempts}", told.what);
    match ports.call_raw(ObjectClass::Account, "probe", "tell", "", what).await {
        Ok(_) => Verdict::Ack,
        Err(_) => Verdict::Retry { after_s: None },
    }
}
