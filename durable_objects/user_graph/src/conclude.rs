//! What a full run concludes from what it did not see (protocol rule 14).

use std::collections::HashSet;

use tminus_domain::absence::{Absence, is_held, judge};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::EventId;
use tminus_domain::ordering::Position;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::change::{self, Changed};
use crate::columns::{Hex, id, read_id};
use crate::context::{Context, Effects};
use crate::contract::{ConcludeFullRun, Concluded};
use crate::error::GraphError;
use crate::holds::Cause;
use crate::lenses::Lenses;
use crate::{bulk, claims, events, floors, holds, progress, sightings};

/// Most events that are deleted at once.
const AT_ONCE: usize = 500;

/// Marks what a full run missed for the first time, deletes what two missed, and holds what is too much.
pub(crate) fn conclude<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
    effects: &mut Effects,
) -> Result<Concluded, GraphError> {
    Ok(transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        let concluded = conclude_in(ctx, command, effects)?;
        claims::expect_writers(ctx, effects)?;
        Ok(concluded)
    })?)
}

fn conclude_in<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
    effects: &mut Effects,
) -> Result<Concluded, StoreError> {
    // A run is concluded once: a repeat gets what it came to, also after a takeover raised the generation.
    if let Some(before) = concluded_before(ctx, command)? {
        return Ok(before);
    }
    let floor = floors::of(ctx, command.calendar)?;
    let Some(seen) = seen_ids(ctx, command)?.filter(|_| command.generation >= floor) else {
        // The page was fetched again meanwhile: who applies its last chunk concludes.
        return Ok(Concluded::default());
    };
    // What a newer run has seen is not missing because an older one, concluded late, had not.
    let live = ctx.query(
        "/* live_origins */ SELECT origin_event_id, suspect_generation, canonical_event_id FROM canonical_events
         WHERE origin_calendar_id = ?1 AND deleted = 0 AND generation <= ?2",
        &[id(command.calendar), command.generation.into()],
    )?;
    let (mut cleared, mut suspects, mut confirmed) = (Vec::new(), Vec::new(), Vec::new());
    for row in &live {
        let (origin, since): (String, Option<u32>) = (row.get(0)?, row.get(1)?);
        let event: EventId = read_id(row, 2)?;
        match (seen.contains(&origin), since) {
            (true, Some(_)) => cleared.push(event),
            (true, None) => {}
            (false, since) => match judge(since, command.generation) {
                Absence::Suspect => suspects.push(event),
                Absence::Confirmed => confirmed.push(event),
            },
        }
    }
    let number = |list: &[EventId]| u32::try_from(list.len()).unwrap_or(u32::MAX);
    let mut concluded = Concluded { suspects: number(&suspects), ..Concluded::default() };
    suspect(ctx, cleared, None)?;
    suspect(ctx, suspects, Some(command.generation))?;
    let lenses = Lenses::load(ctx)?;
    if is_held(confirmed.len(), live.len()) {
        concluded.held = number(&confirmed);
    } else {
        concluded.deleted = number(&confirmed);
    }
    if concluded.held == 0 && confirmed.len() > AT_ONCE {
        // Too many for one transaction, and for the object's memory.
        holds::start(ctx, command.calendar, command.run, command.generation, Cause::Missed)?;
    } else if concluded.held == 0 {
        let position = Position { generation: command.generation, page: u32::MAX };
        delete(ctx, &lenses, &confirmed, position, "missed by two full runs", effects)?;
    }
    sightings::missed(ctx, &lenses, command.account, command.calendar, &seen, effects)?;
    record_hold(ctx, command, concluded.held, live.len())?;
    // Ids grow with time: the chunks of a newer run that is under way stay.
    ctx.run(
        "/* forget_full_runs */ DELETE FROM full_run_chunks WHERE calendar_id = ?1 AND run_id <= ?2",
        &[Value::text(command.calendar), Value::text(command.run)],
    )?;
    floors::raise(ctx, command.calendar, command.generation)?;
    progress::ended(ctx, command.calendar)?;
    claims::nudge_waiting(ctx, effects)?;
    remember(ctx, command, concluded)?;
    Ok(concluded)
}

