//! Held sweeps: what two full lists of a calendar did not show, too much to be believed, and what the user decides
//! about it (protocol rule 14).
//!
//! What is held is not a list that was made once: it is the live events of the calendar that the run of the hold did not
//! see, and a run before it neither. An event that was seen since then is no longer among them.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, EventId, PrefixedId as _, RunId, Ulid};
use tminus_domain::ordering::Position;
use tminus_ports::{Named, ObjectHost};
use tminus_store::{StoreError, Value, transaction};

use crate::columns::{id, read_id};
use crate::context::{Context, Effects};
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::lenses::Lenses;
use crate::policy_contract::{
    DecideHold, Decided, Decision, GetHold, HeldEvent, Hold, HoldPage, Holds, ListHolds,
};
use crate::timers::{self, Kind};
use crate::{claims, conclude, dismissals};

/// Most events that one page shows.
const MAX_PAGE: u32 = 500;
/// How many events one step of an approved sweep deletes.
const STEP: u32 = 100;

/// The events that a hold is about.
const HELD: &str = "origin_calendar_id = ?1 AND deleted = 0 AND suspect_generation < ?2 AND generation <= ?2";

/// A hold, and the generation of the run that raised it.
struct Raised {
    hold: Hold,
    generation: u32,
}

/// Lists what is held.
pub(crate) fn list<H: ObjectHost>(ctx: &Context<'_, H>, _: &ListHolds) -> Result<Holds, GraphError> {
    let calendars = ctx
        .query("/* held_calendars */ SELECT calendar_id FROM holds ORDER BY calendar_id", &[])?
        .iter()
        .map(|row| row.parse(0, "calendar id"))
        .collect::<Result<Vec<CalendarId>, StoreError>>()?;
    let mut holds = Vec::new();
    for calendar in calendars {
        holds.extend(raised(ctx, calendar)?.map(|raised| raised.hold));
    }
    Ok(Holds { holds })
}

/// What is held of a calendar. A hold of which nothing is left is none.
fn raised<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<Option<Raised>, StoreError> {
    let row = ctx.first(
        // Holds and concluded runs of a calendar are written together, so that the run is still known.
        "/* hold_of */ SELECT c.account_id, h.run_id, h.total, h.ts, r.generation
         FROM holds h
         JOIN calendars c ON c.calendar_id = h.calendar_id
         JOIN full_runs r ON r.calendar_id = h.calendar_id AND r.run_id = h.run_id
         WHERE h.calendar_id = ?1",
        &[Value::text(calendar)],
    )?;
    let Some(row) = row else { return Ok(None) };
    let generation: u32 = row.get(4)?;
    let missing = ctx
        .first(
            &format!("/* count_held */ SELECT COUNT(*) FROM canonical_events WHERE {HELD}"),
            &[id(calendar), generation.into()],
        )?
        .map_or(Ok(0), |row| row.get(0))?;
    if missing == 0 {
        return Ok(None);
    }
    let hold = Hold {
        account: row.parse(0, "account id")?,
        calendar,
        run: row.parse(1, "run id")?,
        missing,
        total: row.get(2)?,
        since: row.get(3)?,
    };
    Ok(Some(Raised { hold, generation }))
}

/// A page of what a hold is about.
pub(crate) fn page<H: ObjectHost>(ctx: &Context<'_, H>, command: &GetHold) -> Result<HoldPage, GraphError> {
    let Some(Raised { hold, generation }) = raised(ctx, command.calendar)? else {
        return Ok(HoldPage { hold: None, events: Vec::new(), next: None });
    };
    let limit = command.limit.clamp(1, MAX_PAGE);
    let after = command.after.unwrap_or_else(|| EventId::from_ulid(Ulid::nil()));
    let stored = held(ctx, command.calendar, generation, after, limit)?;
    let is_full = stored.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let next = stored.last().filter(|_| is_full).map(|last| last.event);
    let events = stored
        .into_iter()
        .map(|stored| HeldEvent {
            event: stored.event,
            start: stored.content.when.start_text(),
            title: stored.content.title,
        })
        .collect();
    Ok(HoldPage { hold: Some(hold), events, next })
}

/// The next held events after `after`.
fn held<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    generation: u32,
    after: EventId,
    limit: u32,
) -> Result<Vec<StoredEvent>, StoreError> {
    ctx.query(
        &format!(
            "/* held_events */ SELECT {} FROM canonical_events
             WHERE {HELD} AND canonical_event_id > ?3 ORDER BY canonical_event_id LIMIT ?4",
            events::COLUMNS
        ),
        &[id(calendar), generation.into(), id(after), limit.into()],
    )?
    .iter()
    .map(events::decode)
    .collect()
}

