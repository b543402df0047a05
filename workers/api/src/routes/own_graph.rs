//! Commands to the graph of whoever is signed in.

use tminus_domain::ids::UserId;
use tminus_ports::{Command, Ports, call};

use crate::conventions::{ApiError, Code};
use crate::handle::Context;

/// Asks the graph; `None` before the first account is linked, which is when a graph begins.
pub(super) async fn read<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    ask: &C,
) -> Result<Option<C::Reply>, ApiError> {
    match call(cx.ports, &user.to_string(), &cx.trace.to_string(), ask).await {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.is_gone() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Changes the graph, which must be there.
pub(super) async fn change<P: Ports, C: Command>(
    cx: &Context<'_, P>,
    user: UserId,
    change: &C,
) -> Result<C::Reply, ApiError> {
    read(cx, user, change)
        .await?
        .ok_or_else(|| ApiError::refused(Code::NothingLinked, "link an account first"))
}
