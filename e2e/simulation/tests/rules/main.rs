//! The rules of the protocol, one by one: each test lays out the interleaving that its rule is there for, and fails
//! when the rule is taken out. `docs/PROTOCOL.md` says what each rule is.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod absence;
mod clocks;
mod echoes;
mod fences;
mod graph;
mod identity;
mod intake;
mod lanes;
mod meetings;
mod messages;
mod mirrors;
mod objects;
mod overlay;
mod pages;
mod runs;
mod series;
mod series_hands;
mod support;
mod tokens;
mod unlink;
mod writers;
