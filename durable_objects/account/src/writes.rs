//! The writer's seat: one writer at a time in a target account (protocol rule 18).
//!
//! The seat is kept in memory. It saves work, it does not keep anything right: mirrors are claimed one by one, ids
//! are deterministic and writes carry the etag that they expect. An object that restarts finds its seat free.

use std::cell::Cell;

use tminus_domain::backoff::doubled;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::MessageId;
use tminus_domain::lease;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::calendars;
use crate::config::AccountConfig;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    AccountState, BeginWrite, EndWrite, TokenGrant, WriteGrant, WriteOutcome, WriteStart, WriteTarget,
};
use crate::error::AccountError;
use crate::identity::{self, Identity};
use crate::quota::{Grant, Quota, Reserved};
use crate::timers::{self, Kind};

/// How long a calendar that cannot be written is left alone, for the first time; maintenance looks after it meanwhile.
const UNWRITABLE_PAUSE_S: i64 = 60;
/// The longest pause of such a calendar.
const MAX_PAUSE_S: i64 = 3_600;

/// The seat, and what was written from it.
#[derive(Default)]
pub(crate) struct Seat {
    taken: Cell<Option<Taken>>,
    pub(crate) quota: Quota,
}

#[derive(Debug, Clone, Copy)]
struct Taken {
    holder: MessageId,
    until: Timestamp,
    reserved: Reserved,
    /// The most urgent lane of the nudges that came meanwhile.
    again: Option<Lane>,
}

impl Seat {
    /// Until when someone may be writing; `None` if nobody is.
    pub(crate) fn taken_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.taken.get().map(|taken| taken.until).filter(|until| *until > now)
    }
}

/// Gives the seat to `holder`, or says why not.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    seat: &Seat,
    command: BeginWrite,
    token: TokenGrant,
) -> Result<WriteStart, AccountError> {
    let identity = identity::get(ctx)?;
    if identity.overlay_state != "ready" || identity.state == AccountState::Unlinking {
        // Nothing can be written yet: maintenance nudges when the overlay is there.
        return Ok(WriteStart::NotNow);
    }
    if identity.write_after.is_some_and(|after| after > ctx.now) {
        // Its timer nudges.
        return Ok(WriteStart::NotNow);
    }
    let taken = seat.taken.get().filter(|taken| taken.until > ctx.now);
    if let Some(taken) = taken.filter(|taken| taken.holder != command.holder) {
        let again = if taken.again == Some(Lane::Live) { Lane::Live } else { command.lane };
        seat.taken.set(Some(Taken { again: Some(again), ..taken }));
        return Ok(WriteStart::Coalesced);
    }
    let targets: Vec<WriteTarget> = calendars::all(ctx)?
        .into_iter()
        .filter(|calendar| matches!(calendar.role, CalendarRole::Overlay | CalendarRole::Primary))
        .filter(|calendar| calendar.write_after.is_none_or(|after| after <= ctx.now))
        .map(|calendar| WriteTarget {
            calendar: calendar.calendar,
            provider_calendar_id: calendar.provider_calendar_id,
        })
        .collect();
    if targets.is_empty() {
        return Ok(WriteStart::NotNow);
    }
    // Of a message that came again the first delivery may have used what was reserved for it: that stays counted.
    let reserved = match seat.quota.reserve(ctx, config.quota_per_minute, command.lane)? {
        Grant::Reserved(reserved) => reserved,
        Grant::Wait(until) => {
            wait_for_quota(ctx, &identity, command.lane, until)?;
            return Ok(WriteStart::NotNow);
        }
    };
    let again = taken.and_then(|taken| taken.again);
    let until = lease::until(ctx.now, lease::WRITING_MS, 0);
    seat.taken.set(Some(Taken { holder: command.holder, until, reserved, again }));
    let permits = reserved.permits;
    Ok(WriteStart::Granted(Box::new(WriteGrant { user: identity.user, permits, targets, token })))
}

