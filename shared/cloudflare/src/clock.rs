//! What time it is. On the platform it stands still while code runs and moves with every answer from outside.

use tminus_domain::time::Timestamp;

/// Milliseconds since the Unix epoch.
#[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
pub(crate) fn now_millis() -> i64 {
    worker::js_sys::Date::now() as i64
}

/// The current time.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(now_millis())
}
