//! Events that a user makes here. They belong to no account: nothing that a provider says touches them.
//!
//! An own event is kept as all others are, under the reserved account and calendar, with its own id for a provider's and
//! a position that grows with its version. What it blocks is decided by the edges that leave the reserved account.

use tminus_domain::actor::Actor;
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, ConstraintId, EventId, PrefixedId as _};
use tminus_domain::ordering::Position;
use tminus_domain::own_event::OwnEvent;
use tminus_ports::{Named, ObjectHost};
use tminus_store::transaction;

use crate::change::{self, Changed, WayBack};
use crate::context::{Context, Effects};
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::lenses::Lenses;
use crate::own_contract::{ChangeOwnEvent, Conflict, CreateOwnEvent, DeleteOwnEvent, OwnStanding};
use crate::{claims, constraints, series};

/// Creates an event.
pub(crate) fn create<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &CreateOwnEvent,
    effects: &mut Effects,
) -> Result<OwnStanding, GraphError> {
    let event = command.event;
    transaction(ctx.host.sql(), || {
        let before = find(ctx, event)?;
        if before.as_ref().is_some_and(|before| before.deleted) {
            return Err(GraphError::unfit("an event of that id was deleted: take another id"));
        }
        let after = next(event, before.as_ref(), command.content.clone())?;
        match (before, after) {
            (None, Some(after)) => carry_out(ctx, None, after, command.by.into(), "created", effects),
            // What was changed since it was created cannot be told from another event.
            (Some(before), after) if after.is_none() || before.version > 1 => Ok(standing(before)),
            _ => Err(GraphError::unfit("that id is another event's")),
        }
    })
}

/// Changes an event.
pub(crate) fn change<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ChangeOwnEvent,
    effects: &mut Effects,
) -> Result<Result<OwnStanding, Conflict>, GraphError> {
    transaction(ctx.host.sql(), || {
        let known = find(ctx, command.event)?.filter(|known| !known.deleted);
        let before = known.ok_or(GraphError::Unknown(Named::Event))?;
        let content = command.patch.clone().onto(OwnEvent::of(before.content.clone()));
        let Some(after) = next(command.event, Some(&before), content)? else {
            // Also a repeat, which names the version from before.
            return Ok(Ok(standing(before)));
        };
        if let Some(conflict) = conflict(&before, command.version) {
            return Ok(Err(conflict));
        }
        carry_out(ctx, Some(before), after, command.by.into(), "changed", effects).map(Ok)
    })
}

/// Deletes an event.
pub(crate) fn delete<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &DeleteOwnEvent,
    effects: &mut Effects,
) -> Result<Result<(), Conflict>, GraphError> {
    transaction(ctx.host.sql(), || {
        let before = find(ctx, command.event)?.ok_or(GraphError::Unknown(Named::Event))?;
        match conflict(&before, command.version).filter(|_| !before.deleted) {
            Some(conflict) => Ok(Err(conflict)),
            None => remove(ctx, before, command.by.into(), "deleted", effects).map(Ok),
        }
    })
}

/// Makes the event of a constraint what it is to be, within the constraint's transaction; `None`: nothing is blocked.
pub(crate) fn block<H: ObjectHost>(
    ctx: &Context<'_, H>,
    constraint: ConstraintId,
    content: Option<OwnEvent>,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    let event = EventId::from_ulid(constraint.ulid());
    let before = events::by_ids(ctx, [event])?.pop();
    let (actor, reason) = (Actor::System, "constraint");
    match (before, content) {
        (Some(before), None) => remove(ctx, before, actor, reason, effects),
        (None, None) => Ok(()),
        (before, Some(content)) => match next(event, before.as_ref(), content)? {
            Some(after) => carry_out(ctx, before, after, actor, reason, effects).map(drop),
            None => Ok(()),
        },
    }
}

/// An own event that may be changed by itself, also one that is deleted; refused if it has another owner.
fn find<H: ObjectHost>(ctx: &Context<'_, H>, event: EventId) -> Result<Option<StoredEvent>, GraphError> {
    let constraint = ConstraintId::from_ulid(event.ulid());
    if constraints::is_set(ctx, constraint)? {
        return Err(GraphError::unfit(format_args!("the event belongs to {constraint}: change that")));
    }
    let known = events::by_ids(ctx, [event])?.pop();
    match known.as_ref().map(|known| known.account).filter(|account| *account != AccountId::INTERNAL) {
        Some(owner) => {
            Err(GraphError::unfit(format_args!("the event belongs to the account {owner}: change it there")))
        }
        None => Ok(known),
    }
}

/// The event as it is to be; `None` if it is so already.
fn next(
    event: EventId,
    before: Option<&StoredEvent>,
    content: OwnEvent,
) -> Result<Option<StoredEvent>, GraphError> {
    // Jobs go through events in the order of their ids, from behind this one.
    if event.ulid().is_nil() {
        return Err(GraphError::unfit("that id is reserved"));
    }
    let content = content.content().map_err(GraphError::unfit)?;
    let series::Normal { content, last_end } = series::normal(&content).map_err(GraphError::unfit)?;
    let mut content = content.into_owned();
    content.sequence = before.map_or(0, |before| before.content.sequence);
    if before.is_some_and(|before| !before.deleted && before.content == content) {
        return Ok(None);
    }
    let version = version_after(before);
    content.sequence = i64::from(version).saturating_sub(1);
    Ok(Some(StoredEvent {
        event,
        account: AccountId::INTERNAL,
        calendar: CalendarId::INTERNAL,
        origin: event.to_string(),
        content,
        version,
        etag: String::new(),
        position: Position { generation: version, page: 0 },
        deleted: false,
        last_end,
        lone: false,
    }))
}

fn version_after(before: Option<&StoredEvent>) -> u32 {
    before.map_or(1, |before| before.version.saturating_add(1))
}

fn conflict(before: &StoredEvent, wanted: Option<u32>) -> Option<Conflict> {
    wanted.filter(|wanted| *wanted != before.version).map(|_| Conflict { version: before.version })
}

fn carry_out<H: ObjectHost>(
    ctx: &Context<'_, H>,
    before: Option<StoredEvent>,
    after: StoredEvent,
    actor: Actor,
    reason: &'static str,
    effects: &mut Effects,
) -> Result<OwnStanding, GraphError> {
    let answer = standing(after.clone());
    let way_back = WayBack::Kept;
    project(ctx, Changed { before, after, lane: Lane::Live, actor, reason, way_back }, effects)?;
    Ok(answer)
}

/// One that is deleted stays so.
fn remove<H: ObjectHost>(
    ctx: &Context<'_, H>,
    before: StoredEvent,
    actor: Actor,
    reason: &'static str,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    if before.deleted {
        return Ok(());
    }
    let position = Position { generation: version_after(Some(&before)), page: 0 };
    project(ctx, Changed { actor, ..Changed::deleted(before, position, Lane::Live, reason) }, effects)
}

fn project<H: ObjectHost>(
    ctx: &Context<'_, H>,
    changed: Changed,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    change::carry_out(ctx, &Lenses::load(ctx)?, vec![changed], effects)?;
    Ok(claims::expect_writers(ctx, effects)?)
}

fn standing(stored: StoredEvent) -> OwnStanding {
    OwnStanding { event: stored.event, version: stored.version, content: OwnEvent::of(stored.content) }
}
