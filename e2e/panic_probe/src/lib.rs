//! A Worker that panics when asked to, made with the shells of the product and built like its Workers. The scenario
//! `panics.rs` runs it beside them; it is never deployed. So the product itself needs no switch that makes it panic.
//!
//! | file | what it is |
//! |---|---|
//! | `shell.rs` | the Worker: requests and queue |
//! | `object/shell.rs` | the Durable Object |

#[cfg(target_arch = "wasm32")]
mod object;
#[cfg(target_arch = "wasm32")]
mod shell;
