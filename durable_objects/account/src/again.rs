//! Events that are fetched one by one with the calendar's next run: items in quarantine, and those of dead letters
//! (protocol rule 11). They ride on a run, so that they are ordered like everything else that it fetches.

use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::CalendarId;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::calendars::{self, Calendar};
use crate::context::{Context, Effects, Nudge};
use crate::contract::{MarkDirty, MarkedDirty};
use crate::dirty;
use crate::error::AccountError;

/// How many events one run fetches so: one batch.
const A_RUN: u32 = 50;
/// How many may be asked for at once.
const MOST: usize = 1000;

/// Asks for events to be fetched again.
pub(crate) fn ask<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    ids: &[String],
    effects: &mut Effects,
) -> Result<(), AccountError> {
    if ids.len() > MOST {
        return Err(AccountError::Refused("too many events at once"));
    }
    if !calendars::get(ctx, calendar)?.is_some_and(|known| known.role.is_watched()) {
        return Err(AccountError::Refused("no calendar that is read"));
    }
    for id in ids {
        ctx.run(
            "/* fetch_again */ INSERT INTO fetch_again (calendar_id, origin_event_id) VALUES (?1, ?2)
             ON CONFLICT (calendar_id, origin_event_id) DO UPDATE SET run_id = NULL WHERE run_id IS NOT NULL",
            &[Value::text(calendar), id.as_str().into()],
        )?;
    }
    let mark = MarkDirty { calendar, level: DirtyLevel::Incremental };
    if let MarkedDirty { nudge: Some(lane) } = dirty::mark(ctx, mark)? {
        effects.push(Nudge::Calendar(calendar, lane));
    }
    Ok(())
}

/// The events that the run is to fetch with its first page. Another fetch of that page gets the same.
pub(crate) fn of_run<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: &Calendar,
) -> Result<Vec<String>, StoreError> {
    if calendar.page > 0 {
        return Ok(Vec::new());
    }
    ctx.run(
        "/* take_fetch_again */ UPDATE fetch_again SET run_id = ?2
         WHERE calendar_id = ?1 AND run_id IS NOT ?2 AND origin_event_id IN
           (SELECT origin_event_id FROM fetch_again WHERE calendar_id = ?1 ORDER BY origin_event_id LIMIT ?3)",
        &[Value::text(calendar.calendar), Value::opt_text(calendar.run), A_RUN.into()],
    )?;
    ctx.query(
        "/* fetch_again_of_run */ SELECT origin_event_id FROM fetch_again WHERE calendar_id = ?1 AND run_id = ?2
         ORDER BY origin_event_id",
        &[Value::text(calendar.calendar), Value::opt_text(calendar.run)],
    )?
    .into_iter()
    .map(|row| row.get(0))
    .collect()
}

/// The run is committed: what it fetched is done. `true` if something is left, which wants another run.
pub(crate) fn fetched<H: ObjectHost>(ctx: &Context<'_, H>, calendar: &Calendar) -> Result<bool, StoreError> {
    ctx.run(
        "/* fetched_again */ DELETE FROM fetch_again WHERE calendar_id = ?1 AND run_id = ?2",
        &[Value::text(calendar.calendar), Value::opt_text(calendar.run)],
    )?;
    let left = ctx.first(
        "/* fetch_again_left */ SELECT 1 FROM fetch_again WHERE calendar_id = ?1 LIMIT 1",
        &[Value::text(calendar.calendar)],
    )?;
    Ok(left.is_some())
}
