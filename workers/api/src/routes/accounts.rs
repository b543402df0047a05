//! A person's accounts and how each stands.

use futures::future::join_all;
use serde::Serialize;
use tminus_account::contract::{AccountStatus as ObjectStatus, CalendarStatus, GetStatus};
use tminus_domain::ids::{AccountId, UserId};
use tminus_domain::time::Timestamp;
use tminus_ports::{Ports, call, chain};
use tminus_registry::RegistrySql;
use tminus_registry::accounts::{Account, AccountStatus, accounts_of_user};

use crate::conventions::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// An account as its owner sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AccountView {
    account_id: AccountId,
    email: String,
    /// active, revoked, error or unlinking.
    status: &'static str,
    linked_at: Timestamp,
    /// Whether its object answered; if not, what follows is not known.
    reachable: bool,
    overlay_ready: bool,
    dead_letters: u32,
    calendars: Vec<CalendarStatus>,
}

/// A person's accounts.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Accounts {
    accounts: Vec<AccountView>,
}

/// `GET /v1/accounts`
pub(crate) async fn own<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let accounts = views(cx, cx.session()?.user).await?;
    ApiResponse::json(200, &Accounts { accounts })
}

/// The accounts of a person. An object that does not answer hides none of the others.
pub(crate) async fn views<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    user: UserId,
) -> Result<Vec<AccountView>, ApiError> {
    let accounts = accounts_of_user(cx.ports, user).await?;
    Ok(join_all(accounts.into_iter().map(|account| view(cx, account))).await)
}

async fn view<P: Ports>(cx: &Context<'_, P>, account: Account) -> AccountView {
    let known = call(cx.ports, &account.account.to_string(), &cx.trace.to_string(), &GetStatus {}).await;
    let known: Option<ObjectStatus> = known
        .inspect_err(|error| tracing::warn!(account = %account.account, error = %chain(error), "no status"))
        .ok();
    let reachable = known.is_some();
    let status = match &known {
        // The registry hears of the end first.
        Some(known) if account.status != AccountStatus::Unlinking => known.state.as_str(),
        _ => account.status.as_str(),
    };
    let (overlay_ready, dead_letters, calendars) = known
        .map_or((false, 0, Vec::new()), |known| (known.overlay_ready, known.dead_letters, known.calendars));
    AccountView {
        account_id: account.account,
        email: account.email,
        status,
        linked_at: account.created_at,
        reachable,
        overlay_ready,
        dead_letters,
        calendars,
    }
}
