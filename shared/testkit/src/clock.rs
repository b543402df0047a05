//! A clock that only moves when told.

use std::cell::Cell;

use tminus_domain::time::Timestamp;
use tminus_ports::Clock;

/// A clock that only moves when told. Starts at 2026-01-01T00:00:00Z unless told otherwise.
#[derive(Debug)]
pub struct TestClock(Cell<Timestamp>);

impl TestClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub const fn at(now: Timestamp) -> Self {
        Self(Cell::new(now))
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.0.set(now);
    }

    /// Moves the time on by this many milliseconds.
    pub fn advance_millis(&self, millis: i64) {
        self.0.set(self.0.get().plus_millis(millis));
    }

    /// Moves the time on by this many seconds.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.set(self.0.get().plus_seconds(seconds));
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_767_225_600_000))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.get()
    }
}
