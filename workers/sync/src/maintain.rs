//! Maintaining an account: calendars discovered, the overlay made once, channels opened before the old ones end.
//!
//! Acts on state and takes no input: it may run at any time and be cut off anywhere. Effects, and why each may
//! repeat:
//! 1. the overlay is inserted: its nonce is stored before and looked for after (protocol rule 25);
//! 2. calendars are stored: by their ids;
//! 3. channels are opened: one too many only pushes twice, and ends by itself;
//! 4. old channels are stopped: stopping a stopped one is no error;
//! 5. the registry hears how the account stands: no row is written if it knows;
//! 6. an account whose object does not know yet that it is to be unlinked is told: telling it twice is once.
//!
//! Of an account that is being unlinked the next step of that is done instead (`unlink.rs`).

use tminus_account::contract::{
    BeginMaintenance, EndMaintenance, KnownCalendar, Maintenance, MaintenanceGrant, PutCalendars,
    ReportUnauthorized, SeenCalendar, Unlink,
};
use tminus_domain::ids::{AccountId, MessageId, TraceId};
use tminus_domain::policy::CalendarRole;
use tminus_google::{CalendarApi, CalendarListEntry, Failure};
use tminus_ports::{Classify as _, ErrorClass, Ports, call, chain};
use tminus_registry::RegistrySql;
use tminus_registry::accounts::{AccountStatus, account_by_id, set_account_status, set_channel};
use tminus_user_graph::contract::{CalendarEntry, PutCalendars as PutGraphCalendars};

use crate::error::SyncError;
use crate::{Config, channels, overlay, unlink};

/// Seconds after which maintenance that failed is done again, for the first time.
const AGAIN_AFTER_S: u32 = 30;

/// Which account, for whom.
#[derive(Clone, Copy)]
pub(crate) struct Nudge {
    pub(crate) account: AccountId,
    pub(crate) holder: MessageId,
    pub(crate) trace: TraceId,
}

/// Maintains an account, if no one else does.
pub(crate) async fn account<P: Ports + RegistrySql>(
    ports: &P,
    config: &Config,
    nudge: Nudge,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let begin = BeginMaintenance { holder: nudge.holder };
    let grant = match call(ports, &object, &trace, &begin).await {
        Ok(Maintenance::Granted(grant)) => grant,
        Ok(Maintenance::Coalesced) => {
            tracing::info!("the account is maintained by someone else");
            return Ok(());
        }
        Ok(Maintenance::Unlinking(grant)) => return unlink::step(ports, config, nudge, &grant).await,
        Ok(Maintenance::ConsentNeeded) => {
            if is_to_be_unlinked(ports, nudge.account).await? {
                return Ok(call(ports, &object, &trace, &Unlink {}).await?);
            }
            tracing::warn!("the account needs a new consent");
            return Ok(set_account_status(ports, nudge.account, AccountStatus::Revoked).await?);
        }
        Err(error) if error.is_gone() => return unlink::gone(ports, nudge).await,
        Err(error) => return Err(error.into()),
    };
    if is_to_be_unlinked(ports, nudge.account).await? {
        // The seat first: whoever does the first step is to find it free.
        call(ports, &object, &trace, &EndMaintenance { holder: nudge.holder, retry_after_s: None }).await?;
        return Ok(call(ports, &object, &trace, &Unlink {}).await?);
    }
    let done = steps(ports, config, nudge, &grant).await;
    let retry_after_s = match &done {
        Ok(()) => None,
        Err(error) => {
            tracing::warn!(error = %chain(error), "maintenance did not come to its end");
            if matches!(error, SyncError::Provider(error) if error.failure == Failure::Unauthorized) {
                let report = ReportUnauthorized { token_version: grant.token.version };
                call(ports, &object, &trace, &report).await?;
            }
            Some(again_after_s(error))
        }
    };
    let end = EndMaintenance { holder: nudge.holder, retry_after_s };
    let ended = call(ports, &object, &trace, &end).await?;
    if done.is_ok() {
        // A link that gave consent just before an earlier look-up is seen again here.
        set_account_status(ports, nudge.account, AccountStatus::Active).await?;
        set_channel(ports, nudge.account, ended.first_expiry).await?;
    }
    tracing::info!(ok = done.is_ok(), "maintenance ended");
    // The object's timer asks again; the message has done its part.
    Ok(())
}

