//! What time it is.

use tminus_domain::time::Timestamp;

/// The current time. Tests inject a clock that only moves when told.
pub trait Clock {
    /// Now, in milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;
}
