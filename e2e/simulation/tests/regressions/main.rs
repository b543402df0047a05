//! Interleavings that went wrong once, and what of the protocol no other test holds: each fails when what mended it is
//! taken out. `docs/PROTOCOL.md` names them with their rules.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

mod grants;
mod quota;
mod relink;
mod runs;
mod support;
mod unlink;
