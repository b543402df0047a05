//! The rules of T-Minus, pure: no I/O, no async, no clock, no platform.
//!
//! | file | rule |
//! |---|---|
//! | [`ids`], [`time`] | prefixed ULIDs; points in time |
//! | [`event`] | what an event is, normalised from any provider |
//! | [`own_event`], [`constraint`], [`actor`] | what a user makes with T-Minus itself; trips and overrides; who did it |
//! | [`authority`] | who owns what an event or a mirror says; what somebody else changed |
//! | [`occurrence`] | which occurrence of a series is meant |
//! | [`floating`] | times of which only the clock and its zone are told |
//! | [`ordering`] | which of two sightings of an event counts |
//! | [`policy`] | which edges an event is projected along, and why not |
//! | [`rules`], [`pattern`], [`template`] | what a user sets on an edge, and what can be wrong with it |
//! | [`hours`], [`window`] | working hours, and how far back and ahead an edge reaches |
//! | [`spans`], [`availability`] | sets of spans; when someone is taken, and when free |
//! | [`ics`] | events as an iCalendar file |
//! | [`projection`] | what others see of an event; its hash |
//! | [`mark`] | ids of mirrors, and the proof that a mirror is ours |
//! | [`meeting`] | the same meeting in several accounts |
//! | [`series`] | what a series and its exceptions become along an edge |
//! | [`mirroring`] | the life of one mirror: intent against fact |
//! | [`absence`] | what a full run may conclude from what it did not see |
//! | [`recurrence`] | series: normalising and expanding rules, bounded |
//! | [`dirty`] | how much of a calendar is to be fetched |
//! | [`backoff`] | pauses that double with every failure |
//! | [`lease`] | leases of runs and writers |
//! | [`quota`] | how many calls the provider grants an account, and for what |
//! | [`keys`], [`seal`], [`signed`], [`channel_token`] | key rings, encryption at rest, signed texts |
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "tests may panic"))]

#[cfg(feature = "openapi")]
extern crate self as tminus_domain;

pub mod absence;
pub mod actor;
pub mod authority;
pub mod availability;
pub mod backoff;
pub mod channel_token;
pub mod constraint;
pub mod dirty;
pub mod event;
pub mod floating;
pub mod hours;
pub mod ics;
pub mod ids;
pub mod keys;
pub mod lease;
pub mod mark;
pub mod meeting;
pub mod mirroring;
mod nosync;
pub mod occurrence;
pub mod ordering;
pub mod own_event;
pub mod pattern;
pub mod policy;
pub mod projection;
pub mod quota;
pub mod recurrence;
pub mod rules;
#[cfg(feature = "openapi")]
mod schema;
pub mod seal;
pub mod series;
pub mod signed;
pub mod spans;
pub mod template;
pub mod time;
pub mod window;
mod words;

/// For the schemas of [`words!`].
#[cfg(feature = "openapi")]
#[doc(hidden)]
pub use schemars;
pub use words::UnknownWord;
