//! Events that a person makes here.

use serde::{Deserialize, Serialize};
use tminus_domain::actor::Asker;
use tminus_domain::ids::{AccountId, EventId};
use tminus_domain::own_event::{OwnEvent, OwnEventPatch};
use tminus_ports::{Encoded, Ports};
use tminus_user_graph::own_contract::{ChangeOwnEvent, Conflict, CreateOwnEvent, DeleteOwnEvent};
use tminus_user_graph::reading_contract::GetEvent;

use super::own_graph::{Answer, Ask, Said, answer, nothing_linked, part, said};
use crate::conventions::{ApiError, Code, Details, Version, body, idempotency, parameters};
use crate::handle::Context;
use crate::http::ApiResponse;

parameters! {
    /// Which version of an event.
    VersionQuery {
        /// The version that is meant; if another one stands, nothing is done. Unless it is said, whichever stands.
        version: Option<Version>,
    }
}

/// What was deleted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Deleted {
    /// The event.
    event: EventId,
}

/// What is needed of an event.
#[derive(Deserialize)]
struct Known {
    event: Origin,
}

#[derive(Deserialize)]
struct Origin {
    account: AccountId,
}

/// `POST /v1/events`
pub(crate) fn create<P: Ports>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let content: OwnEvent = body(cx.request)?;
    Ask::tell(user, 201, &CreateOwnEvent { event: idempotency::made(cx)?, by: Asker::Ui, content })
}

/// `PATCH /v1/events/{evt}?version=`
pub(crate) async fn change<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Answer {
    let patch: OwnEventPatch = body(cx.request)?;
    let change = ChangeOwnEvent { event, by: Asker::Ui, version: version(cx)?, patch };
    Ok(answer(200, &told(cx, event, Encoded::of(&change)?).await?))
}

/// `DELETE /v1/events/{evt}?version=`
pub(crate) async fn delete<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Answer {
    let delete = DeleteOwnEvent { event, by: Asker::Ui, version: version(cx)? };
    told(cx, event, Encoded::of(&delete)?).await?;
    ApiResponse::json(200, &Deleted { event })
}

fn version<P>(cx: &Context<'_, P>) -> Result<Option<u32>, ApiError> {
    Ok(VersionQuery::read(&cx.query)?.version.map(|Version(version)| version))
}

/// Changes an event, unless another version stands or it has another owner.
async fn told<P: Ports>(cx: &Context<'_, P>, event: EventId, change: Encoded) -> Result<Said, ApiError> {
    let user = cx.session()?.user;
    let error = match said(cx, user, change).await {
        Ok(said) => {
            let done: Result<Said, Conflict> = part(&said.ok_or_else(nothing_linked)?)?;
            return done.map_err(|Conflict { version }| {
                let refusal = ApiError::refused(Code::VersionConflict, "another version of the event stands");
                refusal.with(Details::Version(version))
            });
        }
        Err(error) => error,
    };
    if error.code() != Code::Unprocessable {
        return Err(error);
    }
    // Whose it is says why better than a sentence.
    let known = said(cx, user, Encoded::of(&GetEvent { event })?).await?;
    let Known { event: Origin { account } } = part(&known.ok_or_else(nothing_linked)?)?;
    if account == AccountId::INTERNAL {
        return Err(error);
    }
    let refusal = ApiError::refused(
        Code::OwnedByAccount,
        "the event belongs to an account: it can be changed at its provider only",
    );
    Err(refusal.with(Details::Owner(account)))
}
