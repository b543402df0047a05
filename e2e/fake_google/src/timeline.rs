//! What happened when, for benchmarks and for assertions.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::discovery::Side;

/// Most entries kept.
const CAPACITY: usize = 200_000;

/// One entry.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Position, growing by one.
    pub seq: u64,
    /// Microseconds on the server's monotonic clock.
    pub at_us: u64,
    /// `change`, `write`, `list`, `push_sent`, `push_answered`.
    pub kind: &'static str,
    /// Calendar id.
    pub calendar: String,
    /// Event id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Channel id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// HTTP status; 0 when the connection failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Operation, or the push's state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Message number of a push.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_number: Option<u64>,
}

/// Bounded log.
#[derive(Debug, Default)]
pub struct Timeline {
    entries: VecDeque<Entry>,
    next: u64,
}

impl Timeline {
    /// Appends and returns the entry's seq.
    pub fn record(&mut self, mut entry: Entry) -> u64 {
        self.next += 1;
        entry.seq = self.next;
        if self.entries.len() == CAPACITY {
            self.entries.pop_front();
        }
        self.entries.push_back(entry);
        self.next
    }

    /// Entries after `since`.
    pub fn since(&self, since: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.front().map_or(0, |e| e.seq);
        let skip = usize::try_from((since + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.entries.iter().skip(skip)
    }
}

/// Counts of calls.
#[derive(Debug, Clone, Default)]
pub struct Counters {
    /// By operation name, pushes and batches too.
    pub operations: BTreeMap<String, u64>,
    /// Failed answers, `events.insert 409`.
    pub failures: BTreeMap<String, u64>,
    /// Event writes through the API by calendar.
    pub writes: BTreeMap<String, u64>,
    /// Calls refused by a quota: `user`, `project`, `calendar`, `usage`.
    pub refused: BTreeMap<String, u64>,
    /// Most quota units which one user has used within a minute.
    pub peak_per_minute_user: u64,
    /// Most quota units which one project has used within a minute.
    pub peak_per_minute_project: u64,
    /// What breaks the discovery document, by whose fault it is.
    pub violations: BTreeMap<Side, u64>,
    /// Writes which would have mailed somebody.
    pub notifications_sent: u64,
    /// Writes without `sendUpdates=none`.
    pub writes_without_send_updates_none: u64,
}

impl Counters {
    /// Counts one.
    pub fn count(&mut self, name: &str) {
        add(&mut self.operations, name);
    }

    /// Counts a failed call.
    pub fn fail(&mut self, name: &str, status: u16) {
        add(&mut self.failures, &format!("{name} {status}"));
    }

    /// Counts a call refused by a quota.
    pub fn refuse(&mut self, quota: &str) {
        add(&mut self.refused, quota);
    }

    /// Counts a violation of the discovery document.
    pub fn violate(&mut self, side: Side) {
        *self.violations.entry(side).or_default() += 1;
    }

    /// Counts a write.
    pub fn write(&mut self, calendar: &str) {
        add(&mut self.writes, calendar);
    }

    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        json!({
            "operations": self.operations,
            "failures": self.failures,
            "writes": self.writes,
            "refused": self.refused,
            "peak_per_minute": {"user": self.peak_per_minute_user, "project": self.peak_per_minute_project},
            "violations": self.violations,
            "notifications_sent": self.notifications_sent,
            "writes_without_send_updates_none": self.writes_without_send_updates_none,
        })
    }
}

fn add(map: &mut BTreeMap<String, u64>, key: &str) {
    match map.get_mut(key) {
        Some(n) => *n += 1,
        None => {
            map.insert(key.to_owned(), 1);
        }
    }
}
