//! Which of two sightings of an event counts (protocol rule 10).
//!
//! Deltas are ordered by position, not by arrival: the generation of the run that fetched them, then the page.

use serde::{Deserialize, Serialize};

/// Where in the history of a calendar's runs an item was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Position {
    /// The generation of the run; grows with every run of the calendar.
    pub generation: u32,
    /// The page within the run, from 0.
    pub page: u32,
}

impl Position {
    /// Whether it is on a later page of the same run than `other`: which of the two was so last is not told by that.
    #[must_use]
    pub const fn is_later_in_run(self, other: Self) -> bool {
        self.generation == other.generation && self.page > other.page
    }
}

/// What the store knows of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known<'a> {
    /// Where it was last fetched.
    pub position: Position,
    /// The provider's etag then.
    pub etag: &'a str,
    /// Whether it is a tombstone.
    pub deleted: bool,
}

/// What arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sighting<'a> {
    /// The event, with its etag.
    Present {
        /// The provider's etag.
        etag: &'a str,
    },
    /// A cancelled occurrence of a series, which is kept as long as the series, with its etag.
    Cancelled {
        /// The provider's etag.
        etag: &'a str,
    },
    /// Its tombstone.
    Deleted,
}

/// What is to be done with a sighting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Older than what the store knows: ignored.
    Stale,
    /// Nothing new: no row is written.
    Unchanged,
    /// A new event.
    Create,
    /// A changed event (or one that came back).
    Update,
    /// The event is gone.
    Delete,
}

/// Decides what a sighting at `position` means for what is known.
#[must_use]
pub fn judge(known: Option<&Known<'_>>, sighting: Sighting<'_>, position: Position) -> Verdict {
    match (known, sighting) {
        (None, Sighting::Present { .. } | Sighting::Cancelled { .. }) => Verdict::Create,
        (None, Sighting::Deleted) => Verdict::Unchanged,
        (Some(known), _) if position < known.position => Verdict::Stale,
        (Some(known), Sighting::Deleted) if known.deleted => Verdict::Unchanged,
        (Some(_), Sighting::Deleted) => Verdict::Delete,
        (Some(known), Sighting::Present { etag }) if etag == known.etag && !known.deleted => {
            Verdict::Unchanged
        }
        (Some(known), Sighting::Cancelled { etag }) if etag == known.etag && known.deleted => {
            Verdict::Unchanged
        }
        (Some(_), Sighting::Present { .. } | Sighting::Cancelled { .. }) => Verdict::Update,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(generation: u32, page: u32) -> Position {
        Position { generation, page }
    }

    #[test]
    fn a_lower_position_is_ignored_and_the_same_etag_writes_nothing() {
        let known = Known { position: at(3, 1), etag: "b", deleted: false };
        let seen = |sighting, position| judge(Some(&known), sighting, position);
        assert_eq!(seen(Sighting::Present { etag: "a" }, at(3, 0)), Verdict::Stale);
        assert_eq!(seen(Sighting::Deleted, at(2, 9)), Verdict::Stale);
        assert_eq!(seen(Sighting::Present { etag: "b" }, at(4, 0)), Verdict::Unchanged);
        assert_eq!(seen(Sighting::Present { etag: "c" }, at(3, 1)), Verdict::Update);
        assert_eq!(seen(Sighting::Deleted, at(4, 0)), Verdict::Delete);
    }

    #[test]
    fn only_pages_of_one_run_say_nothing_of_what_came_last() {
        assert!(at(3, 1).is_later_in_run(at(3, 0)));
        assert!(!at(3, 1).is_later_in_run(at(3, 1)) && !at(3, 0).is_later_in_run(at(3, 1)));
        assert!(!at(4, 1).is_later_in_run(at(3, 0)), "another run is later for certain");
    }

    #[test]
    fn a_tombstone_is_revived_only_by_a_later_sighting() {
        let known = Known { position: at(3, 0), etag: "b", deleted: true };
        let seen = |sighting, position| judge(Some(&known), sighting, position);
        assert_eq!(seen(Sighting::Present { etag: "b" }, at(2, 0)), Verdict::Stale);
        assert_eq!(seen(Sighting::Present { etag: "b" }, at(4, 0)), Verdict::Update);
        assert_eq!(seen(Sighting::Deleted, at(4, 0)), Verdict::Unchanged);
        assert_eq!(judge(None, Sighting::Deleted, at(0, 0)), Verdict::Unchanged);
        assert_eq!(seen(Sighting::Cancelled { etag: "b" }, at(4, 0)), Verdict::Unchanged);
        assert_eq!(seen(Sighting::Cancelled { etag: "c" }, at(4, 0)), Verdict::Update);
    }
}
