//! The writer's seat: one writer at a time in a target account (protocol rule 18).

use tminus_domain::dirty::Lane;
use tminus_domain::lease;
use tminus_domain::policy::CalendarRole;
use tminus_ports::ObjectHost;

use crate::calendars;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{BeginWrite, EndWrite, TokenGrant, WriteGrant, WriteOutcome, WriteStart, WriteTarget};
use crate::error::AccountError;
use crate::identity;
use crate::timers::{self, Kind};

/// How many operations one sitting may write.
const PERMITS: u32 = 500;

/// Gives the seat to `holder`, or says why not.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: BeginWrite,
    token: TokenGrant,
) -> Result<WriteStart, AccountError> {
    let mut identity = identity::get(ctx)?;
    if identity.overlay_state != "ready" {
        // Nothing can be written yet: maintenance nudges when the overlay is there.
        return Ok(WriteStart::NotNow);
    }
    if let Some(after) = identity.write_after.filter(|after| *after > ctx.now) {
        timers::set(ctx, Kind::Write, identity.account, after, 0)?;
        return Ok(WriteStart::NotNow);
    }
    let own = identity.writer == Some(command.holder);
    if !own && identity.writer.is_some() && lease::holds(identity.writer_until, ctx.now) {
        let again = lane_number(command.lane);
        if identity.writer_again == 0 || again < identity.writer_again {
            identity.writer_again = again;
            identity::update(ctx, &identity)?;
        }
        return Ok(WriteStart::Coalesced);
    }
    let until = lease::until(ctx.now, lease::WRITING_MS, 0);
    identity.writer = Some(command.holder);
    identity.writer_until = Some(until);
    identity.write_after = None;
    identity::update(ctx, &identity)?;
    // If the writer never leaves, the seat is offered again.
    timers::set(ctx, Kind::Write, identity.account, until, 0)?;
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
    command: &EndWrite,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let mut identity = identity::get(ctx)?;
    if identity.writer != Some(command.holder) {
        return Ok(());
    }
    let again = match identity.writer_again {
        0 => None,
        1 => Some(Lane::Live),
        _ => Some(Lane::Bulk),
    };
    identity.writer = None;
    identity.writer_until = None;
    identity.writer_again = 0;
    timers::clear(ctx, Kind::Write, identity.account)?;
    match command.outcome {
        WriteOutcome::TryAfter { seconds } => {
            let after = ctx.now.plus_seconds(i64::from(seconds));
            identity.write_after = Some(after);
            timers::set(ctx, Kind::Write, identity.account, after, 0)?;
        }
        WriteOutcome::More { lane } => effects.push(Nudge::Write(lane)),
        WriteOutcome::Drained | WriteOutcome::Unauthorized { .. } => {
            effects.extend(again.map(Nudge::Write));
        }
    }
    identity::update(ctx, &identity)?;
    Ok(())
}

/// The seat may be taken again.
pub(crate) fn on_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let identity = identity::get(ctx)?;
    let wait = [identity.writer_until, identity.write_after].into_iter().flatten().max();
    if let Some(until) = wait.filter(|until| *until > ctx.now) {
        timers::set(ctx, Kind::Write, identity.account, until, 0)?;
        return Ok(());
    }
    timers::clear(ctx, Kind::Write, identity.account)?;
    effects.push(Nudge::Write(Lane::Live));
    Ok(())
}

const fn lane_number(lane: Lane) -> u32 {
    match lane {
        Lane::Live => 1,
        Lane::Bulk => 2,
    }
}
