//! Maintenance: calendars discovered, the overlay made once, channels opened before the old ones end.

use std::collections::BTreeMap;

use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{CalendarId, ChannelId};
use tminus_domain::lease;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::calendars::{self, Calendar};
use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    AccountState, BeginMaintenance, ChannelClosed, ChannelOpened, ChannelRefused, EndMaintenance,
    KnownCalendar, KnownChannel, Maintenance, MaintenanceEnded, MaintenanceGrant, MarkDirty, MarkedDirty,
    Overlay, OverlayCreating, OverlayMissed, OverlayReady, PutCalendars, TokenGrant,
};
use crate::error::AccountError;
use crate::identity::{self, Identity};
use crate::timers::{self, Kind};
use crate::{dirty, unlink};

/// A channel that ends within this time is replaced.
const RENEW_BEFORE_S: i64 = 86_400;
/// The longest pause after maintenance that failed, unless the provider asked for a longer one.
const MAX_PAUSE_S: u32 = 3_600;

/// How long the nudge to unlink may take before it is taken for lost.
const UNLINK_AGAIN_MS: i64 = 10_000;

/// Gives the maintainer's seat to `holder`.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: BeginMaintenance,
    token: Option<TokenGrant>,
) -> Result<Maintenance, AccountError> {
    let mut identity = identity::get(ctx)?;
    let unlinking = identity.state == AccountState::Unlinking;
    if unlinking && identity.unlink_after.is_some_and(|after| after > ctx.now) {
        // Its timer nudges.
        return Ok(Maintenance::Coalesced);
    }
    if token.is_none() && !unlinking {
        return Ok(Maintenance::ConsentNeeded);
    }
    let own = identity.maintainer == Some(command.holder);
    if !own && identity.maintainer.is_some() && lease::holds(identity.maintainer_until, ctx.now) {
        return Ok(Maintenance::Coalesced);
    }
    // What took longer than its lease gets a longer one.
    let tries = timers::tries(ctx, Kind::Maintain, identity.account)?;
    let until = lease::until(ctx.now, lease::MAINTENANCE_MS, tries);
    identity.maintainer = Some(command.holder);
    identity.maintainer_until = Some(until);
    identity::update(ctx, &identity)?;
    timers::set(ctx, Kind::Maintain, identity.account, until, tries)?;
    if unlinking {
        return Ok(Maintenance::Unlinking(Box::new(unlink::grant(ctx, &identity, token)?)));
    }
    let Some(token) = token else { return Ok(Maintenance::ConsentNeeded) };
    let overlay = overlay(ctx, &identity)?;
    Ok(Maintenance::Granted(Box::new(MaintenanceGrant {
        user: identity.user,
        overlay_calendar: identity.overlay_calendar,
        overlay,
        token,
    })))
}

fn overlay<H: ObjectHost>(ctx: &Context<'_, H>, identity: &Identity) -> Result<Overlay, StoreError> {
    Ok(match (identity.overlay_state.as_str(), &identity.overlay_nonce) {
        ("ready", _) => match calendars::get(ctx, identity.overlay_calendar)? {
            Some(calendar) => Overlay::Ready { provider_calendar_id: calendar.provider_calendar_id },
            None => Overlay::Absent,
        },
        ("creating", Some(nonce)) => {
            Overlay::Creating { nonce: nonce.clone(), missed: identity.overlay_missed }
        }
        _ => Overlay::Absent,
    })
}

/// The row, if `holder` maintains it.
pub(crate) fn seated<H: ObjectHost>(
    ctx: &Context<'_, H>,
    holder: tminus_domain::ids::MessageId,
) -> Result<Identity, AccountError> {
    let identity = identity::get(ctx)?;
    if identity.maintainer == Some(holder) {
        Ok(identity)
    } else {
        Err(AccountError::Refused("someone else maintains the account"))
    }
}

/// The overlay is about to be inserted: its nonce is kept, so that a lost answer does not make two.
pub(crate) fn overlay_creating<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &OverlayCreating,
) -> Result<(), AccountError> {
    let mut identity = seated(ctx, command.holder)?;
    let overlay = overlay(ctx, &identity)?;
    if matches!(&overlay, Overlay::Creating { nonce, .. } if *nonce == command.nonce) {
        return Ok(());
    }
    if overlay != command.replaces {
        // The same message, delivered twice at once: two of them hold one seat.
        return Err(AccountError::Refused("another overlay is being made"));
    }
    identity.overlay_state = "creating".to_owned();
    identity.overlay_nonce = Some(command.nonce.clone());
    identity.overlay_missed = false;
    Ok(identity::update(ctx, &identity)?)
}

/// A list did not hold the overlay that may have been inserted. Lists lag: another one decides (protocol rule 25).
pub(crate) fn overlay_missed<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: OverlayMissed,
) -> Result<(), AccountError> {
    let mut identity = seated(ctx, command.holder)?;
    identity.overlay_missed = identity.overlay_state == "creating";
    Ok(identity::update(ctx, &identity)?)
}

