//! The policy as its user sets it: edges, and what becomes of mirrors that are deleted by hand.
//!
//! Each change that is one raises the policy's version and is journalled in its transaction; what changes what mirrors show
//! starts the job that projects again. A repeat changes nothing.

use tminus_domain::actor::Asker;
use tminus_domain::ids::{AccountId, CalendarId, EventId, PolicyId};
use tminus_domain::policy::{CalendarKind, CalendarRole};
use tminus_domain::rules::EdgeRules;
use tminus_ports::{Named, ObjectHost};
use tminus_store::{Row, StoreError, Value, transaction};

use crate::columns::id;
use crate::context::Context;
use crate::error::GraphError;
use crate::own_contract::Subject;
use crate::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, Policy, PolicyEdge, PutEdge, RemoveEdge, SetHandDeleted, Switch,
};
use crate::{edges, lenses, reproject, settings_journal};

/// The policy of the user.
pub(crate) fn get<H: ObjectHost>(ctx: &Context<'_, H>, _: &GetPolicy) -> Result<Policy, GraphError> {
    Ok(read(ctx)?)
}

/// The policy as it is stored; one of version 0 before there is any.
pub(crate) fn read<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Policy, StoreError> {
    let row =
        ctx.first("/* policy */ SELECT version, hand_deleted FROM policies WHERE is_default = 1", &[])?;
    let (version, hand_deleted) = match row {
        Some(row) => (row.get(0)?, row.parse(1, "what becomes of deleted mirrors")?),
        None => (0, HandDeleted::Restore),
    };
    let edges = ctx
        .query(
            "/* policy_as_set */ SELECT e.from_account_id, e.from_calendar_id, e.to_account_id, e.detail_level,
               e.calendar_kind, e.is_on, e.rules_json
             FROM policy_edges e JOIN policies p ON p.policy_id = e.policy_id AND p.is_default = 1
             ORDER BY e.from_account_id, e.from_calendar_id, e.to_account_id",
            &[],
        )?
        .iter()
        .map(edge)
        .collect::<Result<_, StoreError>>()?;
    let reprojecting = reproject::is_running(ctx)?;
    Ok(Policy { version, reprojecting, edges, hand_deleted, working_hours: lenses::working_hours(ctx)? })
}

fn edge(row: &Row) -> Result<PolicyEdge, StoreError> {
    let from_calendar = Some(row.get::<String>(1)?)
        .filter(|calendar| !calendar.is_empty())
        .map(|calendar| calendar.parse().map_err(|_| StoreError::Corrupt { what: "calendar id" }))
        .transpose()?;
    let to = row.parse(2, "account id")?;
    // Rules of a later version that this one does not know: the policy is shown all the same, and can be set anew.
    let rules = serde_json::from_str(&row.get::<String>(6)?).unwrap_or_else(|_| {
        tracing::error!(%to, "the rules of an edge do not decode");
        EdgeRules::default()
    });
    Ok(PolicyEdge {
        key: EdgeKey { from: row.parse(0, "account id")?, from_calendar, to },
        detail: row.parse(3, "detail level")?,
        kind: row.parse(4, "calendar kind")?,
        switch: if row.get(5)? { Switch::On } else { Switch::Off },
        rules,
    })
}

/// Adds an edge or replaces it.
pub(crate) fn put_edge<H: ObjectHost>(ctx: &Context<'_, H>, command: &PutEdge) -> Result<Policy, GraphError> {
    transaction(ctx.host.sql(), || {
        check(ctx, &command.edge)?;
        let policy = edges::default_policy(ctx)?;
        let before = settings_journal::before(ctx, Subject::Policy)?;
        store(ctx, policy, &command.edge)?;
        if before.record(ctx, Asker::Ui, "edge set")? {
            changed(ctx)?;
        }
        Ok(read(ctx)?)
    })
}

/// Refuses an edge that cannot be followed.
fn check<H: ObjectHost>(ctx: &Context<'_, H>, edge: &PolicyEdge) -> Result<(), GraphError> {
    let EdgeKey { from, from_calendar, to } = edge.key;
    if from == to {
        return Err(GraphError::unfit("an edge leads from one account to another"));
    }
    if from != AccountId::INTERNAL && !edges::is_linked(ctx, from)? {
        return Err(GraphError::Unknown(Named::Account));
    }
    let linked = ctx.first(
        "/* linked_kind */ SELECT calendar_kind FROM linked_accounts WHERE account_id = ?1",
        &[Value::text(to)],
    )?;
    let linked: CalendarKind =
        linked.ok_or(GraphError::Unknown(Named::Account))?.parse(0, "calendar kind")?;
    if edge.kind == CalendarKind::TrueMirror && linked != CalendarKind::TrueMirror {
        return Err(GraphError::unfit(
            "the primary calendar of that account may not be written: link the account again with mode=primary",
        ));
    }
    if let Some(calendar) = from_calendar {
        let row = ctx.first(
            "/* calendar_role */ SELECT kind FROM calendars WHERE calendar_id = ?1 AND account_id = ?2",
            &[Value::text(calendar), Value::text(from)],
        )?;
        let role: CalendarRole =
            row.ok_or(GraphError::Unknown(Named::Calendar))?.parse(0, "calendar role")?;
        if !role.is_source() {
            return Err(GraphError::unfit("events of that calendar are not copied"));
        }
    }
    edge.rules.check().map_err(GraphError::unfit)
}

