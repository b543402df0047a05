//! Events that a person makes here.

use serde::{Deserialize, Serialize};
use tminus_domain::actor::Asker;
use tminus_domain::ids::{AccountId, EventId, UserId};
use tminus_domain::own_event::{OwnEvent, OwnEventPatch};
use tminus_ports::{Command, Ports};
use tminus_user_graph::own_contract::{ChangeOwnEvent, Conflict, CreateOwnEvent, DeleteOwnEvent};
use tminus_user_graph::reading_contract::GetEvent;

use super::own_graph::{self, Said};
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

/// `POST /v1/events`
pub(crate) async fn create<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let content: OwnEvent = body(cx.request)?;
    let create = CreateOwnEvent { event: idempotency::made(cx)?, by: Asker::Ui, content };
    Ok(own_graph::answer(201, &own_graph::tell(cx, user, &create).await?))
}

/// `PATCH /v1/events/{evt}?version=`
pub(crate) async fn change<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let version = VersionQuery::read(&cx.query)?.version.map(|Version(version)| version);
    let patch: OwnEventPatch = body(cx.request)?;
    let change = ChangeOwnEvent { event, by: Asker::Ui, version, patch };
    Ok(own_graph::answer(200, &tell(cx, user, event, &change).await?))
}

/// `DELETE /v1/events/{evt}?version=`
pub(crate) async fn delete<P: Ports>(cx: &Context<'_, P>, event: EventId) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let version = VersionQuery::read(&cx.query)?.version.map(|Version(version)| version);
    tell(cx, user, event, &DeleteOwnEvent { event, by: Asker::Ui, version }).await?;
    ApiResponse::json(200, &Deleted { event })
}

/// Changes an event, unless another version stands or it has another owner.
async fn tell<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    event: EventId,
    change: &C,
) -> Result<Said, ApiError> {
    match own_graph::tell(cx, user, change).await {
        Ok(said) => own_graph::part::<Result<Said, Conflict>>(&said)?.map_err(|Conflict { version }| {
            let refusal = ApiError::refused(Code::VersionConflict, "another version of the event stands");
            refusal.with(Details::Version(version))
        }),
        Err(error) if error.code() == Code::Unprocessable => Err(owned(cx, user, event, error).await?),
        Err(error) => Err(error),
    }
}

/// The refusal of an event that is an account's, which says whose; else the refusal as it is.
async fn owned<P: Ports>(
    cx: &Context<'_, P>,
    user: UserId,
    event: EventId,
    error: ApiError,
) -> Result<ApiError, ApiError> {
    #[derive(Deserialize)]
    struct Known {
        event: Origin,
    }
    #[derive(Deserialize)]
    struct Origin {
        account: AccountId,
    }
    let said = own_graph::tell(cx, user, &GetEvent { event }).await?;
    let Known { event: Origin { account } } = own_graph::part(&said)?;
    if account == AccountId::INTERNAL {
        return Ok(error);
    }
    let refusal = ApiError::refused(
        Code::OwnedByAccount,
        "the event belongs to an account: it can be changed at its provider only",
    );
    Ok(refusal.with(Details::Owner(account)))
}
