//! Links an account: registry, account object, user's graph, first nudge. Each step may be repeated, so a link that
//! broke off is completed by linking again.

use serde::Serialize;
use tminus_account::contract as account_object;
use tminus_domain::ids::{AccountId, CalendarId, UserId};
use tminus_ports::{CallError, ObjectError, Ports, call, fresh_id};
use tminus_queues::{Queue, SyncMessage, send};
use tminus_registry::accounts::{NewAccount, upsert_account};
use tminus_registry::{RegistrySql, Subject};
use tminus_user_graph::contract as graph;

use super::callback::Consent;
use super::scopes::{self, LinkMode, missing};
use crate::conventions::{ApiError, Code};
use crate::handle::Context;
use crate::http::ApiResponse;

/// How long an access token lives if the provider does not say.
const DEFAULT_TOKEN_LIFE_S: i64 = 3600;

/// What is linked now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Linked {
    account_id: AccountId,
    user_id: UserId,
    overlay_calendar: CalendarId,
    mode: LinkMode,
}

/// Links the account of `consent` to `user`.
pub(crate) async fn link<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    user: UserId,
    mode: LinkMode,
    consent: Consent,
) -> Result<ApiResponse, ApiError> {
    let Consent { tokens, claims } = consent;
    let missing = missing(scopes::of(mode), &tokens);
    if !missing.is_empty() {
        return Err(ApiError::refused(
            Code::ScopesMissing,
            format!("these permissions were not given: {}", missing.join(" ")),
        ));
    }
    let email = claims.email.ok_or(ApiError::Internal { what: "the id token holds no address" })?;
    let subject = Subject::google(claims.sub);
    let new = NewAccount { account: fresh_id(cx.ports), user, subject, email, now: cx.now };
    // First: this is where an account of another person, or one that is being unlinked, is refused, before any object
    // hears of it.
    let account = upsert_account(cx.ports, &new).await?.account;
    let overlay_calendar = create(cx, user, account, tokens).await?;
    let trace = cx.trace.to_string();
    let name = user.to_string();
    call(cx.ports, &name, &trace, &graph::Create { user }).await?;
    call(cx.ports, &name, &trace, &graph::LinkAccount { account, overlay_calendar, kind: mode.kind() })
        .await?;
    // The bulk lane: a first sync is large, and nobody's push may wait behind it.
    send(cx.ports, Queue::Backfill, cx.trace, SyncMessage::Maintain { account }).await?;
    tracing::info!(%user, %account, mode = mode.as_str(), "linked");
    if cx.request.wants_page() {
        return Ok(ApiResponse::page("The account is linked. You can close this page."));
    }
    ApiResponse::json(200, &Linked { account_id: account, user_id: user, overlay_calendar, mode })
}

async fn create<P: Ports>(
    cx: &Context<'_, P>,
    user: UserId,
    account: AccountId,
    tokens: tminus_google::TokenResponse,
) -> Result<CalendarId, ApiError> {
    let life_s = tokens.expires_in.unwrap_or(DEFAULT_TOKEN_LIFE_S);
    let create = account_object::Create {
        account,
        user,
        access: tokens.access_token,
        refresh: tokens.refresh_token,
        expires_at: cx.now.plus_seconds(life_s),
        scopes: tokens.scope,
    };
    match call(cx.ports, &account.to_string(), &cx.trace.to_string(), &create).await {
        Ok(created) => Ok(created.overlay_calendar),
        // The registry was ahead of it.
        Err(CallError::Object { source: ObjectError::Refused { .. }, .. }) => {
            Err(ApiError::unlink_under_way())
        }
        Err(error) => Err(error.into()),
    }
}
