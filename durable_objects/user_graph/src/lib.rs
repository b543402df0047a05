//! UserGraphDO: the canonical calendar and mirrors of one user.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contract`], [`policy_contract`], [`requests_contract`] | the commands that Workers send |
//! | `object.rs` | decodes, dispatches, acts on the outside, handles the alarm |
//! | `apply.rs`, `items.rs`, `change.rs` | chunks of fetched pages: recorded, judged item by item, carried out together |
//! | `conclude.rs`, `holds.rs` | what a full run did not see; what of it is held for the user |
//! | `series.rs`, `copies.rs` | exceptions and their series; the same meeting in several accounts |
//! | `lenses.rs`, `project.rs`, `wishes.rs` | the policy as it is read; from events to what is wanted of mirrors; what differs |
//! | `claims.rs`, `instances.rs` | mirrors claimed by the writer, and settled; instances follow their series |
//! | `sightings.rs`, `dismissed.rs`, `dismissals.rs` | mirrors as the provider shows them; those that are not wanted |
//! | `policy.rs`, `hours.rs`, `edges.rs`, `graph.rs` | what the user sets; accounts, calendars |
//! | `reproject.rs`, `boundary.rs` | projecting again after a change of the policy, or as time goes by |
//! | `unlink.rs` | an account is forgotten |
//! | `progress.rs`, `floors.rs`, `fresh.rs` | how far each run is; what is too old; what someone waits for |
//! | `requests.rs` | what is asked for under a key, done once |
//! | `quarantine.rs`, `reads.rs` | items that cannot be understood; lists and status |
//! | `events.rs`, `mirrors.rs`, `journal.rs`, `timers.rs` | rows |
//! | `bulk.rs`, `columns.rs` | statements over many rows; ids and times in columns |
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
mod requests;
pub mod requests_contract;
pub mod schema;
mod series;
mod sightings;
mod timers;
mod unlink;
mod wishes;

pub use object::UserGraphObject;
