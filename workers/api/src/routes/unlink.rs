//! Unlinking an account (protocol rule 29). The registry hears of it first, then the account's object; the rest is done
//! step by step behind the queue. Asking again changes nothing.

use serde::Serialize;
use tminus_account::contract::Unlink;
use tminus_domain::ids::{AccountId, UserId};
use tminus_ports::{Ports, call};
use tminus_queues::{Queue, SyncMessage, send};
use tminus_registry::RegistrySql;
use tminus_registry::accounts::{AccountStatus, account_by_id};
use tminus_registry::unlink::{begin_unlink, finish_unlink};

use crate::conventions::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// An account that is being unlinked.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Unlinking {
    account_id: AccountId,
    /// unlinking, or unlinked if that is done already.
    status: &'static str,
}

/// `DELETE /v1/accounts/{acc}`
pub(crate) async fn own<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    begin(cx, account, cx.session()?.user).await
}

/// `POST /v1/admin/accounts/{acc}/unlink`
pub(crate) async fn by_operator<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    let known = account_by_id(cx.ports, account).await?.ok_or_else(no_account)?;
    begin(cx, account, known.user).await
}

async fn begin<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
    user: UserId,
) -> Result<ApiResponse, ApiError> {
    let mut status = begin_unlink(cx.ports, account, user).await?.ok_or_else(no_account)?;
    if status == AccountStatus::Unlinking {
        match call(cx.ports, &account.to_string(), &cx.trace.to_string(), &Unlink {}).await {
            Ok(()) => send(cx.ports, Queue::Backfill, cx.trace, SyncMessage::Maintain { account }).await?,
            // Linking broke off before there was an object, or only the registry has not heard of the end.
            Err(error) if error.is_gone() => {
                finish_unlink(cx.ports, account).await?;
                status = AccountStatus::Unlinked;
            }
            Err(error) => return Err(error.into()),
        }
        tracing::info!(%account, %status, "unlinking");
    }
    ApiResponse::json(202, &Unlinking { account_id: account, status: status.as_str() })
}

fn no_account() -> ApiError {
    ApiError::not_found("account")
}
