//! Projecting events again after the policy changed: a job with a cursor, in bounded steps (protocol rule 26).

use tminus_domain::dirty::Lane;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, transaction};

use crate::context::{Context, Effects};
use crate::timers::{self, Kind};
use crate::{claims, edges, events, mirrors, unlink};

/// How many events one step projects.
const STEP: u32 = 200;
/// The one job of the graph.
const SUBJECT: &str = "all";

/// Starts the job from the beginning, in the transaction of the change that asks for it.
pub(crate) fn start<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    timers::set(ctx, Kind::Reproject, SUBJECT, ctx.now, 0, None)
}

/// Whether the job is under way.
pub(crate) fn is_running<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<bool, StoreError> {
    let row = ctx.first("/* reprojecting */ SELECT 1 FROM timers WHERE kind = 'reproject'", &[])?;
    Ok(row.is_some())
}

/// Projects the next events after `cursor`; ends the job after the last.
pub(crate) fn step<H: ObjectHost>(
    ctx: &Context<'_, H>,
    cursor: Option<&str>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    transaction(ctx.host.sql(), || {
        let rows = ctx.query(
            &format!(
                "/* reproject_step */ SELECT {} FROM canonical_events
                 WHERE canonical_event_id > ?1 ORDER BY canonical_event_id LIMIT ?2",
                events::COLUMNS
            ),
            &[cursor.unwrap_or_default().into(), STEP.into()],
        )?;
        let mut last = None;
        for row in &rows {
            let stored = unlink::forget_event(ctx, events::decode(row)?)?;
            last = Some(stored.event.to_string());
            let edges = edges::leaving(ctx, stored.account)?;
            let known = mirrors::of_event(ctx, stored.event)?;
            mirrors::reproject(ctx, &edges, &stored, known, Lane::Bulk, effects)?;
        }
        claims::expect_writers(ctx, effects)?;
        match last {
            Some(last) if rows.len() >= usize::try_from(STEP).unwrap_or(usize::MAX) => {
                timers::set(ctx, Kind::Reproject, SUBJECT, ctx.now, 0, Some(&last))
            }
            _ => timers::clear(ctx, Kind::Reproject, SUBJECT),
        }
    })?;
    Ok(())
}
