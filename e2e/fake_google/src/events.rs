//! `events`: reading, listing, writing, recurrence.

pub mod body;
pub(crate) mod commit;
pub mod hands;
pub mod human;
pub mod import;
pub mod instance;
pub mod instances;
pub mod list;
pub mod params;
pub mod read;
pub mod recur;
pub mod transfer;
pub(crate) mod visibility;
pub mod write;
