//! The Cloudflare adapters of all ports; the only crate that names `worker`, beside the shells.
//!
//! | file | what it is |
//! |---|---|
//! | `clock.rs`, `rng.rs`, `http.rs`, `queue.rs`, `objects.rs`, `registry.rs` | one port each |
//! | `platform.rs` | `CfPorts`: all of them, for a Worker |
//! | `sql.rs`, `transaction.rs`, `host.rs` | `CfHost`: what a Durable Object stands on |
//! | `object_shell.rs` | a command's way through a Durable Object's class |
//! | `consumer.rs` | a batch's way through a queue consumer |
//! | `fetch.rs` | a request's way through an HTTP Worker |
//! | `unwind.rs` | how far a panic goes |
//! | `config.rs` | variables and secrets by name |
//! | `logs.rs` | one JSON object a line on the console |
//! | `chunks.rs` | how messages are cut into platform calls |
//! | `body.rs`, `deadline.rs`, `values.rs` | what several of them need |
//!
//! Nothing here panics, no import is called that throws without `catch`, and nothing outside is awaited without a
//! deadline. If something panics after all, it takes its own request with it and no other.

// Built elsewhere too, for their tests.
#[cfg(any(target_arch = "wasm32", test))]
mod chunks;
#[cfg(any(target_arch = "wasm32", test))]
pub mod logs;

#[cfg(target_arch = "wasm32")]
mod body;
#[cfg(target_arch = "wasm32")]
mod clock;
#[cfg(target_arch = "wasm32")]
pub mod config;
#[cfg(target_arch = "wasm32")]
pub mod consumer;
#[cfg(target_arch = "wasm32")]
mod deadline;
#[cfg(target_arch = "wasm32")]
pub mod fetch;
#[cfg(target_arch = "wasm32")]
mod host;
#[cfg(target_arch = "wasm32")]
mod http;
#[cfg(target_arch = "wasm32")]
pub mod object_shell;
#[cfg(target_arch = "wasm32")]
mod objects;
#[cfg(target_arch = "wasm32")]
mod platform;
#[cfg(target_arch = "wasm32")]
mod queue;
#[cfg(target_arch = "wasm32")]
mod registry;
#[cfg(target_arch = "wasm32")]
mod rng;
#[cfg(target_arch = "wasm32")]
mod sql;
#[cfg(target_arch = "wasm32")]
mod transaction;
#[cfg(target_arch = "wasm32")]
pub mod unwind;
#[cfg(target_arch = "wasm32")]
mod values;

#[cfg(target_arch = "wasm32")]
pub use host::CfHost;
#[cfg(target_arch = "wasm32")]
pub use platform::CfPorts;
#[cfg(target_arch = "wasm32")]
pub use sql::{Billed, CfSql};
