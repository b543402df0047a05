//! The writer's seat: one writer at a time in a target account (protocol rule 18).
//!
//! The seat is kept in memory. It saves work, it does not keep anything right: mirrors are claimed one by one, ids
//! are deterministic and writes carry the etag that they expect. An object that restarts finds its seat free.

use std::cell::Cell;

use tminus_domain::dirty::Lane;
use tminus_domain::ids::MessageId;
use tminus_domain::lease;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;

use crate::calendars;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{BeginWrite, EndWrite, TokenGrant, WriteGrant, WriteOutcome, WriteStart, WriteTarget};
use crate::error::AccountError;
use crate::identity;
use crate::timers::{self, Kind};

/// How many operations one sitting may write.
const PERMITS: u32 = 500;
/// How long writing waits for maintenance to make a calendar that is not there.
const MISSING_PAUSE_S: i64 = 30;

/// The seat.
#[derive(Debug, Default)]
pub(crate) struct Seat(Cell<Option<Taken>>);

#[derive(Debug, Clone, Copy)]
struct Taken {
    holder: MessageId,
    until: Timestamp,
    /// The most urgent lane of the nudges that came meanwhile.
    again: Option<Lane>,
}

/// Gives the seat to `holder`, or says why not.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    seat: &Seat,
    command: BeginWrite,
    token: TokenGrant,
) -> Result<WriteStart, AccountError> {
    let identity = identity::get(ctx)?;
    if identity.overlay_state != "ready" {
        // Nothing can be written yet: maintenance nudges when the overlay is there.
        return Ok(WriteStart::NotNow);
    }
    if identity.write_after.is_some_and(|after| after > ctx.now) {
        // Its timer nudges.
        return Ok(WriteStart::NotNow);
    }
    let taken = seat.0.get().filter(|taken| taken.until > ctx.now);
    if let Some(taken) = taken.filter(|taken| taken.holder != command.holder) {
        let again = if taken.again == Some(Lane::Live) { Lane::Live } else { command.lane };
        seat.0.set(Some(Taken { again: Some(again), ..taken }));
        return Ok(WriteStart::Coalesced);
    }
    let again = taken.and_then(|taken| taken.again);
    let until = lease::until(ctx.now, lease::WRITING_MS, 0);
    seat.0.set(Some(Taken { holder: command.holder, until, again }));
    let targets = calendars::all(ctx)?
        .into_iter()
        .filter(|calendar| matches!(calendar.role, CalendarRole::Overlay | CalendarRole::Primary))
        .map(|calendar| WriteTarget {
            calendar: calendar.calendar,
            provider_calendar_id: calendar.provider_calendar_id,
        })
        .collect();
    Ok(WriteStart::Granted(Box::new(WriteGrant { user: identity.user, permits: PERMITS, targets, token })))
}

/// Takes the seat back. One who no longer holds it changes nothing.
pub(crate) fn end<H: ObjectHost>(
    ctx: &Context<'_, H>,
    seat: &Seat,
    command: &EndWrite,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let Some(taken) = seat.0.get().filter(|taken| taken.holder == command.holder) else { return Ok(()) };
    seat.0.set(None);
    match command.outcome {
        WriteOutcome::TryAfter { seconds } => pause(ctx, i64::from(seconds))?,
        WriteOutcome::CalendarMissing => {
            pause(ctx, MISSING_PAUSE_S)?;
            effects.push(Nudge::Maintain);
        }
        WriteOutcome::More { lane } => effects.push(Nudge::Write(lane)),
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

/// Writing may start again.
pub(crate) fn on_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let identity = identity::get(ctx)?;
    if let Some(after) = identity.write_after.filter(|after| *after > ctx.now) {
        timers::set(ctx, Kind::Write, identity.account, after, 0)?;
        return Ok(());
    }
    timers::clear(ctx, Kind::Write, identity.account)?;
    effects.push(Nudge::Write(Lane::Live));
    Ok(())
}
