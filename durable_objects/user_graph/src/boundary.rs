//! Windows that move on: what crosses one of their ends is projected again (protocol rule 26).
//!
//! The ends of all windows move at midnight in UTC. A timer waits for it, if any edge has a window, and remembers as of
//! when everything is projected.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{EventId, PrefixedId as _, Ulid};
use tminus_domain::time::Timestamp;
use tminus_domain::window::Window;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, transaction};

use crate::columns::{id, read_id};
use crate::context::{Context, Effects};
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::timers::{self, Kind};
use crate::{bulk, claims, project};

/// How many events one step projects.
const STEP: u32 = 500;
/// The one job of the graph.
const SUBJECT: &str = "all";

/// How far the job is, kept with its timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Progress {
    /// Everything is projected as of this time.
    since: Timestamp,
    /// Under way: as of when it will be, and the event that was projected last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    step: Option<(Timestamp, EventId)>,
}

/// Sets the timer if any edge has a window and it is not set; clears it if none has.
pub(crate) fn expect<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    let Some(window) = windows(&Lenses::load(ctx)?).next() else {
        return timers::clear(ctx, Kind::Boundary, SUBJECT);
    };
    let known = ctx.first("/* boundary */ SELECT 1 FROM timers WHERE kind = 'boundary'", &[])?;
    if known.is_some() {
        return Ok(());
    }
    wait(ctx, window, Progress { since: ctx.now, step: None })
}

fn wait<H: ObjectHost>(ctx: &Context<'_, H>, window: Window, progress: Progress) -> Result<(), StoreError> {
    set(ctx, window.next_boundary(ctx.now), progress)
}

fn set<H: ObjectHost>(ctx: &Context<'_, H>, due: Timestamp, progress: Progress) -> Result<(), StoreError> {
    let cursor = serde_json::to_string(&progress).map_err(|_| StoreError::Corrupt { what: "boundary" })?;
    timers::set(ctx, Kind::Boundary, SUBJECT, due, 0, Some(&cursor))
}

fn windows(lenses: &Lenses) -> impl Iterator<Item = Window> + '_ {
    lenses.with_clock().map(tminus_domain::projection::Lens::window)
}

/// Projects the next events that crossed an end of a window.
pub(crate) fn step<H: ObjectHost>(
    ctx: &Context<'_, H>,
    cursor: Option<&str>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let corrupt = StoreError::Corrupt { what: "boundary" };
    let progress: Progress = cursor.and_then(|text| serde_json::from_str(text).ok()).ok_or(corrupt)?;
    transaction(ctx.host.sql(), || {
        let lenses = Lenses::load(ctx)?;
        let Some(window) = windows(&lenses).next() else {
            return timers::clear(ctx, Kind::Boundary, SUBJECT);
        };
        let nil = EventId::from_ulid(Ulid::nil());
        let (until, after) = progress.step.unwrap_or((ctx.now, nil));
        let found = crossing(ctx, &lenses, progress.since, until, after)?;
        let is_last = found.len() < usize::try_from(STEP).unwrap_or(usize::MAX);
        let last = found.last().copied();
        let found: BTreeSet<EventId> = found.into_iter().collect();
        project::project_ids(ctx, &lenses, &found, Lane::Bulk, Cause::Window, effects)?;
        claims::expect_writers(ctx, effects)?;
        match last {
            Some(last) if !is_last => set(ctx, ctx.now, Progress { step: Some((until, last)), ..progress }),
            _ => wait(ctx, window, Progress { since: until, step: None }),
        }
    })
}

/// The next events after `after` that were on the other side of an end of a window at `since` than at `until`.
fn crossing<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    since: Timestamp,
    until: Timestamp,
    after: EventId,
) -> Result<Vec<EventId>, StoreError> {
    let moved = |ends: (Option<Timestamp>, Option<Timestamp>)| match ends {
        (Some(was), Some(is)) if was != is => Some((was.millis(), is.millis())),
        _ => None,
    };
    let (mut starts, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for window in windows(lenses) {
        let (was, is) = (window.reach(since), window.reach(until));
        starts.extend(moved((was.to, is.to)));
        ends.extend(moved((was.from, is.from)));
    }
    ctx.query(
        "/* crossing */ SELECT canonical_event_id FROM canonical_events AS e
         WHERE canonical_event_id > ?1 AND deleted = 0 AND (
           EXISTS (SELECT 1 FROM json_each(?2) WHERE e.start_ts >= value ->> 0 AND e.start_ts < value ->> 1)
           OR EXISTS (SELECT 1 FROM json_each(?3)
             WHERE COALESCE(e.last_end_ts, e.end_ts) >= value ->> 0 AND COALESCE(e.last_end_ts, e.end_ts) <= value ->> 1))
         ORDER BY canonical_event_id LIMIT ?4",
        &[id(after), bulk::list(starts)?, bulk::list(ends)?, STEP.into()],
    )?
    .iter()
    .map(|row| read_id(row, 0))
    .collect()
}