/// Keeps what the run came to, for a repeat.
fn remember<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
    concluded: Concluded,
) -> Result<(), StoreError> {
    ctx.run(
        "/* remember_full_run */ INSERT INTO full_runs (calendar_id, generation, suspects, deleted, held, run_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (calendar_id) DO UPDATE
         SET run_id = excluded.run_id, generation = excluded.generation, suspects = excluded.suspects, deleted = excluded.deleted,
             held = excluded.held",
        &[
            Value::text(command.calendar),
            command.generation.into(),
            concluded.suspects.into(),
            concluded.deleted.into(),
            concluded.held.into(),
            Value::text(command.run),
        ],
    )
}

fn concluded_before<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
) -> Result<Option<Concluded>, StoreError> {
    let row = ctx.first(
        "/* full_run */ SELECT suspects, deleted, held FROM full_runs WHERE calendar_id = ?1 AND run_id = ?2",
        &[Value::text(command.calendar), Value::text(command.run)],
    )?;
    row.map(|row| Ok(Concluded { suspects: row.get(0)?, deleted: row.get(1)?, held: row.get(2)? }))
        .transpose()
}

/// The ids that the run saw; `None` if it left none behind, not even an empty chunk.
fn seen_ids<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
) -> Result<Option<HashSet<String>>, StoreError> {
    let mut seen = HashSet::new();
    let rows = ctx.query(
        // Of a page that was fetched again only the last attempt counts: what an older one held may be gone.
        "/* ids_of_full_run */ SELECT ids_json FROM full_run_chunks AS chunk WHERE run_id = ?1 AND attempt =
           (SELECT MAX(attempt) FROM full_run_chunks AS other WHERE other.run_id = ?1 AND other.page = chunk.page)",
        &[Value::text(command.run)],
    )?;
    let known = !rows.is_empty();
    for row in rows {
        let ids: Vec<String> = serde_json::from_str(&row.get::<String>(0)?)
            .map_err(|_| StoreError::Corrupt { what: "ids of a full run" })?;
        seen.extend(ids);
    }
    Ok(known.then_some(seen))
}

/// Marks events as missed since this generation; `None`: as seen.
pub(crate) fn suspect<H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = EventId>,
    since: Option<u32>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        "/* suspect */ UPDATE canonical_events SET suspect_generation = ?2
         FROM json_each(?1) WHERE canonical_event_id = unhex(value)",
        events.into_iter().map(Hex::of),
        &[since.into()],
    )
}

/// Deletes events that the provider no longer has.
pub(crate) fn delete<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    events: &[EventId],
    position: Position,
    reason: &'static str,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let known = events::by_ids(ctx, events.iter().copied())?.into_iter().filter(|event| !event.deleted);
    let changes = known.map(|event| Changed::deleted(event, position, Lane::Bulk, reason)).collect();
    change::carry_out(ctx, lenses, changes, effects).map(drop)
}

fn record_hold<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
    held: u32,
    total: usize,
) -> Result<(), StoreError> {
    if held == 0 {
        return ctx.run(
            "/* release_hold */ DELETE FROM holds WHERE calendar_id = ?1",
            &[Value::text(command.calendar)],
        );
    }
    ctx.run(
        "/* hold */ INSERT INTO holds (calendar_id, run_id, missing, total, ts) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (calendar_id) DO UPDATE
         SET run_id = excluded.run_id, missing = excluded.missing, total = excluded.total",
        &[
            Value::text(command.calendar),
            Value::text(command.run),
            held.into(),
            i64::try_from(total).unwrap_or(i64::MAX).into(),
            ctx.now.to_rfc3339().into(),
        ],
    )
}
