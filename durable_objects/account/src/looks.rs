//! Second looks after a list that may lag behind its push (protocol rule 5).

use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::CalendarId;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::calendars::{self, Calendar};
use crate::context::{Context, Effects};
use crate::dirty;
use crate::timers::{self, Kind};

/// How long a provider's replicas may lag behind a push (protocol rule 5).
pub(crate) const REPLICA_LAG_MS: i64 = 10_000;
/// How long pushes that came during a run wait to be looked for: most of what lags has arrived by then.
const PAUSE_MS: i64 = 2_000;

/// What a list does not show may be lagging behind its push (protocol rule 5). An empty list is followed by one more,
/// once, when the replicas have caught up. Pushes that came during a run are looked for after a moment's pause, so that
/// the look at them is a second one, too. Answers the pause if something is dirty already and waits for it.
pub(crate) fn after_run<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: &mut Calendar,
) -> Result<Option<i64>, StoreError> {
    let empty = calendar.page == 0 && calendar.applied.is_empty() && !calendar.full_run;
    let waits = calendar.dirty == DirtyLevel::Incremental;
    if !empty {
        calendar.quiet = waits;
        timers::clear(ctx, Kind::Look, calendar.calendar)?;
        return Ok(waits.then_some(PAUSE_MS));
    }
    let first = !calendar.quiet;
    calendar.quiet = first && waits;
    if first && calendar.dirty == DirtyLevel::Clean {
        timers::set(ctx, Kind::Look, calendar.calendar, ctx.now.plus_millis(REPLICA_LAG_MS), 0)?;
    }
    Ok(calendar.quiet.then_some(REPLICA_LAG_MS))
}

/// The timer of a calendar whose list was empty after a push: one more look, and no third.
pub(crate) fn on_look<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    timers::clear(ctx, Kind::Look, calendar)?;
    let Some(mut known) = calendars::get(ctx, calendar)? else { return Ok(()) };
    if known.dirty != DirtyLevel::Clean || known.is_running() || !known.role.is_watched() {
        // It is looked at anyway.
        return Ok(());
    }
    known.dirty = DirtyLevel::Incremental;
    known.quiet = true;
    calendars::update(ctx, &known)?;
    dirty::nudge(ctx, &known, 0, effects)
}
