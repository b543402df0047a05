//! Making the overlay calendar, once (protocol rule 25).
//!
//! The nonce of an insert is stored before it is sent and stands in the calendar's description: after a lost
//! answer the calendar is found by it instead of being made twice.

use tminus_account::contract::{MaintenanceGrant, Overlay, OverlayCreating, OverlayReady};
use tminus_google::{AccessRole, CalendarApi, CalendarListEntry, NewCalendar};
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

/// Sees to it that the overlay is there. Answers one that was made just now, which the list does not hold yet.
pub(crate) async fn ensure<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    grant: &MaintenanceGrant,
    listed: &[CalendarListEntry],
) -> Result<Option<CalendarListEntry>, SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let nonce = match &grant.overlay {
        Overlay::Ready { provider_calendar_id }
            if listed.iter().any(|known| known.id == *provider_calendar_id) =>
        {
            return Ok(None);
        }
        Overlay::Ready { .. } | Overlay::Absent => None,
        Overlay::Creating { nonce, .. } => Some(nonce.clone()),
    };
    let found = nonce.as_ref().and_then(|nonce| {
        let mark = format!("{MARK}{nonce}");
        listed.iter().find(|known| known.description.as_deref().is_some_and(|text| text.contains(&mark)))
    });
    let made = match found {
        Some(_) => None,
        None => Some(insert(ports, api, nudge, &grant.overlay).await?),
    };
    let Some(id) = made.as_ref().or(found).map(|overlay| overlay.id.clone()) else { return Ok(None) };
    call(ports, &object, &trace, &OverlayReady { holder: nudge.holder, provider_calendar_id: id }).await?;
    tracing::info!("the overlay calendar is ready");
    Ok(made)
}

async fn insert<P: Ports>(
    ports: &P,
    api: &CalendarApi<'_, P>,
    nudge: Nudge,
    replaces: &Overlay,
) -> Result<CalendarListEntry, SyncError> {
    let nonce: String = fresh_nonce::<16>(ports).iter().map(|byte| format!("{byte:02x}")).collect();
    let creating = OverlayCreating { holder: nudge.holder, nonce: nonce.clone(), replaces: replaces.clone() };
    call(ports, &nudge.account.to_string(), &nudge.trace.to_string(), &creating).await?;
    let calendar = NewCalendar {
        summary: SUMMARY.to_owned(),
        description: Some(format!(
            "Busy blocks from your other calendars. Kept by T-Minus; please do not edit. {MARK}{nonce}"
        )),
        time_zone: None,
    };
    // After a lost answer the next maintenance looks for the nonce before it inserts again.
    let made = api.insert_calendar(&calendar).await?;
    Ok(CalendarListEntry {
        id: made.id,
        summary: made.summary,
        description: made.description,
        time_zone: made.time_zone,
        access_role: Some(AccessRole::Owner),
        ..CalendarListEntry::default()
    })
}
