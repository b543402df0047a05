//! What a change of the policy would do, a step an answer.

use serde::{Deserialize, Serialize};
use tminus_domain::hours::WorkingHours;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::{Command, ObjectClass};
use tminus_user_graph::explaining_contract::{PolicyChange, PreviewPolicy};
use tminus_user_graph::policy_contract::{EdgeKey, PutEdge, RemoveEdge, SetWorkingHours};

use super::own_graph::{Ask, Said, encoded, part};
use super::policy::EdgeBody;
use crate::conventions::{ApiError, List, body};
use crate::handle::Context;
use crate::http::ApiResponse;

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
    #[cfg_attr(test, schemars(with = "tminus_user_graph::explaining_contract::Preview"))]
    preview: Said,
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

/// [`PreviewPolicy`], with what it answered before in the graph's own words.
#[derive(Serialize, Deserialize)]
struct Step {
    change: PolicyChange,
    so_far: Option<Said>,
}

impl Command for Step {
    type Reply = Said;
    const CLASS: ObjectClass = PreviewPolicy::CLASS;
    const NAME: &'static str = PreviewPolicy::NAME;
}

/// `POST /v1/policy/preview`
pub(crate) fn step<P>(cx: &Context<'_, P>) -> Result<Ask, ApiError> {
    #[derive(Deserialize)]
    struct Progress {
        next: Option<Said>,
    }
    let user = cx.session()?.user;
    let PreviewBody { change, so_far } = body(cx.request)?;
    let change = PolicyChange::from(change);
    let list = List::new("preview", user, &[&encoded(&change)?]);
    let (keys, now) = (cx.config.state_keys.clone(), cx.now);
    let so_far = so_far.map(|text| list.verified(&keys, now, &text)).transpose();
    let so_far = so_far.map_err(|error| error.about("so_far"))?;
    Ask::change(user, &Step { change, so_far }, move |preview| {
        let Progress { next } = part(&preview)?;
        let so_far = next.map(|_| list.signed(&keys, now, &preview)).transpose()?;
        ApiResponse::json(200, &PreviewStep { preview, so_far })
    })
}
