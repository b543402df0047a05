//! Unlinking the account (protocol rule 29): draining, purging, closing, tombstone.
//!
//! Each step is stored before the next is asked for, and each may be done again: a crash anywhere only repeats one.

use tminus_domain::ids::MessageId;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::calendars;
use crate::config::AccountConfig;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    AccountState, TokenGrant, UnlinkDrained, UnlinkFailed, UnlinkGrant, UnlinkPurged, UnlinkStep,
    WrittenCalendar,
};
use crate::error::AccountError;
use crate::identity::{self, Identity};
use crate::maintenance::{live_channels, pause_s, seated};
use crate::runs;
use crate::timers::{self, Kind};
use crate::writes::Seat;

/// How long a call that was sent may still take effect after its sender gave it up.
const CALL_DEADLINE_MS: i64 = 10_000;
/// Between two looks at what is left: lists lag.
const PURGE_PAUSE_MS: i64 = 10_000;
/// The calls of one pass: a hundred deletions, and lists.
const PASS: u32 = 120;
/// The lists of one pass, as a rule.
const LISTS: u32 = 4;
/// So many lists in a row that hold none of our events end the purge.
const EMPTY_LISTS: u32 = 2;
/// How long a lost nudge to the maintainer is waited for.
const NUDGE_AGAIN_MS: i64 = 10_000;
/// Every table of the schema but the tombstone's and the migrations' own.
const TABLES: &[&str] = &[
    "auth",
    "sync_state",
    "watch_channels",
    "account",
    "calendars",
    "sync_runs",
    "schema_versions",
    "schema_decisions",
    "dead_letters",
    "quota_ledger",
    "timers",
    "fetch_again",
];

/// Begins to unlink: from now on nothing is fetched and nothing is written.
pub(crate) fn begin<H: ObjectHost>(ctx: &Context<'_, H>, effects: &mut Effects) -> Result<(), AccountError> {
    let mut identity = identity::get(ctx)?;
    if identity.state == AccountState::Unlinking {
        return Ok(());
    }
    identity.state = AccountState::Unlinking;
    identity.unlink_step = Some(UnlinkStep::Draining);
    identity.unlink_after = None;
    identity.empty_lists = 0;
    identity::update(ctx, &identity)?;
    for calendar in calendars::all(ctx)? {
        runs::suspend(ctx, calendar.calendar)?;
    }
    timers::set(ctx, Kind::Maintain, identity.account, ctx.now.plus_millis(NUDGE_AGAIN_MS), 0)?;
    effects.push(Nudge::Maintain);
    Ok(())
}

/// What one who does the next step needs.
pub(crate) fn grant<H: ObjectHost>(
    ctx: &Context<'_, H>,
    identity: &Identity,
    token: Option<TokenGrant>,
) -> Result<UnlinkGrant, StoreError> {
    let calendars = calendars::all(ctx)?;
    let highest = calendars.iter().map(|calendar| calendar.generation).max().unwrap_or_default();
    let written = calendars
        .into_iter()
        .filter(|calendar| matches!(calendar.role, CalendarRole::Overlay | CalendarRole::Primary))
        .map(|calendar| WrittenCalendar {
            calendar: calendar.calendar,
            provider_calendar_id: calendar.provider_calendar_id,
            overlay: calendar.role == CalendarRole::Overlay,
        })
        .collect();
    Ok(UnlinkGrant {
        user: identity.user,
        overlay_calendar: identity.overlay_calendar,
        generation: highest.max(identity.generation_floor),
        step: identity.unlink_step.unwrap_or(UnlinkStep::Draining),
        token,
        written,
        channels: live_channels(ctx)?.into_iter().map(|(_, channel)| channel).collect(),
    })
}

