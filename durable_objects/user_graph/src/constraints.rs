//! Trips and overrides. What is busy by one has an own event behind it, so that it is projected as all others are.

use tminus_domain::constraint::Constraint;
use tminus_domain::ids::{AccountId, ConstraintId, EventId, PrefixedId as _};
use tminus_domain::own_event::YEARS;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::{Context, Effects};
use crate::error::GraphError;
use crate::own_contract::{ConstraintPage, ListConstraints, PutConstraint, RemoveConstraint, Subject};
use crate::{events, own_events, settings_journal};

/// Most constraints of a page.
const MAX_PAGE: u32 = 500;
/// As much as any zone is away from UTC: days begin and end by that much earlier or later.
const ZONES_MS: i64 = 14 * 3_600_000;

/// Sets a constraint, or replaces it.
pub(crate) fn put<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &PutConstraint,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    let PutConstraint { id, by, constraint } = command;
    constraint.check().map_err(GraphError::unfit)?;
    transaction(ctx.host.sql(), || {
        let subject = Subject::Constraint(*id);
        let is_new = !is_set(ctx, *id)?;
        if is_new && is_event(ctx, *id)? {
            return Err(GraphError::unfit("that id is an event's"));
        }
        let before = settings_journal::before(ctx, subject)?;
        store(ctx, *id, constraint)?;
        if before.record(ctx, *by, constraint.kind())? {
            own_events::block(ctx, *id, constraint.block(), effects)?;
        }
        Ok(())
    })
}

/// Removes a constraint.
pub(crate) fn remove<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &RemoveConstraint,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    transaction(ctx.host.sql(), || {
        let before = settings_journal::before(ctx, Subject::Constraint(command.id))?;
        ctx.run(
            "/* remove_constraint */ DELETE FROM constraints WHERE constraint_id = ?1",
            &[Value::text(command.id)],
        )?;
        if before.record(ctx, command.by, "removed")? {
            own_events::block(ctx, command.id, None, effects)?;
        }
        Ok(())
    })
}

fn store<H: ObjectHost>(
    ctx: &Context<'_, H>,
    id: ConstraintId,
    constraint: &Constraint,
) -> Result<(), StoreError> {
    let config = serde_json::to_string(constraint).map_err(|_| StoreError::Corrupt { what: "constraint" })?;
    let when = constraint.when();
    ctx.run(
        "/* put_constraint */ INSERT INTO constraints
           (constraint_id, kind, config_json, active_from, active_to, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (constraint_id) DO UPDATE
         SET kind = excluded.kind, config_json = excluded.config_json, active_from = excluded.active_from,
             active_to = excluded.active_to
         WHERE config_json <> excluded.config_json",
        &[
            Value::text(id),
            constraint.kind().into(),
            config.into(),
            Value::text(when.start_key().to_rfc3339()),
            Value::text(when.end_key().to_rfc3339()),
            Value::text(ctx.now.to_rfc3339()),
        ],
    )
}

/// Whether there is a constraint of this id.
pub(crate) fn is_set<H: ObjectHost>(ctx: &Context<'_, H>, id: ConstraintId) -> Result<bool, StoreError> {
    let row = ctx.first(
        "/* is_constraint */ SELECT 1 FROM constraints WHERE constraint_id = ?1",
        &[Value::text(id)],
    )?;
    Ok(row.is_some())
}

/// Whether there is an event that could be taken for the constraint's; one that was the constraint's and is gone is not.
fn is_event<H: ObjectHost>(ctx: &Context<'_, H>, id: ConstraintId) -> Result<bool, StoreError> {
    let event = EventId::from_ulid(id.ulid());
    Ok(events::by_ids(ctx, [event])?
        .iter()
        .any(|event| !event.deleted || event.account != AccountId::INTERNAL))
}

/// Lists constraints that touch a span.
pub(crate) fn list<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ListConstraints,
) -> Result<ConstraintPage, GraphError> {
    let limit = usize::try_from(command.limit.clamp(1, MAX_PAGE)).unwrap_or(usize::MAX);
    let (from, to) = (command.from.unwrap_or(YEARS.start), command.to.unwrap_or(YEARS.end));
    let mut constraints = between(ctx, from, to)?;
    constraints.retain(|(id, _)| command.after.is_none_or(|after| *id > after));
    constraints.sort_by_key(|(id, _)| *id);
    let is_more = constraints.len() > limit;
    constraints.truncate(limit);
    let next = constraints.last().filter(|_| is_more).map(|(id, _)| *id);
    Ok(ConstraintPage { constraints, next })
}

/// The trips and overrides that touch a span, in order of their start; of whole days those that touch it in any zone.
pub(crate) fn between<H: ObjectHost>(
    ctx: &Context<'_, H>,
    from: Timestamp,
    to: Timestamp,
) -> Result<Vec<(ConstraintId, Constraint)>, StoreError> {
    // Texts are in order of time as long as a year has four digits.
    let bound = |at: Timestamp| Value::text(at.clamp(YEARS.start, YEARS.end.plus_millis(-1)).to_rfc3339());
    ctx.query(
        "/* constraints_between */ SELECT constraint_id, config_json FROM constraints
         WHERE kind IN ('trip', 'override') AND active_from < ?2 AND active_to > ?1
         ORDER BY active_from, constraint_id",
        &[bound(from.plus_millis(-ZONES_MS)), bound(to.plus_millis(ZONES_MS))],
    )?
    .iter()
    .map(|row| {
        let constraint = serde_json::from_str(&row.get::<String>(1)?);
        let corrupt = |_| StoreError::Corrupt { what: "constraint" };
        Ok((row.parse(0, "constraint id")?, constraint.map_err(corrupt)?))
    })
    .collect()
}
