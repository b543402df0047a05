//! Why an event is or is not mirrored, along each edge.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::ids::{CalendarId, EventId};
use tminus_domain::mirroring::MirrorState;
use tminus_domain::policy::FilterReason;
use tminus_domain::time::Timestamp;
use tminus_ports::{Named, ObjectHost};
use tminus_store::StoreError;

use crate::bulk;
use crate::columns::{Hex, read_id, read_id_opt, read_time, read_time_opt};
use crate::context::Context;
use crate::copies::Copies;
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::explaining_contract::{ExplainEvent, ExplainedEdge, ExplainedEvent, Owner, Verdict, Waiting};
use crate::lenses::Lenses;
use crate::mirrors::{self, MirrorKey, StoredMirror};
use crate::project::{self, Wish};
use crate::reproject;

/// Explains one event.
pub(crate) fn event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ExplainEvent,
) -> Result<ExplainedEvent, GraphError> {
    let stored = events::by_ids(ctx, [command.event])?.pop().ok_or(GraphError::Unknown(Named::Event))?;
    let lenses = Lenses::load(ctx)?;
    let times = times(ctx, &BTreeSet::from([stored.event]))?;
    let edges = edges(ctx, &lenses, std::slice::from_ref(&stored))?;
    Ok(ExplainedEvent {
        event: stored.event,
        owner: Owner::of_event(stored.account),
        version: stored.version,
        changed_at: times.changed(stored.event),
        deleted: stored.deleted,
        edges: edges.into_values().flatten().collect(),
    })
}

/// When events changed, and what of their mirrors in each calendar, instances included.
#[derive(Default)]
struct Times {
    changed: BTreeMap<EventId, Timestamp>,
    mirrors: BTreeMap<(EventId, CalendarId), MirrorTimes>,
    /// Since when events wait to be projected again.
    reprojecting: Timestamp,
}

#[derive(Default, Clone, Copy)]
struct MirrorTimes {
    /// When one was last written.
    written: Option<Timestamp>,
    /// Since when one waits.
    pending: Option<Timestamp>,
}

impl Times {
    fn changed(&self, event: EventId) -> Timestamp {
        self.changed.get(&event).copied().unwrap_or(self.reprojecting)
    }

    fn of(&self, mirror: MirrorKey) -> MirrorTimes {
        self.mirrors.get(&(mirror.event, mirror.calendar)).copied().unwrap_or_default()
    }
}

fn times<H: ObjectHost>(ctx: &Context<'_, H>, events: &BTreeSet<EventId>) -> Result<Times, StoreError> {
    let rows = ctx.query(
        "/* times_of_events */ SELECT e.canonical_event_id, MAX(e.updated_at), m.target_calendar_id,
           MAX(m.last_write_ts), MIN(m.pending_since)
         FROM json_each(?1) AS j
         CROSS JOIN canonical_events AS e ON e.canonical_event_id = unhex(j.value)
         LEFT JOIN event_mirrors AS m ON m.canonical_event_id = e.canonical_event_id
         GROUP BY e.canonical_event_id, m.target_calendar_id",
        &[bulk::list(events.iter().copied().map(Hex::of))?],
    )?;
    let mut times = Times { reprojecting: reproject::since(ctx)?, ..Times::default() };
    for row in &rows {
        let event = read_id(row, 0)?;
        times.changed.insert(event, read_time(row, 1)?);
        if let Some(calendar) = read_id_opt(row, 2)? {
            let of = MirrorTimes { written: read_time_opt(row, 3)?, pending: read_time_opt(row, 4)? };
            times.mirrors.insert((event, calendar), of);
        }
    }
    Ok(times)
}