/// The graph hands out no more claims. Writes that are under way are waited for, and their calls.
pub(crate) fn drained<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    seat: &Seat,
    command: UnlinkDrained,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let identity = at(ctx, command.holder, UnlinkStep::Draining)?;
    let busy = seat.taken_until(ctx.now).max(command.claimed_until);
    let after = busy.map_or(ctx.now, |until| until.max(ctx.now).plus_millis(CALL_DEADLINE_MS));
    let after = after.max(seat.quota.when(ctx, config.quota_per_minute, PASS)?);
    go_on(ctx, identity, UnlinkStep::Purging, after, effects)
}

/// Our events were looked for and removed: again until two lists in a row hold none.
pub(crate) fn purged<H: ObjectHost>(
    ctx: &Context<'_, H>,
    config: &AccountConfig,
    seat: &Seat,
    command: UnlinkPurged,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let mut identity = at(ctx, command.holder, UnlinkStep::Purging)?;
    seat.quota.count(ctx, command.found.saturating_add(LISTS))?;
    identity.empty_lists = if command.found == 0 { identity.empty_lists.saturating_add(1) } else { 0 };
    if identity.empty_lists >= EMPTY_LISTS {
        return go_on(ctx, identity, UnlinkStep::Closing, ctx.now, effects);
    }
    let room = seat.quota.when(ctx, config.quota_per_minute, PASS)?;
    go_on(ctx, identity, UnlinkStep::Purging, room.max(ctx.now.plus_millis(PURGE_PAUSE_MS)), effects)
}

/// The step is done again later.
pub(crate) fn failed<H: ObjectHost>(ctx: &Context<'_, H>, command: UnlinkFailed) -> Result<(), AccountError> {
    let mut identity = seated(ctx, command.holder)?;
    let tries = timers::tries(ctx, Kind::Maintain, identity.account)?;
    let after = ctx.now.plus_seconds(i64::from(pause_s(command.retry_after_s, tries)));
    identity.maintainer = None;
    identity.maintainer_until = None;
    identity.unlink_after = Some(after);
    identity::update(ctx, &identity)?;
    Ok(timers::set(ctx, Kind::Maintain, identity.account, after, tries.saturating_add(1))?)
}

/// The row, if `holder` unlinks and is at this step. A repeat of a step that is done is told so.
pub(crate) fn at<H: ObjectHost>(
    ctx: &Context<'_, H>,
    holder: MessageId,
    step: UnlinkStep,
) -> Result<Identity, AccountError> {
    let identity = seated(ctx, holder)?;
    if identity.state == AccountState::Unlinking && identity.unlink_step == Some(step) {
        Ok(identity)
    } else {
        Err(AccountError::Refused("unlinking is at another step"))
    }
}

fn go_on<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut identity: Identity,
    step: UnlinkStep,
    after: Timestamp,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    identity.unlink_step = Some(step);
    identity.unlink_after = Some(after);
    identity.maintainer = None;
    identity.maintainer_until = None;
    identity::update(ctx, &identity)?;
    let due = if after > ctx.now { after } else { ctx.now.plus_millis(NUDGE_AGAIN_MS) };
    if after <= ctx.now {
        effects.push(Nudge::Maintain);
    }
    tracing::info!(%step, "unlinking goes on");
    Ok(timers::set(ctx, Kind::Maintain, identity.account, due, 0)?)
}

/// Leaves nothing but a tombstone, which holds no personal data.
pub(crate) fn bury<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), AccountError> {
    ctx.run(
        "/* tombstone */ INSERT INTO tombstone (generation, ended_at)
         SELECT MAX(account.generation_floor, COALESCE((SELECT MAX(generation) FROM calendars), 0)), ?1 FROM account",
        &[ctx.now.millis().into()],
    )?;
    for table in TABLES {
        ctx.run(&format!("/* bury */ DELETE FROM {table}"), &[])?;
    }
    tracing::info!("the account is unlinked");
    Ok(())
}

/// Whether the object is a tombstone.
pub(crate) fn is_buried<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<bool, StoreError> {
    Ok(ctx.first("/* is_tombstone */ SELECT 1 FROM tombstone", &[])?.is_some())
}
