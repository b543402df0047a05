//! The operator's triggers. They mark and nudge; what is done is decided when the nudge is handled.

use serde::Deserialize;
use serde_json::json;
use tminus_account::contract::{AccountStatus, GetStatus, MarkDirty};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::{Ports, call};
use tminus_queues::{Queue, SyncMessage, send};

use crate::error::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;
use crate::own_page::require_json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Resync {
    level: Level,
    #[serde(default)]
    calendar: Option<CalendarId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Level {
    Incremental,
    Full,
}

/// `POST /v1/admin/accounts/{acc}/resync`, with `{"level":"full"|"incremental","calendar":"cal_…"}`; all watched
/// calendars if none is named.
pub(crate) async fn resync<P: Ports>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    let Resync { level, calendar } = body(cx)?;
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
        return Err(ApiError::NotFound { what: "calendar" });
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
    ApiResponse::json(202, &json!({"marked": marked, "nudged": nudged}))
}

/// `POST /v1/admin/accounts/{acc}/maintain`
pub(crate) async fn maintain<P: Ports>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    // So that a mistyped id is told, instead of dropped by the consumer.
    status(cx, account).await?;
    send(cx.ports, Queue::Backfill, cx.trace, SyncMessage::Maintain { account }).await?;
    ApiResponse::json(202, &json!({"nudged": 1}))
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

/// The body as JSON.
fn body<P, T: for<'de> Deserialize<'de>>(cx: &Context<'_, P>) -> Result<T, ApiError> {
    require_json(cx.request)?;
    serde_json::from_slice(&cx.request.body).map_err(|error| ApiError::BadRequest {
        code: "body_invalid",
        message: format!(
            "the body is not what this route takes (line {}, column {})",
            error.line(),
            error.column()
        ),
    })
}
