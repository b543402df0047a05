//! What a full run concludes from what it did not see (protocol rule 14).

use std::collections::HashSet;

use tminus_domain::absence::{Absence, is_held, judge};
use tminus_domain::dirty::Lane;
use tminus_domain::event::Status;
use tminus_domain::ordering::Position;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::{Context, Effects};
use crate::contract::{ConcludeFullRun, Concluded};
use crate::error::GraphError;
use crate::events::{self, Origin};
use crate::journal::{self, Change, Entry};
use crate::{claims, edges, floors, mirrors, progress, sightings};

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
         WHERE origin_account_id = ?1 AND origin_calendar_id = ?2 AND deleted = 0 AND generation <= ?3",
        &[Value::text(command.account), Value::text(command.calendar), command.generation.into()],
    )?;
    let mut missing = Vec::new();
    for row in &live {
        let (id, since): (String, Option<u32>) = (row.get(0)?, row.get(1)?);
        match (seen.contains(&id), since) {
            (true, Some(_)) => suspect(ctx, &row.get::<String>(2)?, None)?,
            (true, None) => {}
            (false, since) => missing.push((id, row.get::<String>(2)?, judge(since, command.generation))),
        }
    }
    let mut concluded = Concluded::default();
    let confirmed = missing.iter().filter(|(_, _, absence)| *absence == Absence::Confirmed).count();
    let held = is_held(confirmed, live.len());
    for (id, event, absence) in missing {
        match absence {
            Absence::Suspect => {
                suspect(ctx, &event, Some(command.generation))?;
                concluded.suspects = concluded.suspects.saturating_add(1);
            }
            Absence::Confirmed if held => concluded.held = concluded.held.saturating_add(1),
            Absence::Confirmed => {
                delete(ctx, command, &id, effects)?;
                concluded.deleted = concluded.deleted.saturating_add(1);
            }
        }
    }
    sightings::missed(ctx, command.account, command.calendar, &seen, effects)?;
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

fn suspect<H: ObjectHost>(ctx: &Context<'_, H>, event: &str, since: Option<u32>) -> Result<(), StoreError> {
    ctx.run(
        "/* suspect */ UPDATE canonical_events SET suspect_generation = ?2 WHERE canonical_event_id = ?1",
        &[event.into(), since.into()],
    )
}

fn delete<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ConcludeFullRun,
    id: &str,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let origin = Origin { account: command.account, calendar: command.calendar, id };
    let Some(known) = events::by_origin(ctx, origin)? else { return Ok(()) };
    let mut stored = known.clone();
    stored.deleted = true;
    stored.content.status = Status::Cancelled;
    stored.version = known.version.saturating_add(1);
    stored.position = Position { generation: command.generation, page: u32::MAX };
    events::put(ctx, origin, &stored)?;
    journal::append(
        ctx,
        &Entry {
            event: stored.event,
            account: stored.account,
            change: Change::Deleted,
            version: stored.version,
            before: Some(&known.content),
            after: Some(&stored.content),
            reason: "missed by two full runs",
        },
    )?;
    let edges = edges::leaving(ctx, command.account)?;
    let known = mirrors::of_event(ctx, stored.event)?;
    mirrors::reproject(ctx, &edges, &stored, known, Lane::Bulk, effects)?;
    Ok(())
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
