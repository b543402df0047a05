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

/// The ends of a window on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reach {
    /// What ends after this is inside.
    pub from: Option<Timestamp>,
    /// What starts before this is inside.
    pub to: Option<Timestamp>,
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
        let Reach { from, to } = self.reach(now);
        // The start is asked too: a span without length ends where it starts.
        let is_recent = from.is_none_or(|from| start >= from || end.is_none_or(|end| end > from));
        is_recent && to.is_none_or(|to| start < to)
    }

    /// Its two ends at `now`.
    #[must_use]
    pub fn reach(self, now: Timestamp) -> Reach {
        let today = midnight_before(now);
        Reach {
            from: self.back.map(|days| days_after(today, i64::from(days).saturating_neg())),
            to: self.ahead.map(|days| days_after(today, i64::from(days).saturating_add(1))),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn contains(back: Option<u16>, ahead: Option<u16>, start: &str, end: Option<&str>) -> bool {
        Window { back, ahead }.contains(at("2026-03-10T15:00:00Z"), at(start), end.map(at))
    }

    #[test]
    fn bounds_are_whole_days_and_ends_are_exclusive() {
        let back = |start, end| contains(Some(2), None, start, Some(end));
        assert!(back("2026-03-07T22:00:00Z", "2026-03-08T00:00:00.001Z"));
        assert!(!back("2026-03-07T22:00:00Z", "2026-03-08T00:00:00Z"));
        // Without length at the very bound.
        assert!(back("2026-03-08T00:00:00Z", "2026-03-08T00:00:00Z"));
        assert!(!back("2026-03-07T23:59:59.999Z", "2026-03-07T23:59:59.999Z"));

        let ahead = |start| contains(None, Some(2), start, Some("2027-01-01T00:00:00Z"));
        assert!(ahead("2026-03-12T23:59:59.999Z"));
        assert!(!ahead("2026-03-13T00:00:00Z"));
    }

    #[test]
    fn today_is_inside_and_no_bound_is_none() {
        let day = ("2026-03-10T00:00:00Z", Some("2026-03-11T00:00:00Z"));
        assert!(contains(Some(0), Some(0), day.0, day.1));
        assert!(!contains(Some(0), Some(0), "2026-03-09T00:00:00Z", Some("2026-03-10T00:00:00Z")));
        assert!(!contains(Some(0), Some(0), "2026-03-11T00:00:00Z", Some("2026-03-12T00:00:00Z")));
        assert!(contains(None, None, "1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00Z")));
        assert!(contains(Some(0), Some(0), "1970-01-01T00:00:00Z", None), "an endless series");
        assert!(!contains(None, Some(0), "2026-03-11T00:00:00Z", None), "one that has not begun");
    }

    #[test]
    fn the_next_boundary_is_the_next_midnight() {
        let next = |now| Window::default().next_boundary(at(now)).to_rfc3339();
        assert_eq!(next("2026-03-10T00:00:00Z"), "2026-03-11T00:00:00.000Z");
        assert_eq!(next("2026-03-10T23:59:59.999Z"), "2026-03-11T00:00:00.000Z");
        assert_eq!(next("1969-12-31T12:00:00Z"), "1970-01-01T00:00:00.000Z");
    }

    proptest! {
        #[test]
        fn nothing_changes_before_the_next_boundary(
            back in proptest::option::of(0..9_u16), ahead in proptest::option::of(0..9_u16),
            now in 0..20_i64 * DAY_MILLIS, start in 0..20_i64 * DAY_MILLIS,
            length in proptest::option::of(0..3_i64 * DAY_MILLIS), later in 0..DAY_MILLIS,
        ) {
            let window = Window { back, ahead };
            let (now, start) = (Timestamp::from_millis(now), Timestamp::from_millis(start));
            let end = length.map(|length| start.plus_millis(length));
            let later = now.plus_millis(later);
            prop_assert!(window.next_boundary(now) > now);
            if later < window.next_boundary(now) {
                prop_assert_eq!(window.contains(now, start, end), window.contains(later, start, end));
            }
        }

        #[test]
        fn no_time_panics(now: i64, start: i64, end: i64, back: u16, ahead: u16) {
            let window = Window { back: Some(back), ahead: Some(ahead) };
            let [now, start, end] = [now, start, end].map(Timestamp::from_millis);
            let _ = window.contains(now, start, Some(end));
            let _ = window.next_boundary(now);
        }
    }
}
