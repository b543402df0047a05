//! The operator's triggers. They mark and nudge; what is done is decided when the nudge is handled.

use serde::{Deserialize, Serialize};
use tminus_account::contract::{AccountStatus, GetStatus, MarkDirty};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::{Ports, call};
use tminus_queues::{Queue, SyncMessage, send};

use crate::conventions::{ApiError, body};
use crate::handle::Context;
use crate::http::ApiResponse;

/// What to fetch.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Resync {
    level: Level,
    /// Only this one.
    #[serde(default)]
    calendar: Option<CalendarId>,
}

/// How much of a calendar is fetched.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Level {
    Incremental,
    Full,
}

/// Calendars that are to be fetched.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Marked {
    /// How many are marked.
    marked: usize,
    /// For how many a message was sent; the others have a run under way, or were nudged before.
    nudged: u32,
}

/// Messages that were sent.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Nudged {
    nudged: u32,
}

/// `POST /v1/admin/accounts/{acc}/resync`, with `{"level":"full"|"incremental","calendar":"cal_…"}`; all watched
/// calendars if none is named.
pub(crate) async fn resync<P: Ports>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    let Resync { level, calendar } = body(cx.request)?;
    let level = match level {
        Level::Incremental => DirtyLevel::Incremental,
        Level::Full => DirtyLevel::Full,
    };
    let known = status(cx, account).await?.calendars.into_iter();
    let calendars: Vec<CalendarId> = match calendar {
        Some(wanted) => known.map(|known| known.calendar).filter(|known| *known == wanted).collect(),
        None => known.filter(|known| known.role.is_watched()).map(|known| known.calendar).collect(),
    };
    if calendars.is_empty() && calendar.is_some() {
        return Err(ApiError::not_found("calendar"));
    }
    let (marked, mut nudged) = (calendars.len(), 0_u32);
    for calendar in calendars {
        let mark = MarkDirty { calendar, level };
        let answer = call(cx.ports, &account.to_string(), &cx.trace.to_string(), &mark).await?;
        // No lane: a nudge or a run is under way, or the object nudges by itself.
        if let Some(lane) = answer.nudge {
            send(
                cx.ports,
                Queue::sync(lane),
                cx.trace,
                SyncMessage::Calendar { account, calendar, mark: None },
            )
            .await?;
            nudged = nudged.saturating_add(1);
        }
    }
    ApiResponse::json(202, &Marked { marked, nudged })
}

/// `POST /v1/admin/accounts/{acc}/maintain`
pub(crate) async fn maintain<P: Ports>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    // So that a mistyped id is told, instead of dropped by the consumer.
    status(cx, account).await?;
    send(cx.ports, Queue::Backfill, cx.trace, SyncMessage::Maintain { account }).await?;
    ApiResponse::json(202, &Nudged { nudged: 1 })
}

/// `GET /v1/admin/accounts/{acc}/status`
pub(crate) async fn account_status<P: Ports>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    ApiResponse::json(200, &status(cx, account).await?)
}

async fn status<P: Ports>(cx: &Context<'_, P>, account: AccountId) -> Result<AccountStatus, ApiError> {
    Ok(call(cx.ports, &account.to_string(), &cx.trace.to_string(), &GetStatus {}).await?)
}