/// Takes the seat back. One who no longer holds it changes nothing.
pub(crate) fn end<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    seat: &Seat,
    command: &EndWrite,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let Some(taken) = seat.taken.get().filter(|taken| taken.holder == command.holder) else { return Ok(()) };
    seat.taken.set(None);
    seat.quota.settle(ctx, taken.reserved, command.used)?;
    if !command.unwritable.is_empty() {
        pause_calendars(ctx, command)?;
        effects.push(Nudge::Maintain);
    } else if command.used > 0 && command.outcome == WriteOutcome::Drained {
        forgive_calendars(ctx)?;
    }
    match command.outcome {
        WriteOutcome::TryAfter { seconds } => pause(ctx, i64::from(seconds))?,
        WriteOutcome::More { lane: Lane::Live } => effects.push(Nudge::Write(Lane::Live)),
        WriteOutcome::More { lane: Lane::Bulk } => {
            match seat.quota.bulk_after(ctx, config.quota_per_minute)? {
                Some(after) => wait_for_quota(ctx, &identity::get(ctx)?, Lane::Bulk, after)?,
                None => effects.push(Nudge::Write(Lane::Bulk)),
            }
            effects.extend(taken.again.filter(|again| *again == Lane::Live).map(Nudge::Write));
        }
        WriteOutcome::Drained | WriteOutcome::Unauthorized { .. } => {
            effects.extend(taken.again.map(Nudge::Write));
        }
    }
    Ok(())
}

/// No writer for this many seconds; then a nudge.
fn pause<H: ObjectHost>(ctx: &Context<'_, H>, seconds: i64) -> Result<(), AccountError> {
    let mut identity = identity::get(ctx)?;
    let after = ctx.now.plus_seconds(seconds);
    identity.write_after = Some(after);
    identity::update(ctx, &identity)?;
    timers::set(ctx, Kind::Write, identity.account, after, 0)?;
    Ok(())
}

/// What waits for the quota, as the tries of its timer.
const LIVE_WAITS: u32 = 1;

/// Nudges when the quota has room. Live work finds room earlier, so that its timer is not put off by bulk work.
fn wait_for_quota<H: ObjectHost>(
    ctx: &Context<'_, H>,
    identity: &Identity,
    lane: Lane,
    until: Timestamp,
) -> Result<(), StoreError> {
    match lane {
        Lane::Live => timers::set(ctx, Kind::Write, identity.account, until, LIVE_WAITS),
        Lane::Bulk if timers::tries(ctx, Kind::Write, identity.account)? == LIVE_WAITS => Ok(()),
        Lane::Bulk => timers::set(ctx, Kind::Write, identity.account, until, 0),
    }
}

/// A calendar that refuses every write is left alone by itself: the account's others are written on.
fn pause_calendars<H: ObjectHost>(ctx: &Context<'_, H>, command: &EndWrite) -> Result<(), AccountError> {
    for calendar in &command.unwritable {
        if let Some(mut calendar) = calendars::get(ctx, *calendar)? {
            let after = ctx.now.plus_seconds(doubled(UNWRITABLE_PAUSE_S, calendar.refusals, MAX_PAUSE_S));
            calendar.write_after = Some(after);
            calendar.refusals = calendar.refusals.saturating_add(1);
            calendars::update(ctx, &calendar)?;
            timers::set(ctx, Kind::Write, calendar.calendar, after, 0)?;
        }
    }
    Ok(())
}

/// What was written without a complaint ends the growing of pauses.
fn forgive_calendars<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), AccountError> {
    Ok(ctx
        .run("/* forgive */ UPDATE calendars SET refusals = 0, write_after = NULL WHERE refusals > 0", &[])?)
}

/// Writing may start again, into the account or the one calendar that `subject` names.
pub(crate) fn on_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    subject: &str,
    tries: u32,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    timers::clear(ctx, Kind::Write, subject)?;
    let mut identity = identity::get(ctx)?;
    if subject != identity.account.to_string() {
        effects.push(Nudge::Write(Lane::Live));
        return Ok(());
    }
    match identity.write_after.take() {
        Some(after) if after > ctx.now => timers::set(ctx, Kind::Write, identity.account, after, 0)?,
        Some(_) => {
            identity::update(ctx, &identity)?;
            effects.push(Nudge::Write(Lane::Live));
        }
        None if tries == LIVE_WAITS => effects.push(Nudge::Write(Lane::Live)),
        None => effects.push(Nudge::Write(Lane::Bulk)),
    }
    Ok(())
}
