//! UserGraphDO: the canonical calendar and mirrors of one user.
//!
//! | file | what it holds |
//! |---|---|
//! | [`contract`], [`reading_contract`], [`policy_contract`], [`own_contract`], [`explaining_contract`], [`requests_contract`] | the commands that Workers send |
//! | `object.rs` | decodes, dispatches, acts on the outside, handles the alarm |
//! | `apply.rs`, `items.rs`, `change.rs` | chunks of fetched pages: recorded, judged item by item, carried out together |
//! | `conclude.rs`, `holds.rs` | what a full run did not see; what of it is held for the user |
//! | `series.rs`, `copies.rs` | exceptions and their series; the same meeting in several accounts |
//! | `lenses.rs`, `project.rs`, `wishes.rs` | the policy as it is read; from events to what is wanted of mirrors; what differs |
//! | `claims.rs`, `instances.rs` | mirrors claimed by the writer, and settled; instances follow their series |
//! | `sightings.rs`, `dismissed.rs`, `dismissals.rs` | mirrors as the provider shows them; those that are not wanted |
//! | `policy.rs`, `hours.rs`, `edges.rs`, `graph.rs` | what the user sets; accounts, calendars |
//! | `own_events.rs`, `constraints.rs`, `settings_journal.rs` | what the user makes here; trips, overrides; what was set before |
//! | `reproject.rs`, `boundary.rs` | projecting again after a change of the policy, or as time goes by |
//! | `unlink.rs` | an account is forgotten |
//! | `progress.rs`, `floors.rs`, `fresh.rs` | how far each run is; what is too old; what someone waits for |
//! | `explain.rs`, `slots.rs`, `conservation.rs`, `preview.rs` | why an event is or is not mirrored; whether all are accounted for; what a change would do |
//! | `journal.rs`, `mirror_journal.rs`, `history.rs`, `retention.rs` | the journals, read back, and dropped in the end |
//! | `quarantine.rs`, `reads.rs` | items that cannot be understood; one event, the status |
//! | `requests.rs` | what is asked for under a key, done once |
//! | `ranges.rs`, `expansion.rs`, `conditions.rs` | what takes place in a range; its series; filters |
//! | `busy.rs`, `search.rs` | free and busy; the index of texts |
//! | `events.rs`, `mirrors.rs`, `timers.rs` | rows |
//! | `bulk.rs`, `columns.rs`, `keys.rs` | statements over many rows; ids and times in columns; what events are found by |
//! | [`schema`] | the tables |
//!
//! The shell that the platform calls is `durable_objects/state`.

mod apply;
mod boundary;
mod bulk;
mod busy;
mod change;
mod claims;
mod columns;
mod conclude;
mod conditions;
mod conservation;
mod constraints;
mod context;
pub mod contract;
mod copies;
mod dismissals;
mod dismissed;
mod edges;
mod error;
mod events;
mod expansion;
mod explain;
pub mod explaining_contract;
mod floors;
mod fresh;
mod graph;
mod history;
mod holds;
mod hours;
mod instances;
mod items;
mod journal;
mod keys;
mod lenses;
mod mirror_journal;
mod mirrors;
mod object;
pub mod own_contract;
mod own_events;
mod policy;
pub mod policy_contract;
mod preview;
mod progress;
mod project;
mod quarantine;
mod ranges;
pub mod reading_contract;
mod reads;
mod reproject;
mod requests;
pub mod requests_contract;
mod retention;
pub mod schema;
mod search;
mod series;
mod settings_journal;
mod sightings;
mod slots;
mod timers;
mod unlink;
mod wishes;

pub use object::UserGraphObject;