/// What became of events in each calendar that they are mirrored into, could be, or were.
pub(crate) fn edges<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    events: &[StoredEvent],
) -> Result<BTreeMap<EventId, Vec<ExplainedEdge>>, StoreError> {
    let ids: BTreeSet<EventId> = events.iter().map(|event| event.event).collect();
    let mut wanted = project::wanted(ctx, lenses, &ids)?;
    // Those of its series are projected with an exception.
    wanted.retain(|key, _| ids.contains(&key.event) && key.occurrence.is_none());
    let copies = Copies::find(ctx, lenses, &events.iter().collect::<Vec<_>>())?;
    let times = times(ctx, &ids)?;
    let mirrors = mirrors::of_events(ctx, ids.iter().copied())?;
    let mut explained: BTreeMap<EventId, Vec<ExplainedEdge>> = BTreeMap::new();
    for event in events {
        let of_event = || mirrors.iter().filter(|mirror| mirror.key.event == event.event);
        let mut edges = Vec::new();
        for mirror in of_event().filter(|mirror| mirror.key.occurrence.is_none()) {
            let wish = wanted.remove(&mirror.key);
            if mirror.mirror.state == MirrorState::Tombstoned {
                // Its account was unlinked.
                continue;
            }
            let calendar = mirror.key.calendar;
            let MirrorTimes { written: last_write, pending: since } = times.of(mirror.key);
            let verdict = if is_outdated(event, mirror, wish.as_ref()) {
                pending(mirror, Waiting::Reprojection, times.reprojecting.max(times.changed(event.event)))
            } else {
                // Of a series also what differs from it.
                let of_edge = || of_event().filter(|other| other.key.calendar == calendar);
                let since = since.unwrap_or_else(|| times.changed(event.event));
                match of_edge().find(|other| is_pending(other)) {
                    Some(next) => pending(next, waiting(ctx, next), since),
                    None => {
                        at_rest(of_edge().find(|other| is_failed(other)).unwrap_or(mirror), &copies, event)
                    }
                }
            };
            edges.push(ExplainedEdge {
                account: mirror.account,
                calendar,
                verdict,
                last_write,
                shown: mirror.mirror.acked.as_ref().map(ToString::to_string),
            });
        }
        explained.insert(event.event, edges);
    }
    for (key, wish) in wanted {
        // An edge that is new: its job has not come to the event yet.
        let since = times.reprojecting.max(times.changed(key.event));
        let verdict = Verdict::Pending {
            why: Waiting::Reprojection,
            since,
            next_attempt: None,
            attempts: 0,
            error: None,
        };
        let edge = ExplainedEdge {
            account: wish.account,
            calendar: key.calendar,
            verdict,
            last_write: None,
            shown: None,
        };
        explained.entry(key.event).or_default().push(edge);
    }
    Ok(explained)
}

/// Whether what is stored of a mirror is not what the policy wants now.
fn is_outdated(event: &StoredEvent, mirror: &StoredMirror, wish: Option<&Wish>) -> bool {
    match wish {
        Some(wish) => mirror.mirror.wanted.as_ref() != wish.hash() || mirror.reason != wish.reason,
        None => !event.deleted && mirror.reason != Some(FilterReason::NoEdge),
    }
}

fn is_pending(mirror: &StoredMirror) -> bool {
    mirror.mirror.state == MirrorState::Pending
}

fn is_failed(mirror: &StoredMirror) -> bool {
    mirror.mirror.state == MirrorState::Error
}

fn waiting<H: ObjectHost>(ctx: &Context<'_, H>, mirror: &StoredMirror) -> Waiting {
    if mirror.claim.is_some_and(|(_, until)| until > ctx.now) {
        Waiting::Answer
    } else if mirror.mirror.next_attempt > ctx.now {
        Waiting::Pause
    } else if mirror.mirror.wanted.is_none() {
        Waiting::Removal
    } else {
        Waiting::Writer
    }
}

fn pending(mirror: &StoredMirror, why: Waiting, since: Timestamp) -> Verdict {
    let next = mirror.mirror.next_attempt;
    Verdict::Pending {
        why,
        since,
        next_attempt: (next.millis() > 0).then_some(next),
        attempts: mirror.mirror.attempts,
        error: mirror.mirror.error.clone(),
    }
}

/// Of a mirror of which nothing is still to be done.
fn at_rest(mirror: &StoredMirror, copies: &Copies, event: &StoredEvent) -> Verdict {
    match mirror.reason {
        _ if is_failed(mirror) => Verdict::Failed { error: mirror.mirror.error.clone().unwrap_or_default() },
        Some(FilterReason::Duplicate) => {
            Verdict::Deduplicated { by: copies.held_by(mirror.account, event).collect() }
        }
        Some(FilterReason::Dismissed) => Verdict::Dismissed,
        Some(reason) => Verdict::Filtered { reason },
        None => Verdict::Mirrored,
    }
}