/// Decides on a hold. It is gone with the decision, so that a repeat finds nothing.
pub(crate) fn decide<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &DecideHold,
) -> Result<Decided, GraphError> {
    transaction(ctx.host.sql(), || {
        let raised = raised(ctx, command.calendar)?.filter(|raised| raised.hold.run == command.run);
        let Some(Raised { hold, generation }) = raised else {
            dismissals::account_of(ctx, command.calendar)?.ok_or(GraphError::Unknown(Named::Calendar))?;
            return Ok(Decided { events: 0 });
        };
        match command.decision {
            Decision::Approve => {
                start(ctx, hold.calendar, hold.run, generation, Cause::Approved)?;
            }
            Decision::Reject => ctx.run(
                &format!(
                    "/* reject_hold */ UPDATE canonical_events SET suspect_generation = NULL WHERE {HELD}"
                ),
                &[id(hold.calendar), generation.into()],
            )?,
        }
        ctx.run(
            "/* decided_hold */ DELETE FROM holds WHERE calendar_id = ?1",
            &[Value::text(hold.calendar)],
        )?;
        tracing::info!(calendar = %hold.calendar, decision = %command.decision, events = hold.missing, "decided");
        Ok(Decided { events: hold.missing })
    })
}

/// Starts deleting what a run missed for the second time, in bounded steps.
pub(crate) fn start<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    run: RunId,
    generation: u32,
    cause: Cause,
) -> Result<(), StoreError> {
    let cursor = serde_json::to_string(&Sweep { run, generation, cause })
        .map_err(|_| StoreError::Corrupt { what: "sweep" })?;
    timers::set(ctx, Kind::Sweep, &calendar.to_string(), ctx.now, 0, Some(&cursor))
}

/// Why events are swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    /// Two full runs missed them, and they are few enough to be believed.
    Missed,
    /// The user approved it.
    Approved,
}

impl Cause {
    const fn reason(self) -> &'static str {
        match self {
            Self::Missed => "missed by two full runs",
            Self::Approved => "approved sweep",
        }
    }
}

/// A sweep under way, kept with its timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sweep {
    run: RunId,
    generation: u32,
    cause: Cause,
}

/// Deletes the next events of a sweep; ends it after the last.
pub(crate) fn step<H: ObjectHost>(
    ctx: &Context<'_, H>,
    subject: &str,
    cursor: Option<&str>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let corrupt = StoreError::Corrupt { what: "sweep" };
    let sweep: Sweep = cursor.and_then(|text| serde_json::from_str(text).ok()).ok_or(corrupt)?;
    let calendar: CalendarId = subject.parse().map_err(|_| StoreError::Corrupt { what: "timer" })?;
    let lenses = Lenses::load(ctx)?;
    if !lenses.knows(calendar) {
        // Unlinked meanwhile: the job that projects again forgets its events.
        return timers::clear(ctx, Kind::Sweep, subject);
    }
    spare_seen(ctx, calendar, &sweep)?;
    let events = ctx
        .query(
            &format!("/* swept */ SELECT canonical_event_id FROM canonical_events WHERE {HELD} LIMIT ?3"),
            &[id(calendar), sweep.generation.into(), STEP.into()],
        )?
        .iter()
        .map(|row| read_id(row, 0))
        .collect::<Result<Vec<EventId>, StoreError>>()?;
    // As if the run had deleted them: a later sighting brings them back.
    let position = Position { generation: sweep.generation, page: u32::MAX };
    conclude::delete(ctx, &lenses, &events, position, sweep.cause.reason(), effects)?;
    claims::expect_writers(ctx, effects)?;
    if events.len() < usize::try_from(STEP).unwrap_or(usize::MAX) {
        timers::clear(ctx, Kind::Sweep, subject)
    } else {
        timers::set(ctx, Kind::Sweep, subject, ctx.now, 0, cursor)
    }
}

/// What a full run that is still under way has seen is not missing: an event that it found unchanged is not written,
/// so that only the ids of its chunks tell.
fn spare_seen<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    sweep: &Sweep,
) -> Result<(), StoreError> {
    ctx.run(
        &format!(
            "/* spare_seen */ UPDATE canonical_events SET suspect_generation = NULL
             WHERE {HELD} AND origin_event_id IN
               (SELECT seen.value FROM full_run_chunks AS chunk, json_each(chunk.ids_json) AS seen
                WHERE chunk.calendar_id = ?3 AND chunk.run_id > ?4)"
        ),
        &[id(calendar), sweep.generation.into(), Value::text(calendar), Value::text(sweep.run)],
    )
}
