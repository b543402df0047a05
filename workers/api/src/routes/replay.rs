//! What went wrong, done once more: dead letters and items in quarantine (protocol rules 11 and 31). Nothing that was
//! stored is used for it: the account's object fetches again.

use std::collections::BTreeMap;

use serde::Serialize;
use tminus_account::contract::{DiscardDeadLetter, FetchAgain, ReplayDeadLetter, UNROUTABLE};
use tminus_domain::ids::{AccountId, CalendarId, DeadLetterId};
use tminus_ports::{CallError, ObjectError, Ports, call};
use tminus_registry::RegistrySql;
use tminus_registry::accounts::{AccountStatus, account_by_id};
use tminus_registry::dead_letters::forget_dead_letter;
use tminus_user_graph::contract::GetStatus;

use crate::conventions::{ApiError, Code, no_body};
use crate::handle::Context;
use crate::http::ApiResponse;

/// The most events that one command names.
const A_COMMAND: usize = 1000;

/// A dead letter that is gone.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Handled {
    letter_id: DeadLetterId,
    /// replayed or discarded.
    status: &'static str,
}

/// Items that are fetched again.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Asked {
    account_id: AccountId,
    /// How many.
    asked: usize,
}

/// `POST /v1/accounts/{acc}/dead_letters/{dlq}/replay`
pub(crate) async fn own_letter<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
    letter: DeadLetterId,
) -> Result<ApiResponse, ApiError> {
    no_body(cx.request)?;
    let _ = require_own(cx, account).await?;
    letter_of(cx, &account.to_string(), letter).await
}

/// `DELETE /v1/accounts/{acc}/dead_letters/{dlq}`
pub(crate) async fn discard_own<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
    letter: DeadLetterId,
) -> Result<ApiResponse, ApiError> {
    let _ = require_own(cx, account).await?;
    discard(cx, &account.to_string(), letter).await
}

/// `POST /v1/admin/accounts/{acc|acc_unroutable}/dead_letters/{dlq}/replay`
pub(crate) async fn letter_of<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    object: &str,
    letter: DeadLetterId,
) -> Result<ApiResponse, ApiError> {
    match call(cx.ports, object, &cx.trace.to_string(), &ReplayDeadLetter { id: letter }).await {
        Ok(()) => {}
        // What belongs to no account has nobody to do it again.
        Err(error) if is_refused(&error) || (object == UNROUTABLE && error.is_gone()) => {
            return Err(ApiError::refused(
                Code::NotReplayable,
                "the letter cannot be replayed; it can be discarded",
            ));
        }
        Err(error) => return Err(error.into()),
    }
    forget_dead_letter(cx.ports, object, letter).await?;
    ApiResponse::json(202, &Handled { letter_id: letter, status: "replayed" })
}

/// `DELETE /v1/admin/accounts/{acc|acc_unroutable}/dead_letters/{dlq}`
pub(crate) async fn discard<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    object: &str,
    letter: DeadLetterId,
) -> Result<ApiResponse, ApiError> {
    match call(cx.ports, object, &cx.trace.to_string(), &DiscardDeadLetter { id: letter }).await {
        Ok(()) => {}
        // Its letters went with it; only the list has not heard of that.
        Err(error) if error.is_gone() => {}
        Err(error) => return Err(error.into()),
    }
    forget_dead_letter(cx.ports, object, letter).await?;
    ApiResponse::json(200, &Handled { letter_id: letter, status: "discarded" })
}

/// `POST /v1/accounts/{acc}/quarantine/replay`: answers how many items are fetched again.
pub(crate) async fn quarantine<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<ApiResponse, ApiError> {
    no_body(cx.request)?;
    if require_own(cx, account).await? == AccountStatus::Unlinking {
        return Err(ApiError::unlink_under_way());
    }
    let (user, trace) = (cx.session()?.user, cx.trace.to_string());
    let items = match call(cx.ports, &user.to_string(), &trace, &GetStatus {}).await {
        Ok(status) => status.quarantined,
        // A person's graph begins with the first account.
        Err(error) if error.is_gone() => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let mut by_calendar: BTreeMap<CalendarId, Vec<String>> = BTreeMap::new();
    for item in items.into_iter().filter(|item| item.account == account) {
        // One without an id cannot be asked for: the next full run sees it again.
        if let Some(id) = item.event_id {
            by_calendar.entry(item.calendar).or_default().push(id);
        }
    }
    let mut asked: usize = 0;
    for (calendar, ids) in by_calendar {
        for ids in ids.chunks(A_COMMAND) {
            let again = FetchAgain { calendar, ids: ids.to_vec() };
            match call(cx.ports, &account.to_string(), &trace, &again).await {
                Ok(()) => asked = asked.saturating_add(ids.len()),
                Err(error) if is_refused(&error) => return Err(ApiError::unlink_under_way()),
                Err(error) => return Err(error.into()),
            }
        }
    }
    ApiResponse::json(202, &Asked { account_id: account, asked })
}

/// How an account of whoever is signed in stands; somebody else's is as good as none.
async fn require_own<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    account: AccountId,
) -> Result<AccountStatus, ApiError> {
    let user = cx.session()?.user;
    let known = account_by_id(cx.ports, account).await?;
    known
        .filter(|known| known.user == user && known.status != AccountStatus::Unlinked)
        .map(|known| known.status)
        .ok_or_else(|| ApiError::not_found("account"))
}

const fn is_refused(error: &CallError) -> bool {
    matches!(error, CallError::Object { source: ObjectError::Refused { .. }, .. })
}
