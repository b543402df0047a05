//! Bad input: every refusal of the provider, every way in which an answer can be broken, clocks that disagree, and
//! messages that no code of ours wrote. Each has one outcome, which `docs/PROTOCOL.md` lists; nobody else is delayed,
//! all is well once the fault is gone, and no text of an answer stands in a log or a table.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod batches;
mod lists;
mod maintenance;
mod messages;
mod parts;
mod refreshes;
mod skew;
mod support;
