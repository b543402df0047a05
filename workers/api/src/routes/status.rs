//! How a person's federation stands.

use std::collections::BTreeMap;

use serde::Serialize;
use tminus_domain::ids::UserId;
use tminus_ports::{Ports, call};
use tminus_registry::RegistrySql;
use tminus_user_graph::contract::{GetStatus, GraphStatus, QuarantinedItem};

use super::accounts::{AccountView, views};
use crate::conventions::ApiError;
use crate::handle::Context;
use crate::http::ApiResponse;

/// How a person's federation stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Status {
    user_id: UserId,
    /// `null` before the first account is linked.
    graph: Option<Graph>,
    accounts: Vec<AccountView>,
}

/// How a person's graph stands.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Graph {
    events: u32,
    /// How many mirrors are in each state.
    mirrors: BTreeMap<String, u32>,
    quarantined: Vec<QuarantinedItem>,
    reprojecting: bool,
}

impl From<GraphStatus> for Graph {
    fn from(status: GraphStatus) -> Self {
        Self {
            events: status.events,
            mirrors: status.mirrors.into_iter().collect(),
            quarantined: status.quarantined,
            reprojecting: status.reprojecting,
        }
    }
}

/// `GET /v1/status`
pub(crate) async fn own<P: Ports + RegistrySql>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let graph = graph(cx, user).await?;
    ApiResponse::json(200, &Status { user_id: user, graph, accounts: views(cx, user).await? })
}

/// `GET /v1/admin/users/{usr}/status`
pub(crate) async fn of_user<P: Ports + RegistrySql>(
    cx: &Context<'_, P>,
    user: UserId,
) -> Result<ApiResponse, ApiError> {
    let graph = graph(cx, user).await?;
    let accounts = views(cx, user).await?;
    if graph.is_none() && accounts.is_empty() {
        return Err(ApiError::not_found("user"));
    }
    ApiResponse::json(200, &Status { user_id: user, graph, accounts })
}

async fn graph<P: Ports>(cx: &Context<'_, P>, user: UserId) -> Result<Option<Graph>, ApiError> {
    match call(cx.ports, &user.to_string(), &cx.trace.to_string(), &GetStatus {}).await {
        Ok(status) => Ok(Some(status.into())),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
