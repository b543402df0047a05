//! Why an event is or is not mirrored, along each edge.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::ids::{CalendarId, EventId};
use tminus_domain::mirroring::MirrorState;
use tminus_domain::policy::FilterReason;
use tminus_domain::time::Timestamp;
use tminus_ports::{Named, ObjectHost};
use tminus_store::StoreError;

use crate::columns::{id, read_id, read_time, read_time_opt};
use crate::context::Context;
use crate::copies::Copies;
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::explaining_contract::{ExplainEvent, ExplainedEdge, ExplainedEvent, Owner, Verdict, Waiting};
use crate::lenses::Lenses;
use crate::mirrors::{self, MirrorKey, StoredMirror};
use crate::project::{self, Wish};

/// Explains one event.
pub(crate) fn event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ExplainEvent,
) -> Result<ExplainedEvent, GraphError> {
    let stored = events::by_ids(ctx, [command.event])?.pop().ok_or(GraphError::Unknown(Named::Event))?;
    let lenses = Lenses::load(ctx)?;
    let changed_at = changed_at(ctx, stored.event)?;
    let edges = edges(ctx, &lenses, std::slice::from_ref(&stored))?;
    Ok(ExplainedEvent {
        event: stored.event,
        owner: Owner::Account(stored.account),
        version: stored.version,
        changed_at,
        deleted: stored.deleted,
        edges: edges.into_values().flatten().collect(),
    })
}

fn changed_at<H: ObjectHost>(ctx: &Context<'_, H>, event: EventId) -> Result<Timestamp, StoreError> {
    ctx.first(
        "/* changed_at */ SELECT updated_at FROM canonical_events WHERE canonical_event_id = ?1",
        &[id(event)],
    )?
    .map_or(Err(StoreError::Corrupt { what: "event" }), |row| read_time(&row, 0))
}

/// What became of events in each calendar that they are mirrored into, could be, or were.
pub(crate) fn edges<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    events: &[StoredEvent],
) -> Result<BTreeMap<EventId, Vec<ExplainedEdge>>, StoreError> {
    let ids: BTreeSet<EventId> = events.iter().map(|event| event.event).collect();
    let mut wanted = project::wanted(ctx, lenses, &ids)?;
    let copies = Copies::find(ctx, lenses, &events.iter().collect::<Vec<_>>())?;
    let written = written(ctx, &ids)?;
    let mut explained: BTreeMap<EventId, Vec<ExplainedEdge>> = BTreeMap::new();
    let mirrors = mirrors::of_events(ctx, ids.iter().copied())?;
    let waits = waiting_instances(&mirrors);
    let of = |event: EventId| events.iter().find(|stored| stored.event == event);
    for mirror in mirrors.iter().filter(|mirror| mirror.key.occurrence.is_none()) {
        let Some(event) = of(mirror.key.event) else { continue };
        let wish = wanted.remove(&mirror.key);
        let instance = waits.get(&(mirror.key.event, mirror.key.calendar)).copied();
        let verdict = judge(ctx, &copies, event, mirror, wish.as_ref(), instance);
        let (last_write, at) = written.get(&mirror.key).copied().unwrap_or_default();
        let verdict = since(verdict, at);
        explained.entry(event.event).or_default().push(ExplainedEdge {
            account: mirror.account,
            calendar: mirror.key.calendar,
            verdict,
            last_write,
            shown: mirror.mirror.acked.as_ref().map(ToString::to_string),
        });
    }
    // An edge that is new: its job has not come to the event yet.
    for (key, wish) in wanted.into_iter().filter(|(key, _)| key.occurrence.is_none() && ids.contains(&key.event)) {
        let verdict = waiting(Waiting::Reprojection, None);
        let edge = ExplainedEdge {
            account: wish.account,
            calendar: key.calendar,
            verdict: since(verdict, Timestamp::from_millis(0)),
            last_write: None,
            shown: None,
        };
        explained.entry(key.event).or_default().push(edge);
    }
    Ok(explained)
}
