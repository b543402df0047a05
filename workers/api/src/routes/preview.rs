//! What a change of the policy would do, a step an answer.

use serde::{Deserialize, Serialize};
use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::Ports;
use tminus_user_graph::explaining_contract::{PolicyChange, Preview, PreviewPolicy};
use tminus_user_graph::policy_contract::{EdgeKey, PutEdge, RemoveEdge, SetWorkingHours};

use super::own_graph;
use super::policy::EdgeBody;
use crate::conventions::{ApiError, List, body};
use crate::handle::Context;
use crate::http::ApiResponse;

/// Longest title of an example, in characters: what comes back with every step stays within a body.
const MAX_TITLE_CHARS: usize = 200;

/// What is asked about.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with change")]
pub(crate) struct PreviewBody {
    /// The change.
    change: Change,
    /// What the step before answered, as it is: it is good for an hour. Without it, the first step is done.
    #[serde(default)]
    so_far: Option<String>,
}

/// A change of the policy that is not made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
enum Change {
    /// As `PUT /v1/policy/edges`.
    PutEdge(EdgeBody),
    /// As `DELETE /v1/policy/edges`.
    RemoveEdge(EdgeKeyBody),
    /// As `PUT /v1/working-hours`.
    SetWorkingHours(Option<WorkingHours>),
}

/// Which edge.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an edge's from, from_calendar and to")]
struct EdgeKeyBody {
    /// The account whose events are copied.
    from: AccountId,
    /// The calendar whose events are copied.
    #[serde(default)]
    from_calendar: Option<CalendarId>,
    /// The account that is written into.
    to: AccountId,
}

/// What a change would do, as far as it is worked out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PreviewStep {
    preview: Preview,
    /// What the next step is asked with; `null`: all is worked out.
    so_far: Option<String>,
}

impl From<Change> for PolicyChange {
    fn from(change: Change) -> Self {
        match change {
            Change::PutEdge(edge) => Self::PutEdge(PutEdge { edge: edge.into() }),
            Change::RemoveEdge(EdgeKeyBody { from, from_calendar, to }) => {
                Self::RemoveEdge(RemoveEdge { key: EdgeKey { from, from_calendar, to } })
            }
            Change::SetWorkingHours(hours) => Self::SetWorkingHours(SetWorkingHours { hours }),
        }
    }
}

/// `POST /v1/policy/preview`
pub(crate) async fn step<P: Ports>(cx: &Context<'_, P>) -> Result<ApiResponse, ApiError> {
    let user = cx.session()?.user;
    let PreviewBody { change, so_far } = body(cx.request)?;
    let change = PolicyChange::from(change);
    let encoded = serde_json::to_string(&change)
        .map_err(|_| ApiError::Internal { what: "a change does not encode" })?;
    let list = List::new("preview", user, &[&encoded]);
    let so_far = so_far.map(|text| list.verified(cx, &text)).transpose();
    let so_far = so_far.map_err(|error| error.about("so_far"))?;
    let mut preview = own_graph::change(cx, user, &PreviewPolicy { change, so_far }).await?;
    for title in preview.examples.iter_mut().filter_map(|example| example.title.as_mut()) {
        if let Some((end, _)) = title.char_indices().nth(MAX_TITLE_CHARS) {
            title.truncate(end);
        }
    }
    let so_far = preview.next.map(|_| list.signed(cx, &preview)).transpose()?;
    ApiResponse::json(200, &PreviewStep { preview, so_far })
}
