//! The whole system under test: every Worker in workerd, against a fake Google in this process.
//!
//! | file | what it is |
//! |---|---|
//! | [`world`] | the fake Google and the runtime together; what a human does in Google's pages |
//! | [`hands`] | more of that: series, invitations, events past every check |
//! | [`view`] | a calendar as someone looks at it, series unfolded, and what the overlays are to show |
//! | [`runtime`] | the launcher as a child process: start, stop, kill |
//! | [`person`] | someone who signs in and links accounts, as a browser does |
//! | [`federation`] | which mirrors there should be, and which there are |
//! | [`chaos`] | edits under load, a kill in the middle, and what it cost |
//! | [`timeline`] | latencies and calls, on the fake Google's clock |
//! | [`logs`] | the Workers' log: traces, and what must not be in it |
//! | [`rows`] | what the objects store, read from their databases |
//! | [`http`], [`wait`], [`figures`], [`machine`], [`random`] | tools |
//!
//! Everything is synchronous: a step of a scenario is a line. Nothing sleeps in the hope that something has
//! happened meanwhile; conditions are polled until they hold or their deadline has passed.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::missing_errors_doc,
    reason = "a developer tool, never deployed"
)]

pub mod chaos;
pub mod federation;
pub mod figures;
pub mod hands;
pub mod http;
pub mod logs;
pub mod machine;
pub mod person;
pub mod random;
pub mod rows;
pub mod runtime;
pub mod timeline;
pub mod view;
pub mod wait;
pub mod world;
