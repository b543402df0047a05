//! Behaviour of the fake, seen from outside.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "tests"
)]

mod answers;
mod batch;
mod control;
mod discovery;
mod errors;
mod hands;
mod instances;
mod lists;
mod oauth;
mod pitfalls;
mod push;
mod quotas;
mod recurring;
mod series;
mod server;
mod transfers;
mod world;
mod writes;
