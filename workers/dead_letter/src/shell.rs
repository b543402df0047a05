//! What the platform calls.
#![expect(unreachable_pub, reason = "the platform's exports are public, in a module that is not")]

use tminus_cloudflare::{CfPorts, consumer, logs};
use tminus_queues::Queue;
use worker::wasm_bindgen::JsValue;
use worker::wasm_bindgen::prelude::wasm_bindgen;
use worker::worker_sys::{Context, MessageBatch};
use worker::{Env, event, js_sys, wasm_bindgen, wasm_bindgen_futures};

use crate::consume;

#[event(start)]
fn start() {
    logs::install("dead_letter");
}

/// Consumes a batch of dead letters.
///
/// # Errors
/// The platform's.
#[wasm_bindgen(js_name = queue)]
pub async fn queue(batch: MessageBatch, env: Env, _context: Context) -> Result<JsValue, JsValue> {
    let handle = async |ports: &CfPorts, (): &(), queue: Queue, text: &str, attempts: u32| {
        consume(ports, queue, text, attempts).await
    };
    consumer::run(batch, env, Ok(()), handle).await
}