fn store<H: ObjectHost>(ctx: &Context<'_, H>, policy: PolicyId, edge: &PolicyEdge) -> Result<(), StoreError> {
    ctx.run(
        "/* put_policy_edge */ INSERT INTO policy_edges
           (policy_id, from_account_id, from_calendar_id, to_account_id, detail_level, calendar_kind, is_on, rules_json)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (policy_id, from_account_id, from_calendar_id, to_account_id) DO UPDATE
         SET detail_level = excluded.detail_level, calendar_kind = excluded.calendar_kind, is_on = excluded.is_on,
             rules_json = excluded.rules_json
         WHERE detail_level <> excluded.detail_level OR calendar_kind <> excluded.calendar_kind
            OR is_on <> excluded.is_on OR rules_json <> excluded.rules_json",
        &[
            Value::text(policy),
            Value::text(edge.key.from),
            calendar_column(edge.key.from_calendar),
            Value::text(edge.key.to),
            edge.detail.as_str().into(),
            edge.kind.as_str().into(),
            (edge.switch == Switch::On).into(),
            rules_column(&edge.rules)?.into(),
        ],
    )
}

/// No rules are stored as the schema's own default says it: an edge that was never touched is put back unchanged.
fn rules_column(rules: &EdgeRules) -> Result<String, StoreError> {
    if *rules == EdgeRules::default() {
        return Ok("{}".to_owned());
    }
    serde_json::to_string(rules).map_err(|_| StoreError::Corrupt { what: "rules" })
}

fn calendar_column(calendar: Option<CalendarId>) -> Value {
    calendar.map_or_else(|| "".into(), Value::text)
}

/// Removes the edge of one calendar.
pub(crate) fn remove_edge<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &RemoveEdge,
) -> Result<Policy, GraphError> {
    let EdgeKey { from, from_calendar, to } = command.key;
    if from_calendar.is_none() {
        return Err(GraphError::unfit(
            "the edge of an account cannot be removed: switch it off, or name the calendar whose edge is meant",
        ));
    }
    transaction(ctx.host.sql(), || {
        let policy = edges::default_policy(ctx)?;
        let before = settings_journal::before(ctx, Subject::Policy)?;
        ctx.run(
            "/* remove_policy_edge */ DELETE FROM policy_edges
             WHERE policy_id = ?1 AND from_account_id = ?2 AND from_calendar_id = ?3 AND to_account_id = ?4",
            &[Value::text(policy), Value::text(from), calendar_column(from_calendar), Value::text(to)],
        )?;
        if before.record(ctx, Asker::Ui, "edge removed")? {
            changed(ctx)?;
        }
        Ok(read(ctx)?)
    })
}

/// Why the journal has an entry of what becomes of mirrors that are deleted by hand.
const REASON: &str = "deletions by hand";

/// Sets what becomes of mirrors that are deleted by hand. That is asked when one is: no event is projected again.
pub(crate) fn set_hand_deleted<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SetHandDeleted,
) -> Result<(), GraphError> {
    transaction(ctx.host.sql(), || {
        let Some(event) = command.event else {
            let becomes = command.becomes.ok_or_else(|| {
                GraphError::unfit("the setting of all events can be changed, not taken back")
            })?;
            let policy = edges::default_policy(ctx)?;
            let before = settings_journal::before(ctx, Subject::Policy)?;
            ctx.run(
                "/* set_hand_deleted */ UPDATE policies SET hand_deleted = ?2
                 WHERE policy_id = ?1 AND hand_deleted <> ?2",
                &[Value::text(policy), becomes.as_str().into()],
            )?;
            if before.record(ctx, Asker::Ui, REASON)? {
                raise(ctx)?;
            }
            return Ok(());
        };
        set_hand_deleted_of(ctx, event, command.becomes)
    })
}

/// The same of one event; `None`: what holds for all.
fn set_hand_deleted_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
    becomes: Option<HandDeleted>,
) -> Result<(), GraphError> {
    // Also one that is deleted: it may come back, under its id.
    let known = ctx
        .first("/* is_event */ SELECT 1 FROM canonical_events WHERE canonical_event_id = ?1", &[id(event)])?;
    known.ok_or(GraphError::Unknown(Named::Event))?;
    let before = settings_journal::before(ctx, Subject::Event(event))?;
    match becomes {
        None => ctx.run(
            "/* unset_hand_deleted_of */ DELETE FROM event_settings WHERE canonical_event_id = ?1",
            &[id(event)],
        )?,
        Some(becomes) => ctx.run(
            "/* set_hand_deleted_of */ INSERT INTO event_settings (canonical_event_id, hand_deleted)
             VALUES (?1, ?2) ON CONFLICT (canonical_event_id) DO UPDATE SET hand_deleted = excluded.hand_deleted
             WHERE hand_deleted <> excluded.hand_deleted",
            &[id(event), becomes.as_str().into()],
        )?,
    }
    before.record(ctx, Asker::Ui, REASON)?;
    Ok(())
}

/// The policy shows other mirrors now: its version grows, and all events are projected again.
pub(crate) fn changed<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    raise(ctx)?;
    reproject::start(ctx)
}

fn raise<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    ctx.run("/* policy_changed */ UPDATE policies SET version = version + 1 WHERE is_default = 1", &[])
}
