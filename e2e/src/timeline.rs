//! Latencies and calls, on the fake Google's clock.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use fake_google::timeline::Entry;

use crate::wait::{eventually_every, holds};
use crate::world::{Edit, World};

/// From the push of an edit to its writes.
#[derive(Debug, Clone)]
pub struct Latency {
    /// Milliseconds from sending the push to the first write in each target calendar, in the order asked for.
    pub targets_ms: Vec<f64>,
    /// Milliseconds from the edit to sending the push.
    pub push_ms: f64,
}

impl Latency {
    /// Milliseconds until the last target was written.
    #[must_use]
    pub fn all_ms(&self) -> f64 {
        self.targets_ms.iter().copied().fold(0.0, f64::max)
    }
}

/// The latency of `edit` into the calendars `targets`, once all of them were written.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "microseconds of a run are far below 2^53")]
pub fn latency(entries: &[Entry], edit: &Edit, targets: &[String]) -> Option<Latency> {
    let after = || entries.iter().filter(|entry| entry.seq >= edit.seq);
    let edited = after().find(|entry| entry.kind == "change" && entry.calendar == edit.calendar)?;
    let pushed = after().find(|entry| entry.kind == "push_sent" && entry.calendar == edit.calendar)?;
    let written = |calendar: &String| {
        let entry = after().find(|entry| entry.kind == "write" && entry.calendar == *calendar)?;
        Some(entry.at_us.saturating_sub(pushed.at_us) as f64 / 1000.0)
    };
    let targets_ms = targets.iter().map(written).collect::<Option<Vec<_>>>()?;
    Some(Latency { targets_ms, push_ms: pushed.at_us.saturating_sub(edited.at_us) as f64 / 1000.0 })
}

/// Waits for the writes of `edit` into `targets`.
pub fn wait_written(world: &World, edit: &Edit, targets: &[String], limit: Duration) -> Result<Latency> {
    let mut found = None;
    eventually_every(Duration::from_millis(5), "the change is written", limit, || {
        found = latency(&world.since(edit.seq.saturating_sub(1)), edit, targets);
        holds(found.is_some(), || "a target has no write".to_owned())
    })?;
    found.context("no latency")
}

/// Waits until the calendar of `edit` was fetched after it.
pub fn wait_listed(world: &World, edit: &Edit, limit: Duration) -> Result<()> {
    eventually_every(Duration::from_millis(5), "the change is fetched", limit, || {
        holds(count(&world.since(edit.seq), "list", &edit.calendar) > 0, || "no list".to_owned())
    })
}

/// Counts of calls by operation.
pub type Calls = BTreeMap<String, u64>;

/// The calls so far.
#[must_use]
pub fn calls(world: &World) -> Calls {
    world.google.with(|google| google.counters.operations.clone())
}

/// The calls that Google counts between two points: each part of a batch, the envelope not.
#[must_use]
pub fn between(before: &Calls, after: &Calls) -> Calls {
    let counted = |name: &str| !name.starts_with("batch") && !name.starts_with("push");
    let since = |name: &String| before.get(name).copied().unwrap_or_default();
    let more = after.iter().map(|(name, count)| (name.clone(), count.saturating_sub(since(name))));
    more.filter(|(name, count)| counted(name) && *count > 0).collect()
}

/// How often something of this kind happened in a calendar.
#[must_use]
pub fn count(entries: &[Entry], kind: &str, calendar: &str) -> usize {
    entries.iter().filter(|entry| entry.kind == kind && entry.calendar == calendar).count()
}
