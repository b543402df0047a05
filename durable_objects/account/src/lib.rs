//! AccountDO: tokens, channels, cursors, leases and dead letters of one account.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contract`] | the commands that Workers send, one file a concern |
//! | `object.rs` | decodes, dispatches, acts on the outside, handles the alarm |
//! | `dirty.rs`, `runs.rs` | from a push to a committed cursor |
//! | `writes.rs` | the writer's seat |
//! | `maintenance.rs` | calendars, overlay, channels |
//! | `tokens.rs` | encrypted tokens and their refresh |
//! | `admin.rs` | status and dead letters |
//! | `calendars.rs`, `identity.rs`, `timers.rs` | rows |
//! | [`schema`] | the tables |
//!
//! The shell that the platform calls is `durable_objects/state`.

mod admin;
mod calendars;
mod config;
mod context;
pub mod contract;
mod dirty;
mod error;
mod identity;
mod maintenance;
mod object;
mod runs;
pub mod schema;
mod timers;
mod tokens;
mod writes;

pub use config::AccountConfig;
pub use object::AccountObject;