/// Whether the registry knows that the account is to be unlinked. It hears of that first, and the object may have been
/// away then.
async fn is_to_be_unlinked<P: RegistrySql>(ports: &P, account: AccountId) -> Result<bool, SyncError> {
    let known = account_by_id(ports, account).await?;
    Ok(known.is_some_and(|known| matches!(known.status, AccountStatus::Unlinking | AccountStatus::Unlinked)))
}

async fn steps<P: Ports>(
    ports: &P,
    config: &Config,
    nudge: Nudge,
    grant: &MaintenanceGrant,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let api = CalendarApi::new(ports, &config.api_base, &grant.token.access);
    let mut listed = list(&api).await?;
    overlay::ensure(ports, &api, nudge, grant, &mut listed).await?;
    let seen = listed.iter().map(seen).collect();
    let known = call(ports, &object, &trace, &PutCalendars { holder: nudge.holder, calendars: seen }).await?;
    let entries = known.iter().map(|known| entry(known, &listed)).collect();
    let graph = PutGraphCalendars { account: nudge.account, calendars: entries };
    call(ports, &grant.user.to_string(), &trace, &graph).await?;
    renew_all(ports, config, &api, nudge, &known).await
}

/// Looks after the channels of every calendar: one that fails does not stop the others. Answers the first error that
/// may pass. A refusal for good is only logged: the calendar stays without a channel, so the next cron tries again.
async fn renew_all<P: Ports>(
    ports: &P,
    config: &Config,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    known: &[KnownCalendar],
) -> Result<(), SyncError> {
    let mut first = None;
    for known in known {
        let Err(error) = channels::renew(ports, config, api, nudge, known).await else { continue };
        let calendar = known.calendar;
        match &error {
            SyncError::Provider(refused) if refused.failure == Failure::Unauthorized => return Err(error),
            _ if error.is_gone() => return Err(error),
            SyncError::Provider(refused) if refused.class() == ErrorClass::Reject => {
                tracing::warn!(%calendar, error = %chain(&error), "the calendar is given no channel");
            }
            _ if first.is_some() => {
                tracing::warn!(%calendar, error = %chain(&error), "another calendar failed, too");
            }
            _ => first = Some(error),
        }
    }
    first.map_or(Ok(()), Err)
}

/// When to try again, before the object's own backoff.
pub(crate) fn again_after_s(error: &SyncError) -> u32 {
    match error.class() {
        ErrorClass::Retry { after_s: Some(asked) } if matches!(error, SyncError::OverlayMissed) => asked,
        ErrorClass::Retry { after_s: Some(asked) } => asked.max(AGAIN_AFTER_S),
        _ => AGAIN_AFTER_S,
    }
}

/// Every calendar of the account, as the provider lists them.
pub(crate) async fn list<P: Ports>(api: &CalendarApi<'_, P>) -> Result<Vec<CalendarListEntry>, SyncError> {
    let mut calendars = Vec::new();
    let mut page_token = None;
    loop {
        let page = api.calendar_list(page_token.as_deref()).await?;
        calendars.extend(page.items.into_iter().filter(|calendar| !calendar.deleted));
        match page.next_page_token {
            Some(token) => page_token = Some(token),
            None => return Ok(calendars),
        }
    }
}

fn seen(listed: &CalendarListEntry) -> SeenCalendar {
    let writes = listed.access_role.as_ref().is_some_and(tminus_google::AccessRole::can_write);
    let role = match (listed.primary, writes) {
        (true, _) => CalendarRole::Primary,
        // An overlay of any installation is never a source.
        (false, _) if overlay::is_marked(listed) => CalendarRole::ReadOnly,
        (false, true) => CalendarRole::Secondary,
        (false, false) => CalendarRole::ReadOnly,
    };
    SeenCalendar { provider_calendar_id: listed.id.clone(), role, time_zone: listed.time_zone.clone() }
}

fn entry(known: &KnownCalendar, listed: &[CalendarListEntry]) -> CalendarEntry {
    let display_name = listed
        .iter()
        .find(|listed| listed.id == known.provider_calendar_id)
        .and_then(|listed| listed.summary_override.clone().or_else(|| listed.summary.clone()));
    CalendarEntry {
        calendar: known.calendar,
        provider_calendar_id: known.provider_calendar_id.clone(),
        role: known.role,
        display_name,
    }
}
