//! Removing what is ours at the provider, for good: never anything that is not provably ours.

use tminus_account::contract::WrittenCalendar;
use tminus_domain::ids::AccountId;
use tminus_google::{ApiError, CalendarApi, Failure, MAX_BATCH, WriteOp};
use tminus_ports::{Http, chain};

use crate::error::SyncError;
use crate::holdings::{Held, Look};

/// Events a page of a look.
const PAGE_SIZE: u16 = 1_000;
/// The most events that one pass deletes; the object pauses until the quota has room for as many again.
const A_PASS: usize = 100;

/// What is to be deleted: its id and its version.
type Ours = (String, Option<String>);

/// Looks for our events of this account in every calendar and deletes them. Answers how many were found that can be
/// deleted at all; the pass after the last finds none.
pub(crate) async fn pass<H: Http>(
    api: &CalendarApi<'_, H>,
    account: AccountId,
    calendars: &[WrittenCalendar],
) -> Result<u32, SyncError> {
    let mut found: usize = 0;
    for calendar in calendars {
        let room = A_PASS.saturating_sub(found);
        if room == 0 {
            break;
        }
        let ours = match ours(api, account, &calendar.provider_calendar_id, room).await {
            Ok(ours) => ours,
            Err(error) if is_out_of_reach(&error) => {
                tracing::warn!(
                    calendar = %calendar.calendar, error = %chain(&error), "a calendar cannot be looked through"
                );
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        found = found.saturating_add(delete(api, calendar, &ours).await?);
    }
    Ok(u32::try_from(found).unwrap_or(u32::MAX))
}

/// Our events in a calendar, at most so many.
async fn ours<H: Http>(
    api: &CalendarApi<'_, H>,
    account: AccountId,
    calendar_id: &str,
    most: usize,
) -> Result<Vec<Ours>, ApiError> {
    let (mut look, mut ours) = (Look::at(calendar_id, PAGE_SIZE), Vec::new());
    while let Some(page) = look.next(api).await? {
        ours.extend(page.into_iter().filter_map(|held| match held {
            Held::Ours { mark, id, etag } if mark.target_account == account => Some((id, etag)),
            Held::Ours { .. } | Held::Theirs => None,
        }));
        if ours.len() >= most {
            break;
        }
    }
    ours.truncate(most);
    Ok(ours)
}

/// Deletes events as they were listed. Answers how many of them are deleted, or may be by another pass.
async fn delete<H: Http>(
    api: &CalendarApi<'_, H>,
    calendar: &WrittenCalendar,
    ours: &[Ours],
) -> Result<usize, SyncError> {
    let mut count = ours.len();
    for batch in ours.chunks(MAX_BATCH) {
        let ops: Vec<WriteOp<'_>> = batch
            .iter()
            .map(|(event_id, etag)| WriteOp::Delete {
                calendar_id: &calendar.provider_calendar_id,
                event_id,
                if_match: etag.as_deref(),
            })
            .collect();
        for answer in api.batch(&ops).await? {
            let Err(error) = answer else { continue };
            match error.failure {
                // Gone already, or changed since: then the next pass sees what it has become.
                Failure::NotFound | Failure::Gone | Failure::PreconditionFailed | Failure::ConflictRetry => {}
                // It would be found by every pass for ever.
                _ if is_out_of_reach(&error) => {
                    tracing::warn!(
                        calendar = %calendar.calendar, error = %chain(&error), "an event of ours cannot be deleted"
                    );
                    count = count.saturating_sub(1);
                }
                _ => return Err(error.into()),
            }
        }
    }
    Ok(count)
}

/// Deletes a calendar that T-Minus made, with what is left of ours in it; one that holds anything else is left.
pub(crate) async fn remove_calendar<H: Http>(
    api: &CalendarApi<'_, H>,
    calendar: &WrittenCalendar,
) -> Result<(), SyncError> {
    let removed = match holds_others(api, &calendar.provider_calendar_id).await {
        Ok(true) => {
            tracing::warn!(calendar = %calendar.calendar, "the overlay holds events that are not ours; it is left");
            return Ok(());
        }
        Ok(false) => api.delete_calendar(&calendar.provider_calendar_id).await,
        Err(error) => Err(error),
    };
    match removed {
        Ok(()) => {
            tracing::info!(calendar = %calendar.calendar, "the overlay was removed");
            Ok(())
        }
        Err(error) if is_out_of_reach(&error) => {
            tracing::warn!(calendar = %calendar.calendar, error = %chain(&error), "the overlay is out of reach");
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

async fn holds_others<H: Http>(api: &CalendarApi<'_, H>, calendar_id: &str) -> Result<bool, ApiError> {
    let mut look = Look::at(calendar_id, PAGE_SIZE);
    while let Some(page) = look.next(api).await? {
        if page.contains(&Held::Theirs) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a calendar is gone, or closed to us for good: nobody can tidy up there, and trying again would keep the
/// account from ever being unlinked.
const fn is_out_of_reach(error: &ApiError) -> bool {
    matches!(
        error.failure,
        Failure::NotFound
            | Failure::Gone
            | Failure::Forbidden
            | Failure::ReadOnly
            | Failure::InsufficientScope
    )
}
