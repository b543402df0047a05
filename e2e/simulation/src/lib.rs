//! The whole pipeline in one process: the same handlers and objects that run on Workers, over ports in memory, on
//! real SQLite, against the fake Google, in one thread and with one seed. Over it, seeded histories that must keep
//! the laws of the protocol.
//!
//! | module | what it is |
//! |---|---|
//! | [`world`] | the harness: deliver, redeliver, lose, reorder, crash, restart, let time pass |
//! | [`logs`] | what is logged meanwhile |
//! | [`stage`] | one person with some accounts, linked and settled |
//! | [`calendar`] | calendars as their provider shows them, instance by instance |
//! | [`model`] | operations, and what people made |
//! | [`generate`] | histories from seeds |
//! | `people.rs` | what people do in a history |
//! | [`run`] | runs a history; shrinks one that fails |
//! | [`laws`] | what must hold when the world has settled |
//! | `conservation.rs` | whether every event is accounted for |

#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "test tooling, never deployed: a panic is a failed test"
)]

pub mod calendar;
mod conservation;
pub mod generate;
pub mod laws;
pub mod logs;
pub mod model;
mod people;
pub mod run;
pub mod stage;
pub mod world;

pub use stage::Stage;
pub use world::World;
