//! The provider's quota of one account: so many calls in any minute (protocol rules 16 and 18).
//!
//! Calls are counted in buckets of two seconds. A bucket counts as long as any call in it may still be in the
//! provider's window, so that the count is never below the provider's own.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// Calls that Google grants a user of a project in any minute (QUOTA page, read in 2026).
pub const PER_MINUTE: u32 = 600;
/// The window in which calls count.
const WINDOW_MS: i64 = 60_000;
/// The length of a bucket.
const BUCKET_MS: i64 = 2_000;

/// What calls are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Work that nobody waits for: two thirds of the quota.
    Bulk,
    /// Work that someone waits for: nine tenths, so that lists always find room.
    Live,
}

impl Share {
    /// How many of `per_minute` calls the share may use.
    #[must_use]
    pub const fn of(self, per_minute: u32) -> u32 {
        match self {
            Self::Bulk => per_minute.saturating_mul(2).div_euclid(3),
            // Divided first: a quota that is as good as none must not overflow.
            Self::Live => per_minute.saturating_sub(per_minute.div_euclid(10)),
        }
    }
}

/// The calls of the last minute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Window {
    /// Calls by the start of their bucket, in milliseconds.
    buckets: BTreeMap<i64, u32>,
}

impl Window {
    /// The start of the bucket that `at` falls into.
    #[must_use]
    pub const fn bucket(at: Timestamp) -> i64 {
        at.millis().saturating_sub(at.millis().rem_euclid(BUCKET_MS))
    }

    /// The start of the oldest bucket that still counts at `now`.
    #[must_use]
    pub const fn oldest(now: Timestamp) -> i64 {
        Self::bucket(now.plus_millis(-WINDOW_MS))
    }

    /// Counts calls, and forgets those that no longer count.
    pub fn add(&mut self, at: Timestamp, calls: u32) {
        let oldest = Self::oldest(at);
        self.buckets.retain(|start, _| *start >= oldest);
        if calls > 0 {
            let bucket = self.buckets.entry(Self::bucket(at)).or_default();
            *bucket = bucket.saturating_add(calls);
        }
    }

    /// Takes back calls that were counted `at` a time and never made.
    pub fn give_back(&mut self, at: Timestamp, calls: u32) {
        if let Some(bucket) = self.buckets.get_mut(&Self::bucket(at)) {
            *bucket = bucket.saturating_sub(calls);
        }
    }

    /// The calls of the bucket that starts at `start`.
    #[must_use]
    pub fn calls(&self, start: i64) -> u32 {
        self.buckets.get(&start).copied().unwrap_or_default()
    }

    /// How many more calls fit into a window of `limit`.
    #[must_use]
    pub fn room(&self, now: Timestamp, limit: u32) -> u32 {
        let used = self.counting(now).fold(0_u32, |used, (_, calls)| used.saturating_add(calls));
        limit.saturating_sub(used)
    }

    /// When `calls` calls fit into a window of `limit`, at the earliest: now, or when enough of it has passed.
    #[must_use]
    pub fn when(&self, now: Timestamp, limit: u32, calls: u32) -> Timestamp {
        let mut room = self.room(now, limit);
        for (start, passed) in self.counting(now) {
            if room >= calls {
                break;
            }
            room = room.saturating_add(passed);
            if room >= calls {
                return Timestamp::from_millis(start.saturating_add(WINDOW_MS).saturating_add(BUCKET_MS));
            }
        }
        now
    }

    fn counting(&self, now: Timestamp) -> impl Iterator<Item = (i64, u32)> + '_ {
        self.buckets.range(Self::oldest(now)..).map(|(start, calls)| (*start, *calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn bulk_work_leaves_a_third_and_live_work_a_tenth() {
        assert_eq!((Share::Bulk.of(600), Share::Live.of(600)), (400, 540));
        assert!(Share::Live.of(u32::MAX) > Share::Bulk.of(u32::MAX));
    }

    #[test]
    fn calls_count_for_a_minute_and_their_bucket() {
        let mut window = Window::default();
        window.add(at(1_500), 30);
        window.add(at(10_000), 20);
        assert_eq!(window.room(at(61_000), 60), 10);
        assert_eq!(window.when(at(11_000), 60, 10), at(11_000));
        assert_eq!(window.when(at(11_000), 60, 40), at(62_000));
        assert_eq!(window.room(at(62_000), 60), 40);
        assert_eq!(window.when(at(11_000), 60, 60), at(72_000));
        window.give_back(at(10_000), 15);
        assert_eq!(window.room(at(62_000), 60), 55);
    }

    proptest! {
        /// However calls are asked for, no minute holds more than the limit.
        #[test]
        fn no_minute_holds_more_than_the_limit(steps in prop::collection::vec((1_i64..8_000, 1_u32..80), 1..200)) {
            const LIMIT: u32 = 100;
            let (mut window, mut now) = (Window::default(), 1_000_000_i64);
            let mut made: Vec<(i64, u32)> = Vec::new();
            for (pause, wanted) in steps {
                now += pause;
                let calls = wanted.min(window.room(at(now), LIMIT));
                window.add(at(now), calls);
                made.push((now, calls));
                let in_a_minute: u32 =
                    made.iter().filter(|(when, _)| *when > now - 60_000).map(|(_, calls)| calls).sum();
                prop_assert!(in_a_minute <= LIMIT);
                let when = window.when(at(now), LIMIT, 10);
                prop_assert!(window.room(when, LIMIT) >= 10);
            }
        }
    }
}
