//! Projecting events again after the policy changed: a job with a cursor, in bounded steps (protocol rule 26).

use tminus_domain::actor::Actor;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{EventId, PrefixedId, Ulid};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, transaction};

use crate::change::{self, Changed, WayBack};
use crate::columns::{id, read_time_opt};
use crate::context::{Context, Effects};
use crate::events::{self, StoredEvent};
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::project::{self, Mirrors, Subject};
use crate::timers::{self, Kind};
use crate::{boundary, claims, series, unlink};

/// How many events one step projects.
const STEP: u32 = 500;
/// The one job of the graph.
const SUBJECT: &str = "all";

/// Starts the job from the beginning, in the transaction of the change that asks for it.
pub(crate) fn start<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    timers::set(ctx, Kind::Reproject, SUBJECT, ctx.now, 0, None)?;
    boundary::expect(ctx)
}

/// Whether the job is under way.
pub(crate) fn is_running<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<bool, StoreError> {
    let row = ctx.first("/* reprojecting */ SELECT 1 FROM timers WHERE kind = 'reproject'", &[])?;
    Ok(row.is_some())
}

/// Since when events wait to be projected again: what the policy or the time says now is not what is stored.
pub(crate) fn since<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Timestamp, StoreError> {
    let row = ctx.first(
        "/* reprojecting_since */ SELECT MIN(due_at) FROM timers WHERE kind IN ('reproject', 'boundary')",
        &[],
    )?;
    let due = row.map_or(Ok(None), |row| read_time_opt(&row, 0))?;
    Ok(due.map_or(ctx.now, |due| due.min(ctx.now)))
}

/// Projects the next events after `cursor`, of a job that was begun at `begun`; ends the job after the last.
pub(crate) fn step<H: ObjectHost>(
    ctx: &Context<'_, H>,
    begun: Timestamp,
    cursor: Option<&str>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let after = cursor
        .map_or(Ok(EventId::from_ulid(Ulid::nil())), str::parse)
        .map_err(|_| StoreError::Corrupt { what: "cursor" })?;
    transaction(ctx.host.sql(), || {
        let rows = ctx.query(
            &format!(
                "/* reproject_step */ SELECT {} FROM canonical_events
                 WHERE canonical_event_id > ?1 ORDER BY canonical_event_id LIMIT ?2",
                events::COLUMNS
            ),
            &[id(after), STEP.into()],
        )?;
        let mut last = None;
        let (mut subjects, mut changes) = (Vec::new(), Vec::new());
        for row in &rows {
            let stored = events::decode(row)?;
            last = Some(stored.event.to_string());
            match unlink::forget_event(ctx, &stored)?.or_else(|| renewed(&stored)) {
                Some(changed) => changes.push(changed),
                None => subjects.push(Subject { event: stored, lane: Lane::Bulk, mirrors: Mirrors::Stored }),
            }
        }
        let lenses = Lenses::load(ctx)?;
        change::carry_out(ctx, &lenses, changes, effects)?;
        project::project(ctx, &lenses, subjects, Cause::Policy, effects)?;
        claims::expect_writers(ctx, effects)?;
        match last {
            Some(last) if rows.len() >= usize::try_from(STEP).unwrap_or(usize::MAX) => {
                timers::set(ctx, Kind::Reproject, SUBJECT, begun, 0, Some(&last))
            }
            _ => timers::clear(ctx, Kind::Reproject, SUBJECT),
        }
    })?;
    Ok(())
}

/// A series that an older version stored as the provider spelled it.
fn renewed(stored: &StoredEvent) -> Option<Changed> {
    if stored.deleted || stored.lines().is_none() {
        return None;
    }
    let normal = series::normal(&stored.content).ok()?;
    if *normal.content == stored.content && normal.last_end == stored.last_end {
        return None;
    }
    let after = StoredEvent {
        content: normal.content.into_owned(),
        last_end: normal.last_end,
        version: stored.version.saturating_add(1),
        ..stored.clone()
    };
    let before = Some(stored.clone());
    let (actor, reason) = (Actor::System, "spelled as series are stored");
    Some(Changed { before, after, lane: Lane::Bulk, actor, reason, way_back: WayBack::Kept })
}
