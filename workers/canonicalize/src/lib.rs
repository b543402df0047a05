//! The canonicalize Worker: applies fetched events to the canonical store.
//!
//! `consume.rs` takes a chunk, `shell.rs` is what the platform calls; what is done with the chunk is in
//! `shared/deltas`.

mod consume;
#[cfg(target_arch = "wasm32")]
mod shell;

pub use consume::consume;

#[cfg(test)]
mod tests;
