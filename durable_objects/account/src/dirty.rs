//! Marking calendars dirty, and nudging until a run takes them (protocol rules 1 to 3).

use tminus_domain::backoff::doubled;
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::CalendarId;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::calendars::{self, Calendar};
use crate::context::{Context, Effects, Nudge};
use crate::contract::{MarkDirty, MarkedDirty};
use crate::timers::{self, Kind};

/// How long a nudge may take before it is taken for lost.
const NUDGE_AGAIN_MS: i64 = 5_000;
/// The longest pause between two nudges of the same calendar.
const MAX_PAUSE_MS: i64 = 3_600_000;
/// How long echoes of our own writes are collected before they are looked at (protocol rule 23).
const ECHO_DEBOUNCE_MS: i64 = 2_000;

/// Marks a calendar dirty. No row is written if it is already.
pub(crate) fn mark<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: MarkDirty,
) -> Result<MarkedDirty, StoreError> {
    let none = MarkedDirty { nudge: None };
    let Some(mut calendar) = calendars::get(ctx, command.calendar)? else { return Ok(none) };
    if !calendar.role.is_watched() {
        return Ok(none);
    }
    let waits = calendar.dirty != DirtyLevel::Clean && !calendar.is_running();
    if waits && calendar.quiet {
        // What waits was to be a second look, ten seconds after the first; now it is a first one at something new.
        calendar.quiet = false;
        calendar.due_at = None;
        calendar.dirty = calendar.dirty.max(command.level);
        calendars::update(ctx, &calendar)?;
        timers::set(ctx, Kind::Nudge, calendar.calendar, ctx.now.plus_millis(NUDGE_AGAIN_MS), 0)?;
        return Ok(MarkedDirty { nudge: Some(calendar.lane()) });
    }
    if calendar.dirty.rank() >= command.level.rank() {
        return Ok(none);
    }
    let news = calendar.dirty == DirtyLevel::Clean;
    calendar.dirty = command.level;
    calendars::update(ctx, &calendar)?;
    if calendar.is_running() {
        // The run's commit sees the new level and nudges.
        return Ok(none);
    }
    if let Some(due) = calendar.due_at.filter(|due| *due > ctx.now) {
        timers::set(ctx, Kind::Nudge, calendar.calendar, due, 0)?;
        return Ok(none);
    }
    if calendar.role == CalendarRole::Overlay && command.level == DirtyLevel::Incremental {
        if news {
            timers::set(ctx, Kind::Nudge, calendar.calendar, ctx.now.plus_millis(ECHO_DEBOUNCE_MS), 0)?;
        }
        return Ok(none);
    }
    timers::set(ctx, Kind::Nudge, calendar.calendar, ctx.now.plus_millis(NUDGE_AGAIN_MS), 0)?;
    Ok(MarkedDirty { nudge: Some(calendar.lane()) })
}

/// Ends every pause of a calendar and looks at it once.
pub(crate) fn wake<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if !calendar.role.is_watched() {
        return Ok(());
    }
    calendar.due_at = None;
    calendar.failures = 0;
    calendar.dirty = calendar.dirty.max(DirtyLevel::Incremental);
    if !calendar.is_running() {
        calendars::update(ctx, &calendar)?;
        return nudge(ctx, &calendar, 0, effects);
    }
    // It failed before: whoever held it is given up, and so is the pause that grew with the failures.
    calendar.takeovers = 0;
    calendar.lease_until = Some(ctx.now);
    calendars::update(ctx, &calendar)?;
    timers::set(ctx, Kind::Lease, calendar.calendar, ctx.now, 0)
}

/// Nudges a calendar that is dirty and idle, and sees to it that it is nudged again.
pub(crate) fn nudge<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: &Calendar,
    tries: u32,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let due = calendar.due_at.filter(|due| *due > ctx.now);
    if due.is_none() {
        effects.push(Nudge::Calendar(calendar.calendar, calendar.lane()));
    }
    let pause = doubled(NUDGE_AGAIN_MS, tries, MAX_PAUSE_MS);
    let again = due.unwrap_or_else(|| ctx.now.plus_millis(pause));
    timers::set(ctx, Kind::Nudge, calendar.calendar, again, tries.saturating_add(1))
}

/// The timer of a dirty calendar.
pub(crate) fn on_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    tries: u32,
    writing_until: Option<Timestamp>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    match calendars::get(ctx, calendar)? {
        Some(known)
            if known.role == CalendarRole::Overlay && writing_until.is_some() && !known.is_running() =>
        {
            // More echoes are on their way: one look at all of them, when the writer rests.
            timers::set(ctx, Kind::Nudge, calendar, ctx.now.plus_millis(ECHO_DEBOUNCE_MS), tries)
        }
        Some(known) if known.dirty != DirtyLevel::Clean && !known.is_running() => {
            nudge(ctx, &known, tries, effects)
        }
        _ => timers::clear(ctx, Kind::Nudge, calendar),
    }
}

/// The timer of a calendar that is to be fetched wholly once more.
pub(crate) fn on_resync<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    timers::clear(ctx, Kind::Resync, calendar)?;
    if let MarkedDirty { nudge: Some(lane) } = mark(ctx, MarkDirty { calendar, level: DirtyLevel::Full })? {
        effects.push(Nudge::Calendar(calendar, lane));
    }
    Ok(())
}
