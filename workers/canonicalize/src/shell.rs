//! What the platform calls.
#![expect(unreachable_pub, reason = "the platform's exports are public, in a module that is not")]

use tminus_cloudflare::{CfPorts, consumer, logs};
use tminus_queues::Queue;
use worker::wasm_bindgen::JsValue;
use worker::worker_sys::{Context, MessageBatch};
use worker::{Env, event};

use crate::consume;

#[event(start)]
fn start() {
    logs::install("canonicalize");
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
pub async fn queue(batch: MessageBatch, env: Env, _context: Context) -> Result<JsValue, JsValue> {
    let handle = async |ports: &CfPorts, (): &(), queue: Queue, text: &str, attempts: u32| {
        consume(ports, queue, text, attempts).await
    };
    consumer::run(batch, env, Ok(()), handle).await
}
