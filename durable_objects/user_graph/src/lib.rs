//! UserGraphDO: the canonical calendar and mirrors of one user.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contract`], [`policy_contract`] | the commands that Workers send |
//! | `object.rs` | decodes, dispatches, acts on the outside, handles the alarm |
//! | `apply.rs`, `conclude.rs` | chunks of fetched pages; what a full run did not see |
//! | `claims.rs` | mirrors claimed by the writer, and settled |
//! | `graph.rs`, `edges.rs`, `reproject.rs` | accounts, calendars, policy, projecting again |
//! | `policy.rs`, `hours.rs` | edges, rules and working hours, as the user sets them |
//! | `dismissals.rs` | mirrors that the user does not want |
//! | `holds.rs` | sweeps too large to be believed, and what the user decides |
//! | `unlink.rs` | an account is forgotten |
//! | `progress.rs` | how far each calendar's run is |
//! | `floors.rs` | which generations are too old to make events known |
//! | `fresh.rs` | what a full run brings and someone waits for |
//! | `sightings.rs` | mirrors as the provider shows them |
//! | `reads.rs` | lists and status |
//! | `events.rs`, `mirrors.rs`, `journal.rs`, `timers.rs` | rows |
//! | [`schema`] | the tables |
//!
//! The shell that the platform calls is `durable_objects/state`.

mod apply;
mod boundary;
mod bulk;
mod change;
mod claims;
mod columns;
mod conclude;
mod context;
pub mod contract;
mod copies;
mod dismissals;
mod dismissed;
mod edges;
mod error;
mod events;
mod floors;
mod fresh;
mod graph;
mod holds;
mod hours;
mod instances;
mod items;
mod journal;
mod lenses;
mod mirrors;
mod object;
mod policy;
pub mod policy_contract;
mod progress;
mod project;
mod quarantine;
mod reads;
mod reproject;
pub mod schema;
mod series;
mod sightings;
mod timers;
mod unlink;
mod wishes;

pub use object::UserGraphObject;
