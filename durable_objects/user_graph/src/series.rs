//! Series on their way into the store: rules that can be followed, exceptions that lost their series.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::event::{EventContent, SeriesPart, When};
use tminus_domain::floating::{Floating, FloatingError};
use tminus_domain::ids::{CalendarId, EventId};
use tminus_domain::ordering::Position;
use tminus_domain::recurrence::{LastStart, RecurrenceError, Series};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::bulk;
use crate::change::Changed;
use crate::columns::{id, read_id};
use crate::context::Context;
use crate::events;
use crate::journal::Change;

/// What an event says, with the lines of a series in their canonical spelling.
#[derive(Debug)]
pub(crate) struct Normal<'a> {
    pub(crate) content: Cow<'a, EventContent>,
    /// The end of the last occurrence of a series; `None`: it is endless, or no series.
    pub(crate) last_end: Option<Timestamp>,
}

/// Why an event cannot be read. Never holds a value of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(transparent)]
    Rules(#[from] RecurrenceError),
    #[error(transparent)]
    Time(#[from] FloatingError),
}

/// Reads an event: its times that are on a clock, its rules if it is a series.
pub(crate) fn read<'a>(
    content: &'a EventContent,
    floating: Option<&Floating>,
) -> Result<Normal<'a>, Unreadable> {
    let Some(floating) = floating else { return Ok(normal(content)?) };
    let resolved = floating.resolved(content)?;
    let Normal { content, last_end } = normal(&resolved)?;
    Ok(Normal { content: Cow::Owned(content.into_owned()), last_end })
}

/// Reads the rules of a series once, so that nobody who projects it meets one that cannot be followed.
pub(crate) fn normal(content: &EventContent) -> Result<Normal<'_>, RecurrenceError> {
    let SeriesPart::Master { lines } = &content.series else {
        return Ok(Normal { content: Cow::Borrowed(content), last_end: None });
    };
    let series = Series::parse(&content.when, lines)?;
    let length = content.when.end_key().millis().saturating_sub(content.when.start_key().millis());
    let last_end = match series.last() {
        LastStart::Never => None,
        LastStart::At(occurrence) => Some(occurrence.sort_key().plus_millis(length)),
        LastStart::Empty => Some(content.when.end_key()),
    };
    let mut content = content.clone();
    content.series = SeriesPart::Master { lines: series.lines() };
    if let When::Timed { zone, .. } = &mut content.when {
        *zone = series.zone().map(str::to_owned).or_else(|| zone.take());
    }
    Ok(Normal { content: Cow::Owned(content), last_end })
}

/// The exceptions that changed series no longer have, by the provider's ids. Whether the provider still has them is not
/// told by any list: they are asked for one by one.
pub(crate) fn left_behind<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    changes: &[Changed],
) -> Result<Vec<String>, StoreError> {
    let mut rules: BTreeMap<&str, Series> = BTreeMap::new();
    for changed in changes {
        let was = changed.before.as_ref().and_then(|before| before.lines());
        let (Some(was), Some(lines)) = (was, changed.after.lines()) else { continue };
        let is_same = was == lines
            && changed
                .before
                .as_ref()
                .is_some_and(|before| before.content.when == changed.after.content.when);
        if !is_same
            && !changed.after.deleted
            && let Ok(series) = Series::parse(&changed.after.content.when, lines)
        {
            rules.insert(&changed.after.origin, series);
        }
    }
    let masters: Vec<&str> = rules.keys().copied().collect();
    let changing: BTreeSet<EventId> = changes.iter().map(|changed| changed.after.event).collect();
    let mut exceptions = events::exceptions_of(ctx, calendar, &masters)?;
    exceptions.retain(|event| !event.deleted && !changing.contains(&event.event));
    let mut left = Vec::new();
    for (master, series) in &rules {
        let of_series = || {
            exceptions.iter().filter_map(|event| {
                let (of, occurrence) = event.exception()?;
                (of == *master).then_some((event, occurrence))
            })
        };
        let has = series.having(&of_series().map(|(_, occurrence)| occurrence).collect());
        let others = of_series().filter(|(_, occurrence)| !has.contains(occurrence));
        left.extend(others.map(|(event, _)| event.origin.clone()));
    }
    Ok(left)
}

/// The exceptions that went with series which were deleted on a later page of the same run, by the provider's ids. A list
/// has no order: such an exception may stand without its series, as one that a guest was invited to does, or be gone since
/// its page was fetched. They are asked for one by one.
pub(crate) fn taken_along<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    changes: &[Changed],
) -> Result<Vec<String>, StoreError> {
    let is_gone = |changed: &&Changed| changed.kind() == Change::Deleted && changed.after.lines().is_some();
    let gone: BTreeMap<&str, Position> = changes
        .iter()
        .filter(is_gone)
        .map(|changed| (changed.after.origin.as_str(), changed.after.position))
        .collect();
    let masters: Vec<&str> = gone.keys().copied().collect();
    let mut taken = events::exceptions_of(ctx, calendar, &masters)?;
    taken.retain(|event| {
        let at = event.exception().and_then(|(master, _)| gone.get(master));
        !event.deleted && at.is_some_and(|at| at.is_later_in_run(event.position))
    });
    Ok(taken.into_iter().map(|event| event.origin).collect())
}

/// Notes that the provider has no such series; answers the exceptions that now stand alone.
pub(crate) fn stand_alone<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    masters: &[&str],
    changing: &BTreeSet<EventId>,
) -> Result<BTreeSet<EventId>, StoreError> {
    let rows = ctx.query(
        "/* stand_alone */ UPDATE canonical_events SET lone = 1
         WHERE origin_calendar_id = ?1 AND recurring_event_id IN (SELECT value FROM json_each(?2)) AND lone = 0 AND deleted = 0
         RETURNING canonical_event_id",
        &[id(calendar), bulk::list(masters)?],
    )?;
    let lone = rows.iter().map(|row| read_id(row, 0)).collect::<Result<BTreeSet<EventId>, _>>()?;
    Ok(lone.difference(changing).copied().collect())
}
