//! Dead letters: a person's, an object's, the newest of all.

use futures::future::join_all;
use serde::Serialize;
use tminus_account::contract::{ListDeadLetters, UNROUTABLE};
use tminus_domain::ids::DeadLetterId;
use tminus_domain::time::Timestamp;
use tminus_ports::{Ports, call};
use tminus_registry::RegistrySql;
use tminus_registry::accounts::accounts_of_user;
use tminus_registry::dead_letters::newest_dead_letters;

use crate::conventions::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// How many letters of all objects are listed.
const NEWEST: u32 = 100;

/// Dead letters by account.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Letters {
    accounts: Vec<ObjectLetters>,
}

/// The dead letters of an account.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ObjectLetters {
    account_id: String,
    /// Whether its object answered; if not, what it holds is not known.
    reachable: bool,
    dead_letters: Vec<LetterView>,
}

/// A dead letter.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct LetterView {
    letter_id: DeadLetterId,
    queue: String,
    message_key: String,
    reason: String,
    body: Option<String>,
    stored_at: Timestamp,
}

/// The newest dead letters.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Newest {
    dead_letters: Vec<NewestView>,
}

/// One of the newest dead letters.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct NewestView {
    letter_id: DeadLetterId,
    account_id: String,
    queue: String,
    reason: String,
    stored_at: Timestamp,
}

/// `GET /v1/dead_letters`
pub(crate) async fn own<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let accounts = accounts_of_user(cx.ports, cx.session()?.user).await?;
    let letters = accounts.into_iter().map(async |account| {
        let object = account.account.to_string();
        // An account whose linking broke off is in the registry and has no object yet. One that does not answer hides
        // the letters of no other.
        letters(cx, object.clone(), true).await.unwrap_or_else(|error| {
            tracing::warn!(account = %object, %error, detail = error.detail(), "no dead letters");
            ObjectLetters { account_id: object, reachable: false, dead_letters: Vec::new() }
        })
    });
    ApiResponse::json(200, &Letters { accounts: join_all(letters).await })
}

/// `GET /v1/admin/accounts/{acc}/dead_letters`
pub(crate) async fn of_object<P: Ports>(cx: &Context<'_, P>, object: &str) -> Result<ApiResponse, ApiError> {
    // The reserved object is made by its first letter.
    ApiResponse::json(200, &letters(cx, object.to_owned(), object == UNROUTABLE).await?)
}

/// `GET /v1/admin/dead_letters`
pub(crate) async fn newest<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let letters = newest_dead_letters(cx.ports, NEWEST).await?.into_iter().map(|letter| NewestView {
        letter_id: letter.letter,
        account_id: letter.object,
        queue: letter.queue,
        reason: letter.reason,
        stored_at: letter.created_at,
    });
    ApiResponse::json(200, &Newest { dead_letters: letters.collect() })
}

/// The letters of an object; of one that does not exist none, if it `may_be_gone`.
async fn letters<P: Ports>(
    cx: &Context<'_, P>,
    object: String,
    may_be_gone: bool,
) -> Result<ObjectLetters, ApiError> {
    let stored = match call(cx.ports, &object, &cx.trace.to_string(), &ListDeadLetters {}).await {
        Err(error) if may_be_gone && error.is_gone() => Vec::new(),
        stored => stored?,
    };
    let views = stored.into_iter().map(|(letter_id, letter, stored_at)| LetterView {
        letter_id,
        queue: letter.queue,
        message_key: letter.message_key,
        reason: letter.reason,
        body: letter.body,
        stored_at,
    });
    Ok(ObjectLetters { account_id: object, reachable: true, dead_letters: views.collect() })
}
