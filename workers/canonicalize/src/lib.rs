//! The canonicalize Worker: applies fetched events to the canonical store.
//!
//! `consume.rs` takes a chunk; `normalize.rs` classifies and normalises its items; `shell.rs` is what the
//! platform calls.

mod consume;
mod normalize;
#[cfg(target_arch = "wasm32")]
mod shell;

pub use consume::consume;
pub use normalize::Violation;
