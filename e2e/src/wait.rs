//! Waiting for a condition.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// A condition that is looked at: what it came to, or what is missing.
pub type Look<T> = Result<Result<T, String>>;

/// Looks until the condition holds; fails with what was missing last when `limit` has passed.
pub fn eventually<T>(what: &str, limit: Duration, look: impl FnMut() -> Look<T>) -> Result<T> {
    eventually_every(INTERVAL, what, limit, look)
}

/// The same, looking every `interval`.
pub fn eventually_every<T>(
    interval: Duration,
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Look<T>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        let missing = match look().with_context(|| format!("while waiting until {what}"))? {
            Ok(value) => return Ok(value),
            Err(missing) => missing,
        };
        if Instant::now() >= end {
            bail!("not within {} s: {what}; {missing}", limit.as_secs_f64());
        }
        std::thread::sleep(interval);
    }
}

/// A condition that holds or does not.
pub fn holds(condition: bool, missing: impl FnOnce() -> String) -> Look<()> {
    Ok(if condition { Ok(()) } else { Err(missing()) })
}
