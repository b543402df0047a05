//! The mirror Worker: writes what UserGraphDO wants into the provider's calendars.
//!
//! `consume.rs` takes a nudge and sits in the writer's seat; `write.rs` writes a batch; `look.rs` finds out what stands
//! at the provider where an answer leaves that open; `body.rs` makes the provider's event; `shell.rs` is what the
//! platform calls.

mod body;
mod config;
mod consume;
mod look;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(test)]
mod tests;
mod write;

pub use config::Config;
pub use consume::consume;
