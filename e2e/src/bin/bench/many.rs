//! Calendars full of events, and what of them has been mirrored.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tminus_e2e::random::Random;
use tminus_e2e::world::World;

const DAY_MIN: i64 = 24 * 60;

/// Start and end in milliseconds.
pub(crate) type Span = (i64, i64);

/// Events of half an hour, no two at the same time, in an order that is not that of time.
pub(crate) struct Many {
    pub(crate) all: BTreeSet<Span>,
    /// Those of the next seven days.
    pub(crate) week: BTreeSet<Span>,
    events: Vec<Value>,
}

impl Many {
    /// A third in the past month, `week` in the next seven days, the rest in the months after.
    pub(crate) fn new(count: i64, week: i64) -> Self {
        let now = Utc::now();
        let (past, coming) = (count / 3, count - count / 3 - week);
        let spread = |from: i64, to: i64, n: i64| (0..n).map(move |at| from + (to - from) * at / n.max(1));
        let minutes = spread(-30 * DAY_MIN, -DAY_MIN, past)
            .chain(spread(60, 7 * DAY_MIN - 60, week))
            .chain(spread(7 * DAY_MIN + 60, 120 * DAY_MIN, coming));
        let spans: Vec<Span> = minutes.map(|from| span(now + TimeDelta::minutes(from))).collect();
        let until = (now + TimeDelta::days(7)).timestamp_millis();
        let in_week = |span: &&Span| span.0 >= now.timestamp_millis() && span.0 < until;
        let mut events: Vec<Value> = spans.iter().map(event).collect();
        Random::new(1).shuffle(&mut events);
        Self {
            week: spans.iter().filter(in_week).copied().collect(),
            all: spans.into_iter().collect(),
            events,
        }
    }

    /// Puts them into a calendar.
    pub(crate) fn fill(&self, world: &World, calendar: &str) -> Result<()> {
        self.events.iter().try_for_each(|event| world.insert(calendar, event).map(drop))
    }
}

/// Half an hour from here, in whole minutes.
pub(crate) fn span(from: DateTime<Utc>) -> Span {
    let from = from.timestamp() / 60 * 60_000;
    (from, from + 30 * 60_000)
}

/// The event of a span.
pub(crate) fn event(span: &Span) -> Value {
    let at = |ms: i64| {
        let time = DateTime::from_timestamp_millis(ms).unwrap_or_default();
        json!({"dateTime": time.to_rfc3339(), "timeZone": "UTC"})
    };
    json!({"summary": "Measured", "start": at(span.0), "end": at(span.1)})
}

/// The spans of a calendar's live events, read as cheaply as can be: Google is at work meanwhile.
pub(crate) fn spans(world: &World, calendar: &str) -> Result<Vec<Span>> {
    world.google.with(|google| {
        let calendar = google.calendars.get(calendar).context("no such calendar")?;
        let live = calendar.events.values().filter(|event| !event.cancelled());
        Ok(live.map(|event| event.span_ms(calendar.zone)).collect())
    })
}

/// How many of `wanted` are in a calendar.
pub(crate) fn mirrored(world: &World, calendar: &str, wanted: &BTreeSet<Span>) -> Result<usize> {
    Ok(spans(world, calendar)?.iter().filter(|span| wanted.contains(span)).count())
}
