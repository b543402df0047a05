//! What takes place in a range, in order of (start, event, occurrence), a page at a time.
//!
//! Events are found by the week of their start: those of a range start in its weeks or in the one before, unless they
//! last longer than a week or repeat. A page goes from week to week until it is full, and knows of each event no more than
//! where it stands; only those that it lists are read.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::event::{SeriesPart, Status};
use tminus_domain::ids::{EventId, PrefixedId as _, Ulid};
use tminus_domain::spans::Span;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::bulk;
use crate::columns::{Hex, id};
use crate::conditions::Conditions;
use crate::context::Context;
use crate::contract::{EventCursor, EventPage, ListEvents, ListedEvent};
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::expansion::{Expansions, Repeating};
use crate::reading_contract::{EventFilter, MAX_PAGE, MAX_RANGE_DAYS};
use crate::search;

const DAY_MS: i64 = 86_400_000;
/// As in the indexes.
pub(crate) const WEEK_MS: i64 = 604_800_000;
/// Before every start.
const FIRST: i64 = -(1 << 52);

/// Events that start within `?3` and `?4`, and in the weeks `?1` to `?2`.
pub(crate) const OF_WEEKS: &str =
    "recurrence_rule IS NULL AND start_ts / 604800000 >= ?1 AND start_ts / 604800000 <= ?2
     AND start_ts >= ?3 AND start_ts < ?4";
/// Events that last longer than a week and start before `?3`.
pub(crate) const LONG: &str = "recurrence_rule IS NULL AND end_ts - start_ts > 604800000 AND start_ts < ?3";

/// The range, if it is one that is read at once.
pub(crate) fn checked(from: Timestamp, to: Timestamp) -> Result<Span, GraphError> {
    let longest = MAX_RANGE_DAYS.saturating_mul(DAY_MS);
    if (1..=longest).contains(&to.millis().saturating_sub(from.millis())) {
        return Ok(Span { start: from, end: to });
    }
    Err(GraphError::unfit(format!("a range ends after it begins, by at most {MAX_RANGE_DAYS} days")))
}

/// What the statements over [`OF_WEEKS`] and [`LONG`] begin with: starts from `from` to `to`, or before `from`.
pub(crate) fn start_params(from: Timestamp, to: Timestamp) -> Vec<Value> {
    let week = |at: Timestamp| Value::from(at.millis().checked_div(WEEK_MS));
    vec![week(from), week(to.plus_millis(-1)), from.millis().into(), to.millis().into()]
}

/// Lists what takes place in a range: single events, exceptions of series, and every other occurrence of these.
pub(crate) fn list<H: ObjectHost>(
    ctx: &Context<'_, H>,
    expansions: &Expansions,
    command: &ListEvents,
) -> Result<EventPage, GraphError> {
    let range = checked(command.from, command.to)?;
    let limit = usize::try_from(command.limit.clamp(1, MAX_PAGE)).unwrap_or_default();
    let text = command.filter.text.as_deref().map(search::Expression::read).transpose()?;
    let search = if text.is_some() { search::progress(ctx)? } else { None };
    let mut conditions = Conditions::of_filter(ctx, &command.filter)?;
    conditions.extend(text.map(search::Expression::into_condition));
    let mut keys = keys(ctx, expansions, command, range, &conditions, limit)?;
    let is_last = keys.len() <= limit;
    keys.truncate(limit);
    let next = keys.last().filter(|_| !is_last).copied();
    Ok(EventPage { events: read(ctx, &keys)?, next, search })
}

/// The first places after the cursor, one more than `limit` if there are more.
fn keys<H: ObjectHost>(
    ctx: &Context<'_, H>,
    expansions: &Expansions,
    command: &ListEvents,
    range: Span,
    conditions: &Conditions,
    limit: usize,
) -> Result<Vec<EventCursor>, GraphError> {
    let before = EventCursor {
        start: Timestamp::from_millis(FIRST),
        event: EventId::from_ulid(Ulid::nil()),
        occurrence: None,
    };
    let after = command.after.unwrap_or(before);
    let earliest = range.start.plus_millis(WEEK_MS.saturating_neg());
    let repeating = Repeating::load(ctx, expansions, conditions, range)?;
    let mut keys: Vec<EventCursor> = Vec::new();
    let mut from = earliest.max(after.start);
    if after.start < range.start {
        let params = Params { range, after, limit: limit.saturating_add(1) };
        keys.extend(places(ctx, LONG, conditions, start_params(earliest, range.end), params)?);
    }
    // Occurrences may begin before any week that is looked at.
    let mut occurrences_from = before.start.max(after.start);
    while from < range.end && keys.len() <= limit {
        let week = from.max(range.start).millis().checked_div(WEEK_MS).unwrap_or_default();
        let week_end = Timestamp::from_millis(week.saturating_add(1).saturating_mul(WEEK_MS));
        // Each statement looks for a text anew.
        let is_cheaper_at_once = command.filter.text.is_some();
        let to = if is_cheaper_at_once { range.end } else { week_end.min(range.end) };
        let params = Params { range, after, limit: limit.saturating_add(1) };
        keys.extend(places(ctx, OF_WEEKS, conditions, start_params(from, to), params)?);
        let starts = Span { start: occurrences_from, end: to };
        let occurrences = repeating.between(starts, range);
        keys.extend(
            occurrences
                .map(|found| EventCursor {
                    start: found.span.start,
                    event: found.event,
                    occurrence: Some(found.occurrence),
                })
                .filter(|place| *place > after),
        );
        (from, occurrences_from) = (to, to);
    }
    keys.sort_unstable();
    keys.truncate(limit.saturating_add(1));
    Ok(keys)
}

