//! Tests of the whole crate: against a scripted port, and golden bodies.

mod batch;
mod batch_any;
mod client;
mod errors;
mod events;
mod oauth;
mod script;
