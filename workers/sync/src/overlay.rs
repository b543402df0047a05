//! Making the overlay calendar, once (protocol rule 25).
//!
//! The nonce of an insert is stored before it is sent and stands in the calendar's description: after a lost answer the
//! calendar is found by it instead of being made twice. Lists lag, so one list that does not hold it proves nothing. The
//! description also names whose overlay it is: should there be two all the same, the one too many is known by that.

use tminus_account::contract::{MaintenanceGrant, Overlay, OverlayCreating, OverlayMissed, OverlayReady};
use tminus_domain::ids::CalendarId;
use tminus_google::{AccessRole, ApiError, CalendarApi, CalendarListEntry, Failure, NewCalendar};
use tminus_ports::{Http, Ports, call, chain, fresh_nonce};

use crate::error::SyncError;
use crate::holdings::Look;
use crate::maintain::Nudge;

/// The overlay's name, as its owner sees it.
const SUMMARY: &str = "T-Minus";
/// What the description of every overlay, of any installation, holds.
const MARK: &str = "tminus-overlay:";

/// Whether a calendar is an overlay, of this installation or another.
pub(crate) fn is_marked(listed: &CalendarListEntry) -> bool {
    describes(listed, MARK)
}

fn describes(listed: &CalendarListEntry, text: &str) -> bool {
    listed.description.as_deref().is_some_and(|description| description.contains(text))
}

/// Sees to it that the overlay is there, and only one of it. One that was made just now is added to the list, one that
/// was removed is taken out.
pub(crate) async fn ensure<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    grant: &MaintenanceGrant,
    listed: &mut Vec<CalendarListEntry>,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let id = match &grant.overlay {
        Overlay::Ready { provider_calendar_id }
            if listed.iter().any(|known| known.id == *provider_calendar_id) =>
        {
            remove_extras(api, grant.overlay_calendar, provider_calendar_id, listed).await;
            return Ok(());
        }
        Overlay::Creating { nonce, missed } => {
            match listed.iter().find(|known| is_marked(known) && describes(known, nonce)) {
                Some(found) => found.id.clone(),
                None if *missed => insert(ports, api, nudge, grant, listed).await?,
                None => {
                    call(ports, &object, &trace, &OverlayMissed { holder: nudge.holder }).await?;
                    return Err(SyncError::OverlayMissed);
                }
            }
        }
        // Not listed, or not yet: asked for by its id it does not lag.
        Overlay::Ready { provider_calendar_id } if exists(api, provider_calendar_id).await? => return Ok(()),
        Overlay::Ready { .. } | Overlay::Absent => insert(ports, api, nudge, grant, listed).await?,
    };
    call(ports, &object, &trace, &OverlayReady { holder: nudge.holder, provider_calendar_id: id }).await?;
    tracing::info!("the overlay calendar is ready");
    Ok(())
}

/// Inserts the overlay and answers its id at the provider.
async fn insert<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    grant: &MaintenanceGrant,
    listed: &mut Vec<CalendarListEntry>,
) -> Result<String, SyncError> {
    let nonce: String = fresh_nonce::<16>(ports).iter().map(|byte| format!("{byte:02x}")).collect();
    let replaces = grant.overlay.clone();
    let creating = OverlayCreating { holder: nudge.holder, nonce: nonce.clone(), replaces };
    call(ports, &nudge.account.to_string(), &nudge.trace.to_string(), &creating).await?;
    let calendar = NewCalendar {
        summary: SUMMARY.to_owned(),
        description: Some(format!(
            "Busy blocks from your other calendars. Kept by T-Minus; please do not edit. {}{nonce}",
            own_mark(grant.overlay_calendar)
        )),
        time_zone: None,
    };
    // After a lost answer the next maintenance looks for the nonce before it inserts again.
    let made = api.insert_calendar(&calendar).await?;
    let id = made.id.clone();
    listed.push(CalendarListEntry {
        id: made.id,
        summary: made.summary,
        description: made.description,
        time_zone: made.time_zone,
        access_role: Some(AccessRole::Owner),
        ..CalendarListEntry::default()
    });
    Ok(id)
}

/// Whether a calendar is there and can be read.
async fn exists<H: Http>(api: &CalendarApi<'_, H>, id: &str) -> Result<bool, ApiError> {
    match Look::at(id, 1).next(api).await {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.failure, Failure::NotFound | Failure::Gone | Failure::Forbidden) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// What the description of every overlay holds that was made for this account.
fn own_mark(overlay: CalendarId) -> String {
    format!("{MARK}{overlay}:")
}

/// Removes other overlays that were made for this account, as far as they are empty: an insert whose calendar appeared
/// in no list until another was made. That one cannot be removed now does not keep the account from being maintained.
pub(crate) async fn remove_extras<H: Http>(
    api: &CalendarApi<'_, H>,
    overlay: CalendarId,
    own: &str,
    listed: &mut Vec<CalendarListEntry>,
) {
    let mark = own_mark(overlay);
    let is_extra = |known: &CalendarListEntry| {
        known.id != own
            && !known.primary
            && known.access_role == Some(AccessRole::Owner)
            && describes(known, &mark)
    };
    let extras: Vec<String> =
        listed.iter().filter(|known| is_extra(known)).map(|known| known.id.clone()).collect();
    for extra in extras {
        match remove_if_empty(api, &extra).await {
            Ok(true) => {
                tracing::info!("an overlay too many was removed");
                listed.retain(|known| known.id != extra);
            }
            Ok(false) => tracing::warn!("there is an overlay too many; it holds events and is left"),
            Err(error) => tracing::warn!(error = %chain(&error), "an overlay too many was not removed"),
        }
    }
}

async fn remove_if_empty<H: Http>(api: &CalendarApi<'_, H>, id: &str) -> Result<bool, ApiError> {
    let mut look = Look::at(id, 1);
    while let Some(page) = look.next(api).await? {
        if !page.is_empty() {
            return Ok(false);
        }
    }
    api.delete_calendar(id).await?;
    Ok(true)
}