/// What a page wants of the events of some weeks.
struct Params {
    range: Span,
    after: EventCursor,
    limit: usize,
}

/// The places of events that do not repeat.
fn places<H: ObjectHost>(
    ctx: &Context<'_, H>,
    which: &str,
    conditions: &Conditions,
    mut own: Vec<Value>,
    Params { range, after, limit }: Params,
) -> Result<Vec<EventCursor>, StoreError> {
    own.extend([
        range.start.millis().into(),
        after.start.millis().into(),
        id(after.event),
        u32::try_from(limit).unwrap_or(u32::MAX).into(),
    ]);
    let statement = format!(
        "/* events_in_range */ SELECT json_group_array(json_array(start_ts, hex(canonical_event_id))) FROM (
           SELECT start_ts, canonical_event_id FROM canonical_events
           WHERE {which} AND (end_ts > ?5 OR start_ts >= ?5)
             AND (start_ts > ?6 OR (start_ts = ?6 AND canonical_event_id > ?7)) {}
           ORDER BY start_ts, canonical_event_id LIMIT ?8)",
        conditions.sql(own.len())
    );
    let row = ctx.first(&statement, &conditions.params(own))?;
    let found: Vec<(Timestamp, Hex)> = row.map_or(Ok(Vec::new()), |row| bulk::read(&row, 0))?;
    let place = |(start, event): (Timestamp, Hex)| EventCursor { start, event: event.id(), occurrence: None };
    Ok(found.into_iter().map(place).collect())
}

/// What is listed at these places.
fn read<H: ObjectHost>(ctx: &Context<'_, H>, keys: &[EventCursor]) -> Result<Vec<ListedEvent>, StoreError> {
    let wanted: BTreeSet<EventId> = keys.iter().map(|key| key.event).collect();
    let stored = events::by_ids(ctx, wanted)?.into_iter().map(|event| (event.event, event));
    let mut stored: BTreeMap<EventId, StoredEvent> = stored.collect();
    let mut listed = Vec::with_capacity(keys.len());
    for key in keys {
        let event = match key.occurrence {
            Some(_) => stored.get(&key.event).cloned(),
            None => stored.remove(&key.event),
        };
        let mut event = event.ok_or(StoreError::Corrupt { what: "event" })?;
        // The usual UID is not stored.
        event.content.ical_uid = Some(event.uid());
        if let Some(original_start) = key.occurrence {
            let when = event.content.when.at(original_start);
            event.content.when = when.ok_or(StoreError::Corrupt { what: "occurrence" })?;
            let master = std::mem::take(&mut event.origin);
            event.content.series = SeriesPart::Exception { master, original_start };
        }
        listed.push(ListedEvent::of(event, key.occurrence));
    }
    Ok(listed)
}

impl Conditions {
    /// What a filter asks of events, but for their text.
    fn of_filter<H: ObjectHost>(ctx: &Context<'_, H>, filter: &EventFilter) -> Result<Self, StoreError> {
        let mut conditions = Self::of_accounts(&filter.accounts)?;
        if !filter.calendars.is_empty() {
            let calendars = bulk::list(filter.calendars.iter().copied().map(Hex::of))?;
            conditions.push("origin_calendar_id IN (SELECT unhex(value) FROM json_each(", calendars, "))");
        }
        match filter.statuses.as_slice() {
            [] => conditions.always("deleted = 0"),
            statuses => {
                let words = bulk::list(statuses.iter().map(|status| status.as_str()))?;
                conditions.push("status IN (SELECT value FROM json_each(", words, "))");
            }
        }
        if filter.statuses.contains(&Status::Cancelled) {
            // Of an account that was unlinked nothing is shown.
            let floors =
                ctx.query("/* account_floors */ SELECT account_id, generation FROM account_floors", &[])?;
            let floors = floors.iter().map(|row| {
                let account: tminus_domain::ids::AccountId = row.parse(0, "account id")?;
                Ok((Hex::of(account), row.get::<u32>(1)?))
            });
            let floors = bulk::list(floors.collect::<Result<Vec<_>, StoreError>>()?)?;
            conditions.push(
                "NOT EXISTS (SELECT 1 FROM json_each(",
                floors,
                ") WHERE unhex(value ->> 0) = origin_account_id AND generation <= value ->> 1)",
            );
        }
        Ok(conditions)
    }
}

impl ListedEvent {
    /// An event as it is listed; of a series, this occurrence.
    pub(crate) fn of(stored: StoredEvent, occurrence: Option<tminus_domain::occurrence::Occurrence>) -> Self {
        let StoredEvent { event, account, calendar, content, version, .. } = stored;
        Self { event, account, calendar, occurrence, content, version }
    }
}
