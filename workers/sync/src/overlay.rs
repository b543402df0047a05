//! Making the overlay calendar, once (protocol rule 25).
//!
//! The nonce of an insert is stored before it is sent and stands in the calendar's description: after a lost
//! answer the calendar is found by it instead of being made twice.

use tminus_account::contract::{MaintenanceGrant, Overlay, OverlayCreating, OverlayReady};
use tminus_google::{CalendarApi, CalendarListEntry, NewCalendar};
use tminus_ports::{Ports, call, fresh_nonce};

use crate::error::SyncError;
use crate::maintain::Nudge;

/// The overlay's name, as its owner sees it.
const SUMMARY: &str = "T-Minus";
/// What the description of every overlay, of any installation, holds.
const MARK: &str = "tminus-overlay:";

/// Whether a calendar is an overlay, of this installation or another.
pub(crate) fn is_marked(listed: &CalendarListEntry) -> bool {
    listed.description.as_deref().is_some_and(|text| text.contains(MARK))
}

/// Sees to it that the overlay is there.
pub(crate) async fn ensure<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    grant: &MaintenanceGrant,
    listed: &[CalendarListEntry],
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let nonce = match &grant.overlay {
        Overlay::Ready { provider_calendar_id }
            if listed.iter().any(|known| known.id == *provider_calendar_id) =>
        {
            return Ok(());
        }
        Overlay::Ready { .. } | Overlay::Absent => None,
        Overlay::Creating { nonce } => Some(nonce.clone()),
    };
    let found = nonce.as_ref().and_then(|nonce| {
        let mark = format!("{MARK}{nonce}");
        listed.iter().find(|known| known.description.as_deref().is_some_and(|text| text.contains(&mark)))
    });
    let id = match found {
        Some(found) => found.id.clone(),
        None => insert(ports, api, nudge, &object, &trace).await?,
    };
    call(ports, &object, &trace, &OverlayReady { holder: nudge.holder, provider_calendar_id: id }).await?;
    tracing::info!("the overlay calendar is ready");
    Ok(())
}

async fn insert<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    object: &str,
    trace: &str,
) -> Result<String, SyncError> {
    let nonce: String = fresh_nonce::<16>(ports).iter().map(|byte| format!("{byte:02x}")).collect();
    let creating = OverlayCreating { holder: nudge.holder, nonce: nonce.clone() };
    call(ports, object, trace, &creating).await?;
    let calendar = NewCalendar {
        summary: SUMMARY.to_owned(),
        description: Some(format!(
            "Busy blocks from your other calendars. Kept by T-Minus; please do not edit. {MARK}{nonce}"
        )),
        time_zone: None,
    };
    // After a lost answer the next maintenance looks for the nonce before it inserts again.
    Ok(api.insert_calendar(&calendar).await?.id)
}
