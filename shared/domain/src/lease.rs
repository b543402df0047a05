//! Leases of runs and writers (protocol rule 6).

use crate::time::Timestamp;

/// The lease of a run while a page is fetched.
pub const FETCHING_MS: i64 = 30_000;
/// The lease of a run while a page's chunks are applied.
pub const APPLYING_MS: i64 = 60_000;
/// The lease of the writer's seat of an account.
pub const WRITING_MS: i64 = 45_000;
/// The lease of an account's maintenance.
pub const MAINTENANCE_MS: i64 = 60_000;
/// After this many doublings a lease grows no further.
const MAX_DOUBLINGS: u32 = 4;

/// When a lease of `base_ms` taken `now` ends, after this many takeovers in a row.
#[must_use]
pub fn until(now: Timestamp, base_ms: i64, takeovers: u32) -> Timestamp {
    let factor = 1_i64.checked_shl(takeovers.min(MAX_DOUBLINGS)).unwrap_or(1);
    now.plus_millis(base_ms.saturating_mul(factor))
}

/// Whether a lease still holds.
#[must_use]
pub fn holds(until: Option<Timestamp>, now: Timestamp) -> bool {
    until.is_some_and(|until| now < until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_doubles_per_takeover_up_to_a_bound() {
        let now = Timestamp::from_millis(0);
        assert_eq!(until(now, 10, 0).millis(), 10);
        assert_eq!(until(now, 10, 3).millis(), 80);
        assert_eq!(until(now, 10, 9).millis(), 160);
        assert!(holds(Some(Timestamp::from_millis(1)), now));
        assert!(!holds(Some(now), now));
        assert!(!holds(None, now));
    }
}
