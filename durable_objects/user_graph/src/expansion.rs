//! Series in a range: which occurrences they have there, but for those that are events by themselves.
//!
//! Following a rule costs many times what reading a row does, and whoever turns pages asks for the same again: so the
//! object remembers the occurrences of a version of a series, of whole quarters of a year. It forgets them at will.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::Deserialize;
use tminus_domain::event::{EventContent, Extent, OwnResponse, SeriesPart, Status, Transparency};
use tminus_domain::ids::EventId;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::recurrence::{MAX_OCCURRENCES, Series};
use tminus_domain::spans::Span;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::Hex;
use crate::conditions::Conditions;
use crate::context::Context;
use crate::{bulk, events};

/// What is remembered of a series begins and ends at a multiple of this: 13 weeks.
const QUARTER_MS: i64 = 13 * 604_800_000;
/// Most occurrences that are remembered, 16 bytes each.
const MOST_REMEMBERED: usize = 250_000;
/// Most series whose rules are read at once.
const AT_ONCE: usize = 500;
/// Most times that the rules of a series are followed further: four a day for two years.
const MOST_PARTS: usize = 4;

/// The occurrences that are remembered.
#[derive(Debug, Default)]
pub(crate) struct Expansions(RefCell<Memory>);

#[derive(Debug, Default)]
struct Memory {
    series: BTreeMap<EventId, Remembered>,
    occurrences: usize,
}

/// What is remembered of a series.
#[derive(Debug, Clone)]
struct Remembered {
    version: u32,
    /// From when to when all starts are known.
    span: Span,
    /// In order.
    starts: Rc<[Occurrence]>,
}

/// A row of `series_in_range`; each value is told by its place.
#[derive(Deserialize)]
struct Row(
    /* 0: event */ Hex,
    /* 1: version */ u32,
    /* 2: start */ Timestamp,
    /* 3 */ Timestamp,
    /* 4: status */ Status,
    /* 5 */ Transparency,
    /* 6 */ OwnResponse,
    /* 7: original starts of exceptions, with blanks between them */ Option<String>,
);

/// A series that has occurrences in a range.
#[derive(Debug)]
struct Repeated {
    event: EventId,
    length_ms: i64,
    starts: Rc<[Occurrence]>,
    exceptions: BTreeSet<Occurrence>,
    said: Said,
}

/// What a series says of whoever has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) status: Status,
    pub(crate) transparency: Transparency,
    pub(crate) own_response: OwnResponse,
}

/// An occurrence that is no event by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found {
    pub(crate) event: EventId,
    pub(crate) occurrence: Occurrence,
    pub(crate) span: Span,
    pub(crate) said: Said,
}

impl Found {
    /// Whether it takes place in a range; without a length, if it starts in it.
    fn overlaps(&self, range: Span) -> bool {
        self.span.start < range.end && (self.span.end > range.start || self.span.start >= range.start)
    }

    /// Whether it takes whole days.
    pub(crate) const fn extent(&self) -> Extent {
        match self.occurrence {
            Occurrence::At(_) => Extent::Timed,
            Occurrence::On(_) => Extent::WholeDays,
        }
    }
}

/// The series that have occurrences in a range.
#[derive(Debug)]
pub(crate) struct Repeating(Vec<Repeated>);

impl Repeating {
    /// Those that meet the conditions.
    pub(crate) fn load<H: ObjectHost>(
        ctx: &Context<'_, H>,
        expansions: &Expansions,
        conditions: &Conditions,
        range: Span,
    ) -> Result<Self, StoreError> {
        let own = vec![range.end.millis().into(), range.start.millis().into()];
        let statement = format!(
            "/* series_in_range */ SELECT json_group_array(json_array(hex(canonical_event_id), version, start_ts, end_ts,
               status, transparency, own_response,
               (SELECT group_concat(e.original_start, ' ') FROM canonical_events AS e
                WHERE e.origin_calendar_id = m.origin_calendar_id AND e.recurring_event_id = m.origin_event_id)))
             FROM canonical_events AS m
             WHERE recurrence_rule IS NOT NULL AND start_ts < ?1 AND (last_end_ts IS NULL OR last_end_ts >= ?2) {}
             GROUP BY start_ts / 604800000",
            conditions.sql(own.len())
        );
        let mut rows: Vec<Row> = Vec::new();
        for row in ctx.query(&statement, &conditions.params(own))? {
            rows.extend(bulk::read::<Vec<Row>>(&row, 0)?);
        }
        let wanted: Vec<(EventId, u32, Span)> = rows
            .iter()
            .map(|row| {
                let start = range.start.plus_millis(row.length_ms().saturating_neg());
                (row.0.id(), row.1, Span { start, end: range.end })
            })
            .collect();
        let starts = expansions.starts(ctx, &wanted)?;
        let repeated = rows.into_iter().zip(starts).map(|(row, starts)| {
            let stamps = row.7.as_deref().unwrap_or_default().split_ascii_whitespace();
            let exceptions: Result<_, _> = stamps.map(Occurrence::from_stamp).collect();
            Ok(Repeated {
                event: row.0.id(),
                length_ms: row.length_ms(),
                starts,
                exceptions: exceptions.map_err(|_| StoreError::Corrupt { what: "original start" })?,
                said: Said { status: row.4, transparency: row.5, own_response: row.6 },
            })
        });
        repeated.collect::<Result<_, _>>().map(Self)
    }

    /// The occurrences that start within a span and overlap a range, each series' in order.
    pub(crate) fn between(&self, starts: Span, range: Span) -> impl Iterator<Item = Found> + '_ {
        self.0.iter().flat_map(move |series| {
            // All are as long: what is remembered from before need not be looked at one by one.
            let earliest = range.start.plus_millis(series.length_ms.saturating_neg()).max(starts.start);
            let first = series.starts.partition_point(|at| at.sort_key() < earliest);
            let later = series.starts.iter().skip(first);
            later
                .take_while(move |at| at.sort_key() < starts.end)
                .filter(|at| !series.exceptions.contains(*at))
                .map(|at| {
                    let start = at.sort_key();
                    let span = Span { start, end: start.plus_millis(series.length_ms) };
                    Found { event: series.event, occurrence: *at, span, said: series.said }
                })
                .filter(move |found| found.overlaps(range))
        })
    }
}

