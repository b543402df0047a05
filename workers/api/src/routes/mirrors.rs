//! What a person wants of single mirrors, and of those that are deleted by hand.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{CalendarId, EventId, UserId};
use tminus_user_graph::policy_contract::{HandDeleted, MirrorWish, SetDismissed, SetHandDeleted};

use super::own_graph::Ask;
use crate::conventions::{ApiError, body};
use crate::handle::Context;
use crate::http::ApiResponse;

/// What is to become of a block that is deleted by hand.
#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, expecting = "an object with becomes")]
pub(crate) struct Becomes {
    becomes: HandDeleted,
}

/// What becomes of a block that is deleted by hand.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Became {
    /// `null`: what the policy says.
    becomes: Option<HandDeleted>,
}

/// Whether there is to be a block for an event in a calendar.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Dismissal {
    event_id: EventId,
    calendar_id: CalendarId,
    wish: MirrorWish,
}

/// `PUT /v1/policy/hand-deleted` and `PUT /v1/events/{evt}/hand-deleted`, with `{"becomes":"restore"|"dismiss"}`.
pub(crate) fn set_hand_deleted<P>(cx: &Context<'_, P>, event: Option<EventId>) -> Result<Ask, ApiError> {
    let user = cx.session()?.user;
    let Becomes { becomes } = body(cx.request)?;
    hand_deleted(user, event, Some(becomes))
}

/// `DELETE /v1/events/{evt}/hand-deleted`: what the policy says applies to the event again.
pub(crate) fn unset_hand_deleted<P>(cx: &Context<'_, P>, event: EventId) -> Result<Ask, ApiError> {
    hand_deleted(cx.session()?.user, Some(event), None)
}

fn hand_deleted(user: UserId, event: Option<EventId>, becomes: Option<HandDeleted>) -> Result<Ask, ApiError> {
    let set = SetHandDeleted { event, becomes };
    Ask::change(user, &set, move |_| ApiResponse::json(200, &Became { becomes }))
}

/// `PUT` and `DELETE /v1/events/{evt}/mirrors/{cal}/dismissal`
pub(crate) fn set_dismissed<P>(
    cx: &Context<'_, P>,
    event: EventId,
    calendar: CalendarId,
    wish: MirrorWish,
) -> Result<Ask, ApiError> {
    let set = SetDismissed { event, calendar, wish };
    let answer = Dismissal { event_id: event, calendar_id: calendar, wish };
    Ask::change(cx.session()?.user, &set, move |_| ApiResponse::json(200, &answer))
}
