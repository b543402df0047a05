//! The API against whole objects: what its conventions promise, whoever asks.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod asked;
mod isolation;
mod keys;
mod support;
