//! The webhook Worker: takes the provider's pushes.
//!
//! `receive.rs` is the handler, `config.rs` its configuration, `shell.rs` what the platform calls.

mod config;
mod receive;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(test)]
mod tests;

pub use config::Config;
pub use receive::{MAX_BODY_BYTES, PushRequest, WebhookAnswer, receive};