/// The overlay is there: it is watched like any calendar, and whoever waited to write may.
pub(crate) fn overlay_ready<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &OverlayReady,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let mut identity = seated(ctx, command.holder)?;
    let id = command.provider_calendar_id.as_str();
    let replaced = calendars::get(ctx, identity.overlay_calendar)?;
    if replaced.is_some_and(|known| known.provider_calendar_id != id) {
        // They watched a calendar that is gone, and ended with it.
        ctx.run(
            "/* forget_channels */ DELETE FROM watch_channels WHERE calendar_id = ?1",
            &[Value::text(identity.overlay_calendar)],
        )?;
    }
    calendars::put(ctx, identity.overlay_calendar, id, CalendarRole::Overlay, None)?;
    if identity.overlay_state != "ready" {
        identity.overlay_state = "ready".to_owned();
        identity::update(ctx, &identity)?;
        effects.push(Nudge::Write(Lane::Bulk));
    }
    Ok(())
}

/// Takes over what the provider lists: new calendars are fetched wholly, vanished ones only kept.
pub(crate) fn put_calendars<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &PutCalendars,
    effects: &mut Effects,
) -> Result<Vec<KnownCalendar>, AccountError> {
    seated(ctx, command.holder)?;
    let mut known: BTreeMap<String, Calendar> = calendars::all(ctx)?
        .into_iter()
        .map(|calendar| (calendar.provider_calendar_id.clone(), calendar))
        .collect();
    for seen in &command.calendars {
        let stored = known.remove(&seen.provider_calendar_id);
        let calendar = stored.as_ref().map_or_else(|| ctx.id::<CalendarId>(), |stored| stored.calendar);
        // The overlay's role was given when it was made.
        let role = stored.as_ref().map_or(seen.role, |stored| match stored.role {
            CalendarRole::Overlay => CalendarRole::Overlay,
            _ => seen.role,
        });
        calendars::put(ctx, calendar, &seen.provider_calendar_id, role, seen.time_zone.as_deref())?;
    }
    for gone in known.into_values().filter(|gone| gone.role != CalendarRole::Overlay) {
        calendars::put(ctx, gone.calendar, &gone.provider_calendar_id, CalendarRole::ReadOnly, None)?;
    }
    let all = calendars::all(ctx)?;
    for calendar in &all {
        if calendar.dirty != DirtyLevel::Clean && !calendar.is_running() && calendar.role.is_watched() {
            dirty::nudge(ctx, calendar, 0, effects)?;
        }
    }
    let channels = live_channels(ctx)?;
    Ok(all.into_iter().map(|calendar| known_calendar(ctx.now, calendar, &channels)).collect())
}

fn known_calendar(
    now: Timestamp,
    calendar: Calendar,
    channels: &[(CalendarId, KnownChannel)],
) -> KnownCalendar {
    let own: Vec<KnownChannel> = channels
        .iter()
        .filter(|(of, _)| *of == calendar.calendar)
        .map(|(_, channel)| channel.clone())
        .collect();
    let lasts = own.iter().any(|channel| channel.expires_at > now.plus_seconds(RENEW_BEFORE_S));
    KnownCalendar {
        calendar: calendar.calendar,
        provider_calendar_id: calendar.provider_calendar_id,
        role: calendar.role,
        channels: own,
        wants_channel: calendar.role.is_watched() && calendar.push && !lasts,
    }
}

/// Live channels, those that last longest first.
pub(crate) fn live_channels<H: ObjectHost>(
    ctx: &Context<'_, H>,
) -> Result<Vec<(CalendarId, KnownChannel)>, StoreError> {
    ctx.query(
        "/* live_channels */ SELECT calendar_id, channel_id, resource_id, expiry_ts FROM watch_channels
         WHERE status = 'active' ORDER BY expiry_ts DESC, channel_id",
        &[],
    )?
    .into_iter()
    .map(|row| {
        let expires_at = Timestamp::parse_rfc3339(&row.get::<String>(3)?)
            .ok_or(StoreError::Corrupt { what: "channel expiry" })?;
        let resource_id: Option<String> = row.get(2)?;
        let channel = KnownChannel {
            channel: row.parse(1, "channel id")?,
            resource_id: resource_id.unwrap_or_default(),
            expires_at,
        };
        Ok((row.parse(0, "calendar id")?, channel))
    })
    .collect()
}

/// Records a new channel; answers those that it replaces. A calendar that nobody watched may have changed unseen
/// since it was fetched: it is fetched once more.
pub(crate) fn channel_opened<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ChannelOpened,
    effects: &mut Effects,
) -> Result<Vec<KnownChannel>, AccountError> {
    let identity = identity::get(ctx)?;
    let opened = &command.opened;
    let new = ctx.query(
        "/* open_channel */ INSERT INTO watch_channels
           (channel_id, account_id, resource_id, expiry_ts, calendar_id, status, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'active', ?6) ON CONFLICT (channel_id) DO NOTHING RETURNING channel_id",
        &[
            Value::text(opened.channel),
            Value::text(identity.account),
            opened.resource_id.as_str().into(),
            opened.expires_at.to_rfc3339().into(),
            Value::text(command.calendar),
            ctx.now.to_rfc3339().into(),
        ],
    )?;
    let older: Vec<KnownChannel> = live_channels(ctx)?
        .into_iter()
        .filter(|(calendar, channel)| *calendar == command.calendar && channel.channel != opened.channel)
        .map(|(_, channel)| channel)
        .collect();
    if !new.is_empty() && !older.iter().any(|channel| channel.expires_at > ctx.now) {
        let unseen = MarkDirty { calendar: command.calendar, level: DirtyLevel::Incremental };
        if let MarkedDirty { nudge: Some(lane) } = dirty::mark(ctx, unseen)? {
            effects.push(Nudge::Calendar(command.calendar, lane));
        }
    }
    Ok(older)
}

