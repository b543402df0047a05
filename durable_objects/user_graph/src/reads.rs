//! Reading: the list of events and the graph's status.

use tminus_domain::event::SeriesPart;
use tminus_domain::ids::{EventId, PrefixedId, Ulid};
use tminus_domain::recurrence::starts_between;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::id;
use crate::context::Context;
use crate::contract::{
    EventCursor, EventPage, GraphStatus, ListEvents, ListedEvent, ListedMirror, QuarantinedItem,
};
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::{mirrors, reproject};

/// Most events that one page lists.
const MAX_PAGE: u32 = 500;
/// Before every event in the order of starts.
const FIRST: i64 = -(1 << 52);
const WEEK: i64 = 604_800_000;
/// Most occurrences listed of one series.
const MAX_OCCURRENCES: u16 = 100;

/// Lists events that overlap a range, in order of start; a series that starts before the range's end is listed
/// with the occurrences that begin in it, and left out if there are none.
pub(crate) fn list_events<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ListEvents,
) -> Result<EventPage, GraphError> {
    let limit = command.limit.clamp(1, MAX_PAGE);
    let (start, event) = command
        .after
        .as_ref()
        .map_or((FIRST, EventId::from_ulid(Ulid::nil())), |cursor| (cursor.start.millis(), cursor.event));
    let rows = ctx.query(
        &format!(
            "/* list_events */ SELECT {} FROM canonical_events
             WHERE deleted = 0 AND start_ts < ?1 AND (end_ts > ?2 OR (recurrence_rule IS NOT NULL AND COALESCE(last_end_ts, ?1) > ?2))
               AND start_ts / 604800000 >= ?6 AND (start_ts > ?3 OR (start_ts = ?3 AND canonical_event_id > ?4))
             ORDER BY start_ts / 604800000, start_ts, canonical_event_id LIMIT ?5",
            events::COLUMNS
        ),
        &[
            command.to.millis().into(),
            command.from.millis().into(),
            start.into(),
            id(event),
            limit.into(),
            // The index is by the week.
            start.checked_div(WEEK).into(),
        ],
    )?;
    let mut page = EventPage { events: Vec::new(), next: None };
    for row in &rows {
        let stored = events::decode(row)?;
        page.next = Some(EventCursor { start: stored.content.when.start_key(), event: stored.event });
        if let Some(listed) = listed(ctx, command, stored)? {
            page.events.push(listed);
        }
    }
    if rows.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        page.next = None;
    }
    Ok(page)
}

fn listed<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ListEvents,
    stored: StoredEvent,
) -> Result<Option<ListedEvent>, StoreError> {
    let mut occurrences = Vec::new();
    if matches!(stored.content.series, SeriesPart::Master { .. }) {
        // A rule that cannot be expanded is still listed, as its master.
        occurrences =
            starts_between(&stored.content, command.from, command.to, MAX_OCCURRENCES).unwrap_or_default();
        let began_before = stored.content.when.end_key() <= command.from;
        if occurrences.is_empty() && began_before {
            return Ok(None);
        }
    }
    let mirrors = mirrors::of_events(ctx, [stored.event])?
        .into_iter()
        .map(|mirror| ListedMirror {
            account: mirror.account,
            calendar: mirror.key.calendar,
            occurrence: mirror.key.occurrence,
            state: mirror.mirror.state.to_string(),
            error: mirror.mirror.error,
        })
        .collect();
    let mut stored = stored;
    // The usual UID is not stored.
    stored.content.ical_uid = Some(stored.uid());
    Ok(Some(ListedEvent {
        event: stored.event,
        account: stored.account,
        calendar: stored.calendar,
        content: stored.content,
        version: stored.version,
        occurrences,
        mirrors,
    }))
}

/// How the graph stands.
pub(crate) fn status<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<GraphStatus, GraphError> {
    let events = ctx
        .first("/* count_events */ SELECT COUNT(*) FROM canonical_events WHERE deleted = 0", &[])?
        .map_or(Ok(0), |row| row.get(0))?;
    let mirrors = ctx
        .query(
            "/* count_mirrors */ SELECT state, COUNT(*) FROM event_mirrors GROUP BY state ORDER BY state",
            &[],
        )?
        .into_iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, StoreError>>()?;
    let quarantined = ctx
        .query(
            "/* list_quarantine */ SELECT account_id, calendar_id, origin_event_id, reason, ts FROM quarantine
             ORDER BY ts DESC LIMIT 1000",
            &[],
        )?
        .into_iter()
        .map(|row| {
            Ok(QuarantinedItem {
                account: row.parse(0, "account id")?,
                calendar: row.parse(1, "calendar id")?,
                // An item without an id is kept under a name of ours.
                event_id: Some(row.get::<String>(2)?).filter(|id| !id.starts_with('?')),
                reason: row.get(3)?,
                since: row.get(4)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(GraphStatus { events, mirrors, quarantined, reprojecting: reproject::is_running(ctx)? })
}
