//! What a person can ask: what was, why, whether all is accounted for, what would be.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod conflicts;
mod explain;
mod preview;
mod replay;
mod retention;
mod support;
