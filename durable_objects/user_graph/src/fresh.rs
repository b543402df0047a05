//! Which of the events that a full run brings someone waits for (protocol rule 16).
//!
//! A change that is made while its calendar is read for the first time comes with everything else, on the bulk lane. What
//! was changed within the last minute goes ahead of that, as long as it is a few events and not an import.

use tminus_domain::dirty::Lane;
use tminus_domain::time::Timestamp;

use crate::contract::{ApplyChunk, Delta};

/// So long ago a change is still waited for.
const FRESH_MS: i64 = 60_000;
/// More in one chunk are an import, which nobody waits for one by one.
const FEW: usize = 5;

/// Tells the lane of each event of a chunk.
pub(crate) struct Lanes {
    lane: Lane,
    /// What was changed since goes on the live lane.
    fresh_since: Option<Timestamp>,
}

impl Lanes {
    /// The lanes of a chunk's events.
    pub(crate) fn of(command: &ApplyChunk, now: Timestamp) -> Self {
        let since = now.plus_millis(-FRESH_MS);
        let is_fresh = |delta: &&Delta| match delta {
            Delta::Present { updated, .. } | Delta::Floating { updated, .. } => *updated >= Some(since),
            Delta::Deleted { .. } | Delta::Mirror { .. } | Delta::Bad { .. } => false,
        };
        let few = command.full && command.deltas.iter().filter(is_fresh).count() <= FEW;
        Self { lane: command.lane, fresh_since: few.then_some(since) }
    }

    /// The lane of an event that was changed then.
    pub(crate) fn for_change(&self, updated: Option<Timestamp>) -> Lane {
        match self.fresh_since {
            Some(since) if updated >= Some(since) => Lane::Live,
            _ => self.lane,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_within_a_minute_goes_ahead() {
        let at = |seconds: i64| Some(Timestamp::from_millis(seconds * 1000));
        let lanes = Lanes { lane: Lane::Bulk, fresh_since: at(940) };
        let of = |updated| lanes.for_change(updated);
        assert_eq!([of(at(940)), of(at(939)), of(None)], [Lane::Live, Lane::Bulk, Lane::Bulk]);
        let import = Lanes { lane: Lane::Bulk, fresh_since: None };
        assert_eq!(import.for_change(at(1000)), Lane::Bulk);
    }
}
