//! What a full run may conclude from what it did not see (protocol rule 14).

/// Up to this many missing events are never held.
pub const HOLD_FLOOR: usize = 25;
/// Above this share of a calendar (in percent) missing events are held for the operator.
pub const HOLD_PERCENT: usize = 20;

/// What to do with one event that a full run did not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// Missed for the first time: a suspect, nothing is deleted.
    Suspect,
    /// Missed by a second full run in a row: deleted.
    Confirmed,
}

/// Decides on an event that the run of `generation` did not see; `suspect_since` is the generation of the full
/// run that missed it first, if any.
#[must_use]
pub const fn judge(suspect_since: Option<u32>, generation: u32) -> Absence {
    match suspect_since {
        Some(since) if since < generation => Absence::Confirmed,
        _ => Absence::Suspect,
    }
}

/// Whether a sweep of `missing` out of `total` events is too large to be believed.
#[must_use]
pub fn is_held(missing: usize, total: usize) -> bool {
    missing > HOLD_FLOOR.max(total.saturating_mul(HOLD_PERCENT).div_euclid(100))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_deleted_by_the_second_run_that_misses_it() {
        assert_eq!(judge(None, 5), Absence::Suspect);
        assert_eq!(judge(Some(5), 5), Absence::Suspect);
        assert_eq!(judge(Some(5), 6), Absence::Confirmed);
    }

    #[test]
    fn a_sweep_above_the_floor_and_the_share_is_held() {
        assert!(!is_held(25, 30));
        assert!(is_held(26, 30));
        assert!(!is_held(200, 1000));
        assert!(is_held(201, 1000));
    }
}
