//! Fetching a page of a calendar (protocol rules 6 to 9).
//!
//! Effects, and why each may repeat:
//! 1. the run is begun: the same message fetches again, under a higher generation;
//! 2. the page is recorded with its number of chunks (a page of one chunk when that is applied): a repeat changes
//!    nothing;
//! 3. the chunks are sent: applying one twice is applying it once;
//! 4. a failure is recorded: only for the present attempt;
//! 5. a run whose lease ended is taken over, after the graph was asked how far it got: what is applied counts once.

use serde_json::json;
use tminus_account::contract::{
    AppliedPage, BeginRun, MarkDirty, Next, PageFetched, Progress, RunFailed, RunFailure, RunGrant, RunStart,
    TakeOver,
};
use tminus_deltas::FullRun;
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{AccountId, CalendarId, MessageId, TraceId};
use tminus_google::{ApiError, CalendarApi, EventPage, Failure, ListEvents, RawEvent, WriteOp};
use tminus_ports::{Ports, call};
use tminus_queues::{ChunkRef, DeltaChunk, Queue, send_all};
use tminus_user_graph::contract::GetRunProgress;

use crate::Config;
use crate::chunks;
use crate::error::SyncError;

/// How many events one page holds at most. Halved with every further fetch of the page, down to [`SMALLEST_PAGE`]: its
/// answer may have been too large.
const PAGE_SIZE: u16 = 1_000;
const SMALLEST_PAGE: u16 = 25;
/// How many events are read one by one in a batch.
const BATCH: usize = 50;
/// The longest pause that a failing provider is given.
const MAX_PAUSE_S: u32 = 300;
/// The pause after an exceeded quota, unless the provider names one.
const QUOTA_PAUSE_S: u32 = 3_600;

/// Which calendar, for whom.
#[derive(Clone, Copy)]
pub(crate) struct Nudge {
    pub(crate) account: AccountId,
    pub(crate) calendar: CalendarId,
    pub(crate) mark: Option<DirtyLevel>,
    pub(crate) holder: MessageId,
    pub(crate) trace: TraceId,
}

/// Fetches the calendar's next page, if there is anything to fetch and no one else does.
pub(crate) async fn page<P: Ports>(ports: &P, config: &Config, nudge: Nudge) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    if let Some(level) = nudge.mark {
        call(ports, &object, &trace, &MarkDirty { calendar: nudge.calendar, level }).await?;
    }
    let begin = BeginRun { calendar: nudge.calendar, holder: nudge.holder };
    let mut start = call(ports, &object, &trace, &begin).await?;
    if let RunStart::Ask(page) = &start {
        start = take_over(ports, nudge, **page).await?;
    }
    let grant = match start {
        RunStart::Granted(grant) => grant,
        RunStart::Conclude(page) => {
            let full_run = FullRun {
                user: page.user,
                account: nudge.account,
                calendar: nudge.calendar,
                run: page.run,
                generation: page.position.generation,
            };
            tminus_deltas::conclude(ports, &trace, full_run).await?;
            return Ok(());
        }
        RunStart::Coalesced | RunStart::NotNow | RunStart::Ask(_) => {
            tracing::info!(calendar = %nudge.calendar, "nothing to fetch now");
            return Ok(());
        }
    };
    let api = CalendarApi::new(ports, &config.api_base, &grant.token.access);
    let query = ListEvents {
        calendar_id: &grant.provider_calendar_id,
        sync_token: grant.cursor.sync_token.as_deref(),
        page_token: grant.cursor.page_token.as_deref(),
        max_results: page_size(grant.attempt),
        ..ListEvents::default()
    };
    let fetched = match api.list_events(&query).await {
        // After the list: what is read one by one is not older than the page that it is ordered with.
        Ok(page) => again(&api, &grant, page).await,
        Err(error) => Err(error),
    };
    match fetched {
        Ok(page) => forward(ports, nudge, &grant, page).await,
        Err(error) => {
            let failure = failure(&error, &grant);
            tracing::warn!(calendar = %nudge.calendar, run = %grant.run, %error, ?failure, "a page was not fetched");
            Ok(call(ports, &object, &trace, &failed(nudge, &grant, failure)).await?)
        }
    }
}

/// Asks the graph how far a run got whose lease ended, and takes it over (protocol rule 6).
async fn take_over<P: Ports>(ports: &P, nudge: Nudge, page: AppliedPage) -> Result<RunStart, SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let asked = GetRunProgress {
        calendar: nudge.calendar,
        run: page.run,
        position: page.position,
        attempt: page.attempt,
    };
    let progress = call(ports, &page.user.to_string(), &trace, &asked).await?;
    tracing::info!(calendar = %nudge.calendar, run = %page.run, applied = progress.applied.len(), "the graph was asked how far a run got");
    let command = TakeOver {
        calendar: nudge.calendar,
        holder: nudge.holder,
        page,
        applied: progress.applied,
        incarnation: progress.incarnation,
    };
    Ok(call(ports, &object, &trace, &command).await?)
}

