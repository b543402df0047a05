//! What a user makes with T-Minus itself: events, trips and overrides, and the journal of settings.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod constraints;
mod events;
mod histories;
mod settings;
mod support;
