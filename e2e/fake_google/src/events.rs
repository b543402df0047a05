//! `events`: reading, listing, writing, recurrence.

pub mod body;
pub mod instance;
pub mod list;
pub mod params;
pub mod read;
pub mod recur;
pub mod write;
