//! How far a panic goes: docs/adr/0009-panics.md.

use std::panic::{AssertUnwindSafe, Location, set_hook};

use futures::future::FutureExt;
use worker::wasm_bindgen_futures::spawn_local;

use crate::clock;

/// What `work` comes to; `None` if it panics, which is logged already.
///
/// What is half done goes with `work`. What outlives it stands: an open transaction is rolled back, locks are
/// released, and what the objects keep in memory is in cells that are written in one piece.
pub async fn caught<T>(work: impl Future<Output = T>) -> Option<T> {
    AssertUnwindSafe(work).catch_unwind().await.ok()
}

/// Logs every panic from now on: the place, not the message, which may quote a value.
pub(crate) fn log_places(worker: &'static str) {
    // The platform's crate sets its own hook, which logs the message, after all that a Worker does at its start.
    spawn_local(async move {
        set_hook(Box::new(move |panic| {
            let place = panic.location().map(Location::to_string);
            // Past `tracing`, which may be what panicked.
            let line = serde_json::json!({
                "timestamp": clock::now_millis(), "level": "error", "target": module_path!(), "worker": worker,
                "message": "panicked", "place": place,
            });
            worker::console_log!("{line}");
        }));
    });
}