/// Forgets a channel that was stopped.
pub(crate) fn channel_closed<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: ChannelClosed,
) -> Result<(), AccountError> {
    Ok(ctx.run(
        "/* close_channel */ DELETE FROM watch_channels WHERE channel_id = ?1",
        &[Value::text(command.channel)],
    )?)
}

/// The calendar cannot push.
pub(crate) fn channel_refused<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: ChannelRefused,
) -> Result<(), AccountError> {
    if let Some(mut calendar) = calendars::get(ctx, command.calendar)?.filter(|calendar| calendar.push) {
        calendar.push = false;
        calendars::update(ctx, &calendar)?;
    }
    Ok(())
}

/// Ends maintenance; asks for it again if it did not come to its end.
pub(crate) fn end<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: EndMaintenance,
    effects: &mut Effects,
) -> Result<MaintenanceEnded, AccountError> {
    let mut identity = identity::get(ctx)?;
    if identity.maintainer == Some(command.holder) {
        identity.maintainer = None;
        identity.maintainer_until = None;
        identity::update(ctx, &identity)?;
        match command.retry_after_s {
            // Someone asked to unlink meanwhile; the nudge for that found the seat taken.
            _ if identity.state == AccountState::Unlinking => {
                timers::set(ctx, Kind::Maintain, identity.account, ctx.now.plus_millis(UNLINK_AGAIN_MS), 0)?;
                effects.push(Nudge::Maintain);
            }
            Some(seconds) => {
                let tries = timers::tries(ctx, Kind::Maintain, identity.account)?;
                let due = ctx.now.plus_seconds(i64::from(pause_s(seconds, tries)));
                timers::set(ctx, Kind::Maintain, identity.account, due, tries.saturating_add(1))?;
            }
            None => timers::clear(ctx, Kind::Maintain, identity.account)?,
        }
    }
    Ok(MaintenanceEnded { first_expiry: first_expiry(ctx)? })
}

/// How long to wait after so many failures in a row.
pub(crate) fn pause_s(seconds: u32, failures: u32) -> u32 {
    let factor = 1_u32.checked_shl(failures).unwrap_or(u32::MAX);
    seconds.saturating_mul(factor).min(MAX_PAUSE_S.max(seconds))
}

/// The channel that ends first among those that each calendar will keep longest. `None` as long as a calendar that
/// wants a channel has none: the account is then looked after at the next opportunity.
fn first_expiry<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<(ChannelId, Timestamp)>, StoreError> {
    let mut longest: BTreeMap<CalendarId, (ChannelId, Timestamp)> = BTreeMap::new();
    for (calendar, channel) in live_channels(ctx)? {
        longest.entry(calendar).or_insert((channel.channel, channel.expires_at));
    }
    let mut first = None;
    for calendar in calendars::all(ctx)?.iter().filter(|calendar| calendar.role.is_watched() && calendar.push)
    {
        let Some(own) = longest.get(&calendar.calendar).copied() else { return Ok(None) };
        first = Some(
            first.map_or(own, |first: (ChannelId, Timestamp)| if own.1 < first.1 { own } else { first }),
        );
    }
    Ok(first)
}

/// Maintenance is to be done again. A maintainer who never ended it has failed, too. Once the consent is gone it is
/// asked for only once more, so that the registry hears of it; a new consent asks by itself.
pub(crate) fn on_timer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    tries: u32,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let identity = identity::get(ctx)?;
    effects.push(Nudge::Maintain);
    if !matches!(identity.state, AccountState::Active | AccountState::Unlinking) {
        return Ok(timers::clear(ctx, Kind::Maintain, identity.account)?);
    }
    let pause = lease::MAINTENANCE_MS.checked_shl(tries.min(6)).unwrap_or(lease::MAINTENANCE_MS);
    let tries = if identity.maintainer.is_some() { tries.saturating_add(1) } else { tries };
    Ok(timers::set(ctx, Kind::Maintain, identity.account, ctx.now.plus_millis(pause), tries)?)
}

#[cfg(test)]
mod tests {
    use super::pause_s;

    #[test]
    fn pauses_double_up_to_an_hour_or_what_was_asked() {
        assert_eq!(
            [0, 1, 2, 6, 7, 31, 32, u32::MAX].map(|failures| pause_s(30, failures)),
            [30, 60, 120, 1920, 3600, 3600, 3600, 3600]
        );
        assert_eq!(pause_s(7200, 3), 7200);
    }
}