impl Row {
    fn length_ms(&self) -> i64 {
        self.3.millis().saturating_sub(self.2.millis())
    }
}

impl Expansions {
    /// The starts of these versions of series in these spans at least, in the order that they are asked for.
    fn starts<H: ObjectHost>(
        &self,
        ctx: &Context<'_, H>,
        wanted: &[(EventId, u32, Span)],
    ) -> Result<Vec<Rc<[Occurrence]>>, StoreError> {
        let mut found: BTreeMap<EventId, Rc<[Occurrence]>> = BTreeMap::new();
        let mut missing: BTreeMap<EventId, Span> = BTreeMap::new();
        for (event, version, span) in wanted {
            match self.remembered(*event, *version, *span) {
                Some(starts) => found.insert(*event, starts).map(drop),
                None => missing.insert(*event, whole_quarters(*span)).map(drop),
            };
        }
        let ids: Vec<EventId> = missing.keys().copied().collect();
        for part in ids.chunks(AT_ONCE) {
            for stored in events::by_ids(ctx, part.iter().copied())? {
                let Some(span) = missing.get(&stored.event) else { continue };
                let starts: Rc<[Occurrence]> = followed(&stored.content, *span).into();
                found.insert(stored.event, Rc::clone(&starts));
                let remembered = Remembered { version: stored.version, span: *span, starts };
                self.remember(stored.event, remembered);
            }
        }
        let nothing: Rc<[Occurrence]> = Rc::new([]);
        Ok(wanted.iter().map(|(event, ..)| found.get(event).unwrap_or(&nothing).clone()).collect())
    }

    fn remembered(&self, event: EventId, version: u32, span: Span) -> Option<Rc<[Occurrence]>> {
        let memory = self.0.borrow();
        let known = memory.series.get(&event).filter(|known| known.version == version)?;
        let covers = known.span.start <= span.start && span.end <= known.span.end;
        covers.then(|| Rc::clone(&known.starts))
    }

    fn remember(&self, event: EventId, remembered: Remembered) {
        let mut memory = self.0.borrow_mut();
        // A series without any counts too.
        let more = remembered.starts.len().saturating_add(1);
        if memory.occurrences.saturating_add(more) > MOST_REMEMBERED {
            *memory = Memory::default();
        }
        let before = memory.series.insert(event, remembered);
        let less = before.map_or(0, |before| before.starts.len().saturating_add(1));
        memory.occurrences = memory.occurrences.saturating_add(more).saturating_sub(less);
    }
}

/// The span, begun and ended at quarters.
fn whole_quarters(span: Span) -> Span {
    let quarter = |at: Timestamp| at.millis().div_euclid(QUARTER_MS);
    let at = |quarter: i64| Timestamp::from_millis(quarter.saturating_mul(QUARTER_MS));
    Span { start: at(quarter(span.start)), end: at(quarter(span.end).saturating_add(1)) }
}

/// The starts of a series in a span, by its rules.
fn followed(content: &EventContent, span: Span) -> Vec<Occurrence> {
    let SeriesPart::Master { lines } = &content.series else { return Vec::new() };
    let Ok(series) = Series::parse(&content.when, lines) else {
        // Stored, it can be followed; should it not, nobody is to miss its first occurrence.
        tracing::error!("a series that is stored cannot be followed");
        return vec![Occurrence::of(&content.when)];
    };
    let mut starts: Vec<Occurrence> = Vec::new();
    for _ in 0..MOST_PARTS {
        let from = starts.last().map_or(span.start, |last| last.sort_key().plus_millis(1));
        let part = series.between(from, span.end, MAX_OCCURRENCES);
        starts.extend(part.occurrences);
        if part.is_whole {
            break;
        }
    }
    starts
}
