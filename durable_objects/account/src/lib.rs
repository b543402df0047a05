//! AccountDO: tokens, channels, cursors, leases and dead letters of one account.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contract`] | the commands that Workers send, one file a concern |
//! | `object.rs` | opens the store, acts on the outside, handles the alarm |
//! | `commands.rs` | every command: decoded, run in one transaction, answered |
//! | `dirty.rs`, `runs.rs` | from a push to a committed cursor |
//! | `takeover.rs`, `looks.rs` | runs that change hands; second looks at a list that may lag |
//! | `again.rs`, `replay.rs` | events fetched one by one; dead letters done once more |
//! | `writes.rs`, `quota.rs` | the writer's seat; the calls of the last minute |
//! | `maintenance.rs` | calendars, overlay, channels |
//! | `unlink.rs` | the way to a tombstone |
//! | `tokens.rs` | encrypted tokens and their refresh |
//! | `admin.rs` | status and dead letters |
//! | `calendars.rs`, `identity.rs`, `timers.rs` | rows |
//! | [`schema`] | the tables |
//!
//! The shell that the platform calls is `durable_objects/state`.

mod admin;
mod again;
mod calendars;
mod commands;
mod config;
mod context;
pub mod contract;
mod dirty;
mod error;
mod identity;
mod looks;
mod maintenance;
mod object;
mod quota;
mod replay;
mod runs;
pub mod schema;
mod takeover;
mod timers;
mod tokens;
mod unlink;
mod writes;

pub use config::AccountConfig;
pub use object::AccountObject;
