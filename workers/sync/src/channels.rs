//! Push channels: the new one first, the old ones stopped after.

use tminus_account::contract::{ChannelClosed, ChannelOpened, ChannelRefused, KnownCalendar, KnownChannel};
use tminus_domain::channel_token::{ChannelClaims, issue};
use tminus_domain::ids::ChannelId;
use tminus_domain::time::Timestamp;
use tminus_google::{CalendarApi, Failure, WatchRequest};
use tminus_ports::{Ports, call, chain, fresh_id};

use crate::Config;
use crate::error::SyncError;
use crate::maintain::Nudge;

/// How long a channel is asked to last: a week, the longest that is documented.
const TTL_S: u32 = 604_800;

/// Opens a channel for a calendar that wants one, then stops those that it replaces. All channels of a calendar that
/// is not watched are stopped.
pub(crate) async fn renew<P: Ports>(
    ports: &P,
    config: &Config,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    calendar: &KnownCalendar,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let mut replaced: Vec<KnownChannel> = Vec::new();
    if calendar.wants_channel {
        let channel: ChannelId = fresh_id(ports);
        let claims = ChannelClaims { account: nudge.account, calendar: calendar.calendar };
        let request = WatchRequest {
            id: channel.to_string(),
            address: config.webhook_url.clone(),
            token: issue(&config.channel_keys, &channel.to_string(), claims),
            ttl_s: Some(TTL_S),
        };
        match api.watch_events(&calendar.provider_calendar_id, &request).await {
            Ok(watch) => {
                let expires_at = watch
                    .expiration
                    .map_or_else(|| ports.now().plus_seconds(i64::from(TTL_S)), Timestamp::from_millis);
                let opened = KnownChannel { channel, resource_id: watch.resource_id, expires_at };
                let command = ChannelOpened { calendar: calendar.calendar, opened };
                replaced = call(ports, &object, &trace, &command).await?;
                tracing::info!(calendar = %calendar.calendar, %channel, "a channel was opened");
            }
            Err(error) if error.failure == Failure::PushUnsupported => {
                tracing::info!(calendar = %calendar.calendar, "the calendar cannot push; it is read at re-syncs only");
                call(ports, &object, &trace, &ChannelRefused { calendar: calendar.calendar }).await?;
            }
            Err(error) => return Err(error.into()),
        }
    } else if !calendar.role.is_watched() {
        // Nobody looks at its changes any more.
        replaced.clone_from(&calendar.channels);
    } else if let Some((_, older)) = calendar.channels.split_first() {
        // Left over from a renewal that was cut off.
        replaced = older.to_vec();
    }
    for channel in replaced {
        stop(ports, api, nudge, &channel).await?;
    }
    Ok(())
}

/// Stops a channel, and forgets it.
pub(crate) async fn stop<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    channel: &KnownChannel,
) -> Result<(), SyncError> {
    match api.stop_channel(&channel.channel.to_string(), &channel.resource_id).await {
        Ok(()) => {}
        Err(error) if matches!(error.failure, Failure::NotFound | Failure::Gone) => {}
        Err(error) => {
            // It ends by itself; if there is a next maintenance, that tries again.
            tracing::warn!(channel = %channel.channel, error = %chain(&error), "a channel was not stopped");
            return Ok(());
        }
    }
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    call(ports, &object, &trace, &ChannelClosed { channel: channel.channel }).await?;
    tracing::info!(channel = %channel.channel, "a channel was stopped");
    Ok(())
}
