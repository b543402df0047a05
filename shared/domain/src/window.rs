//! How far back and ahead an edge reaches. Bounds are whole days in UTC: what is inside changes at midnight UTC only.

use crate::time::Timestamp;

/// Milliseconds in a day.
const DAY_MILLIS: i64 = 86_400_000;

/// How many whole days back and ahead; `None`: without bound. Today is always inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// Days before today.
    pub back: Option<u16>,
    /// Days after today.
    pub ahead: Option<u16>,
}

impl Window {
    /// Whether there is any bound.
    #[must_use]
    pub const fn is_bounded(self) -> bool {
        self.back.is_some() || self.ahead.is_some()
    }

    /// Whether a span touches the window at `now`. The end is exclusive, `None` for an endless series.
    #[must_use]
    pub fn contains(self, now: Timestamp, start: Timestamp, end: Option<Timestamp>) -> bool {
        let today = midnight_before(now);
        let from = self.back.map(|days| days_after(today, i64::from(days).saturating_neg()));
        let to = self.ahead.map(|days| days_after(today, i64::from(days).saturating_add(1)));
        // The start is asked too: a span without length ends where it starts.
        let is_recent = from.is_none_or(|from| start >= from || end.is_none_or(|end| end > from));
        is_recent && to.is_none_or(|to| start < to)
    }

    /// When what is inside changes next: the midnight in UTC after `now`.
    #[must_use]
    pub fn next_boundary(self, now: Timestamp) -> Timestamp {
        days_after(midnight_before(now), 1)
    }
}

fn midnight_before(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().div_euclid(DAY_MILLIS).saturating_mul(DAY_MILLIS))
}

fn days_after(at: Timestamp, days: i64) -> Timestamp {
    at.plus_millis(days.saturating_mul(DAY_MILLIS))
}