/// Adds the events that are to be read one by one (protocol rule 11). One that is not there any more is a tombstone; one
/// that is not given is passed on by its id, and stays in quarantine: none of them may hold its calendar up.
async fn again<P: Ports>(
    api: &CalendarApi<'_, P>,
    grant: &RunGrant,
    mut page: EventPage,
) -> Result<EventPage, ApiError> {
    for ids in grant.again.chunks(BATCH) {
        let reads: Vec<WriteOp<'_>> = ids
            .iter()
            .map(|event_id| WriteOp::Get { calendar_id: &grant.provider_calendar_id, event_id })
            .collect();
        let answers = match api.batch(&reads).await {
            Ok(answers) => answers,
            Err(error) if would_fail_the_list(error.failure) => return Err(error),
            Err(error) => ids.iter().map(|_| Err(error.clone())).collect(),
        };
        for (id, answer) in ids.iter().zip(answers) {
            let item = match answer {
                Ok(event) => serde_json::to_value(event).unwrap_or_default(),
                Err(error) if would_fail_the_list(error.failure) => return Err(error),
                Err(error) if matches!(error.failure, Failure::NotFound | Failure::Gone) => {
                    json!({ "id": id, "status": "cancelled" })
                }
                Err(error) => {
                    tracing::warn!(run = %grant.run, %error, "an event could not be fetched again");
                    json!({ "id": id, "unread": true })
                }
            };
            page.items.extend(RawEvent::new(&item));
        }
    }
    Ok(page)
}

/// Whether a failure says nothing of the event that was asked for.
const fn would_fail_the_list(failure: Failure) -> bool {
    matches!(failure, Failure::Unauthorized | Failure::RateLimited { .. } | Failure::QuotaExceeded)
}

fn page_size(attempt: u32) -> u16 {
    PAGE_SIZE.checked_shr(attempt).unwrap_or_default().max(SMALLEST_PAGE)
}

async fn forward<P: Ports>(
    ports: &P,
    nudge: Nudge,
    grant: &RunGrant,
    page: EventPage,
) -> Result<(), SyncError> {
    let (object, trace) = (nudge.account.to_string(), nudge.trace.to_string());
    let next = match (page.next_page_token, page.next_sync_token) {
        (Some(token), _) => Next::Page(token),
        (None, Some(token)) => Next::Cursor(token),
        (None, None) => {
            tracing::error!(run = %grant.run, "a page with neither a next page nor a cursor");
            let failure = RunFailure::TryAfter { seconds: MAX_PAUSE_S };
            return Ok(call(ports, &object, &trace, &failed(nudge, grant, failure)).await?);
        }
    };
    let events = page.items.len();
    let full = grant.cursor.sync_token.is_none();
    let mut chunks = chunks::cut(&page.items);
    if chunks.is_empty() && full {
        // The end of a full run is concluded by who applies its last chunk.
        chunks.push(Vec::new());
    }
    // A page of one chunk needs no record of its own: whoever applies the chunk makes it.
    let alone = chunks.len() == 1;
    let mut progress = Progress::Waiting;
    if !alone {
        let fetched = PageFetched {
            calendar: nudge.calendar,
            run: grant.run,
            position: grant.position,
            attempt: grant.attempt,
            chunks: u32::try_from(chunks.len()).unwrap_or(u32::MAX),
            next: next.clone(),
        };
        progress = call(ports, &object, &trace, &fetched).await?;
    }
    tracing::info!(
        calendar = %nudge.calendar, run = %grant.run, page = grant.position.page, events, chunks = chunks.len(),
        ?progress, "a page was fetched"
    );
    if progress == Progress::Stale {
        return Ok(());
    }
    let messages = chunks
        .into_iter()
        .zip(0_u32..)
        .map(|(items, index)| DeltaChunk {
            user: grant.user,
            account: nudge.account,
            calendar: nudge.calendar,
            role: grant.role,
            chunk: ChunkRef { run: grant.run, position: grant.position, attempt: grant.attempt, index },
            full,
            lane: grant.lane,
            items,
            zone: page.time_zone.clone(),
            whole: alone.then(|| next.clone()),
        })
        .collect();
    Ok(send_all(ports, Queue::delta(grant.lane), nudge.trace, messages).await?)
}

const fn failed(nudge: Nudge, grant: &RunGrant, failure: RunFailure) -> RunFailed {
    RunFailed {
        calendar: nudge.calendar,
        run: grant.run,
        position: grant.position,
        attempt: grant.attempt,
        failure,
    }
}

fn failure(error: &ApiError, grant: &RunGrant) -> RunFailure {
    let patience = || {
        let pause = 1_u32.checked_shl(grant.attempt.min(16)).unwrap_or(MAX_PAUSE_S);
        RunFailure::TryAfter { seconds: error.retry_after_s.unwrap_or(pause).min(MAX_PAUSE_S) }
    };
    match error.failure {
        Failure::SyncTokenExpired => RunFailure::CursorExpired,
        // A limit against abuse, or of the day: it recovers in hours.
        Failure::QuotaExceeded => {
            RunFailure::TryAfter { seconds: error.retry_after_s.unwrap_or(QUOTA_PAUSE_S) }
        }
        Failure::Unauthorized => RunFailure::Unauthorized { token_version: grant.token.version },
        Failure::NotFound
        | Failure::Forbidden
        | Failure::InsufficientScope
        | Failure::ReadOnly
        | Failure::Gone
        | Failure::InvalidRequest => RunFailure::Unreadable { reason: error.failure.code().to_owned() },
        _ => patience(),
    }
}
