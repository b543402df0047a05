//! The sync Worker: fetches what changed in a calendar, and maintains accounts.
//!
//! `consume.rs` takes a nudge; `fetch.rs` and `chunks.rs` fetch one page and cut it; `maintain.rs`, `overlay.rs`
//! and `channels.rs` keep an account in shape; `unlink.rs` and `purge.rs` tidy up after one that leaves, `holdings.rs`
//! tells what in a calendar is ours; `shell.rs` is what the platform calls.

mod channels;
mod chunks;
mod config;
mod consume;
mod error;
mod fetch;
mod holdings;
mod maintain;
mod overlay;
mod purge;
#[cfg(target_arch = "wasm32")]
mod shell;
mod unlink;

pub use config::Config;
pub use consume::consume;
pub use error::SyncError;

#[cfg(test)]
mod tests;
