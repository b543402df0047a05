//! Storing what is wanted of mirrors, where it differs from what was.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{CalendarId, EventId};
use tminus_domain::mirroring::{INHERITED, Mirror, MirrorState};
use tminus_domain::policy::FilterReason;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::{Context, Effects};
use crate::events::StoredEvent;
use crate::lenses::Lenses;
use crate::mirror_journal::{Cause, Recorder};
use crate::mirrors::{self, MirrorKey, Part, Placed, Sketch, StoredMirror, order_key};
use crate::project::{Mirrors, Planned, Wish};

/// What is to be written, collected over many events.
#[derive(Default)]
pub(crate) struct Changes {
    /// Mirrors that have no row, and where they stand among those that wait.
    pub(crate) insert: Vec<(StoredMirror, i64)>,
    /// Mirrors that are wanted otherwise.
    pub(crate) update: Vec<(StoredMirror, i64)>,
    /// Mirrors of which something else is known: instances that begin anew with their series, or go with it.
    pub(crate) facts: Vec<StoredMirror>,
    bury: Vec<MirrorKey>,
    forget: Vec<MirrorKey>,
    reasons: Vec<(MirrorKey, FilterReason)>,
    /// How mirrors differ from what they were. Those of a new event are told of by its own entry.
    recorder: Recorder,
}

/// Stores the wishes of planned events; returns how many mirrors are wanted otherwise.
pub(crate) fn store<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    planned: Vec<Planned>,
    cause: Cause,
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    let changes = differences(ctx, lenses, planned)?;
    let wished =
        || changes.insert.iter().filter(|(mirror, _)| mirror.reason.is_none()).chain(&changes.update);
    for (mirror, _) in wished() {
        effects.nudge(mirror.account, mirror.lane);
    }
    let count = wished().count();
    fn placed((mirror, order): &(StoredMirror, i64)) -> Placed<'_> {
        Placed { mirror, lane: mirror.lane, order: *order }
    }
    mirrors::forget(ctx, changes.forget)?;
    mirrors::insert(ctx, changes.insert.iter().map(placed))?;
    mirrors::put_wishes(ctx, changes.update.iter().map(placed))?;
    changes.facts.iter().try_for_each(|mirror| mirrors::put_fact(ctx, mirror))?;
    mirrors::bury(ctx, changes.bury)?;
    mirrors::put_reasons(ctx, changes.reasons)?;
    changes.recorder.append(ctx, cause)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// How what is wanted of the mirrors of planned events differs from what is stored.
pub(crate) fn differences<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    planned: Vec<Planned>,
) -> Result<Changes, StoreError> {
    let differing: Vec<Planned> = planned.into_iter().filter(|planned| differs(lenses, planned)).collect();
    let known = differing.iter().filter(|planned| !planned.known.is_empty());
    let mut stored: BTreeMap<EventId, Vec<StoredMirror>> = BTreeMap::new();
    for mirror in mirrors::of_events(ctx, known.map(|planned| planned.event.event))? {
        stored.entry(mirror.key.event).or_default().push(mirror);
    }
    let mut changes = Changes::default();
    for planned in differing {
        let known = stored.remove(&planned.event.event).unwrap_or_default();
        compare(ctx, lenses, planned, known, &mut changes)?;
    }
    Ok(changes)
}

/// Whether any mirror of an event is wanted otherwise than it was: of most none is.
fn differs(lenses: &Lenses, planned: &Planned) -> bool {
    let Planned { known, wishes, .. } = planned;
    let of = |key: MirrorKey| known.iter().find(move |sketch| sketch.key == key);
    let is_other = |wish: &Wish| match of(wish.key) {
        None => wish.part != Part::Stale,
        Some(known) => {
            known.wanted.as_ref() != wish.hash()
                || known.part != wish.part
                || known.reason != wish.reason
                || known.state == MirrorState::Error
        }
    };
    let is_orphan = |sketch: &&Sketch| wishes.iter().all(|wish| wish.key != sketch.key);
    let is_to_go = |sketch: &Sketch| {
        let is_buried = sketch.state == MirrorState::Tombstoned;
        sketch.wanted.is_some()
            || sketch.state == MirrorState::Error
            || (sketch.key.occurrence.is_none()
                && !is_buried
                && sketch.reason != Some(orphaned(&planned.event)))
            || (sketch.key.occurrence.is_some()
                && (!sketch.dismissed || sketch.state == MirrorState::Pending))
            || (!is_buried && !lenses.knows(sketch.key.calendar))
    };
    wishes.iter().any(is_other) || known.iter().filter(is_orphan).any(is_to_go)
}

fn compare<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    planned: Planned,
    known: Vec<StoredMirror>,
    changes: &mut Changes,
) -> Result<(), StoreError> {
    let Planned { event, lane, wishes, mirrors, .. } = planned;
    let order = order_key(ctx.now, &event.content.when, event.last_end);
    let mut known: BTreeMap<MirrorKey, StoredMirror> =
        known.into_iter().map(|mirror| (mirror.key, mirror)).collect();
    // An instance has the id of its series' mirror.
    let generations: BTreeMap<CalendarId, u32> = known
        .values()
        .filter(|mirror| mirror.key.occurrence.is_none())
        .map(|mirror| (mirror.key.calendar, mirror.mirror.id_generation))
        .collect();
    let shown: BTreeSet<CalendarId> = wishes
        .iter()
        .filter(|wish| wish.key.occurrence.is_none() && wish.shown.is_some())
        .map(|wish| wish.key.calendar)
        .collect();
    // Until the mirror of a series is gone, so are its instances not: what is known of them counts if it is wanted again.
    let going: BTreeSet<CalendarId> = known
        .values()
        .filter(|mirror| mirror.key.occurrence.is_none() && !nothing_there(mirror))
        .map(|mirror| mirror.key.calendar)
        .collect();
    // A series that comes back comes without what was dismissed of it.
    let back: BTreeSet<CalendarId> = known
        .values()
        .filter(|mirror| mirror.part == Part::Series && mirror.mirror.wanted.is_none())
        .map(|mirror| mirror.key.calendar)
        .collect();
    for wish in wishes {
        let generation = generations.get(&wish.key.calendar).copied().unwrap_or(0);
        match known.remove(&wish.key) {
            None if wish.part == Part::Stale => {}
            None => {
                let mut mirror = new(&wish, lane);
                if wish.key.occurrence.is_some() {
                    mirror.mirror.id_generation = generation;
                }
                if mirrors == Mirrors::Stored {
                    changes.recorder.record(wish.key, None, Some(&mirror))?;
                }
                changes.insert.push((mirror, order));
            }
            Some(mirror) if wish.part == Part::Stale && nothing_written(&mirror) => {
                changes.recorder.record(wish.key, Some(&mirror), None)?;
                changes.forget.push(wish.key);
            }
            Some(mut mirror)
                if mirror.dismissed && wish.part == Part::Instance && back.contains(&wish.key.calendar) =>
            {
                let before = mirror.clone();
                mirror.mirror.start_over(generation);
                changes.recorder.record(wish.key, Some(&before), Some(&mirror))?;
                changes.facts.push(mirror);
            }
            Some(mut mirror) => {
                let before = mirror.clone();
                let changed = mirror.mirror.wish(wish.hash().cloned());
                mirror.reason = wish.reason;
                changes.recorder.record(wish.key, Some(&before), Some(&mirror))?;
                if changed || mirror.part != wish.part {
                    mirror.part = wish.part;
                    mirror.lane = lane;
                    changes.update.push((mirror, order));
                } else if let Some(reason) = wish.reason.filter(|reason| before.reason != Some(*reason)) {
                    changes.reasons.push((wish.key, reason));
                }
            }
        }
    }
    for (key, mut orphan) in known {
        let before = orphan.clone();
        if key.occurrence.is_some() && lenses.knows(key.calendar) {
            if orphan.dismissed {
                // What was dismissed stays so, but there is nothing to be kept away.
                orphan.mirror.lapse();
                changes.recorder.record(key, Some(&before), Some(&orphan))?;
                changes.facts.push(orphan);
            } else if shown.contains(&key.calendar) && !nothing_written(&orphan) {
                // Its series does not repeat any more: a provider may keep what was an instance.
                orphan.part = Part::Stale;
                orphan.lane = lane;
                orphan.mirror.wish(None);
                changes.recorder.record(key, Some(&before), Some(&orphan))?;
                changes.update.push((orphan, order));
            } else if !going.contains(&key.calendar) {
                // Its series has no mirror any more, and took its instances with it.
                changes.recorder.record(key, Some(&before), None)?;
                changes.forget.push(key);
            }
        } else if !lenses.knows(key.calendar) {
            changes.recorder.record(key, Some(&before), Some(&before.buried()))?;
            changes.bury.push(key);
        } else {
            orphan.reason = Some(orphaned(&event));
            let changed = orphan.mirror.wish(None);
            changes.recorder.record(key, Some(&before), Some(&orphan))?;
            if changed {
                orphan.lane = lane;
                changes.update.push((orphan, order));
            } else if before.reason != orphan.reason {
                changes.reasons.push((key, orphaned(&event)));
            }
        }
    }
    Ok(())
}

/// Why a mirror is not wanted of which no edge says anything.
const fn orphaned(event: &StoredEvent) -> FilterReason {
    if event.deleted { FilterReason::Deleted } else { FilterReason::NoEdge }
}

fn nothing_there(mirror: &StoredMirror) -> bool {
    mirror.mirror.acked.is_none() && !mirror.mirror.claimed && !mirror.mirror.in_doubt
}

/// Of what was written once the provider keeps a trace: a cancelled instance stays, should the series have it again.
fn nothing_written(mirror: &StoredMirror) -> bool {
    mirror.mirror.acked.as_ref() == Some(&INHERITED) && !mirror.mirror.claimed && !mirror.mirror.in_doubt
}

fn new(wish: &Wish, lane: Lane) -> StoredMirror {
    let hash = wish.hash().cloned();
    let mirror = match (wish.key.occurrence, hash) {
        (None, Some(hash)) => Mirror::wished(hash),
        (None, None) => Mirror::unwanted(),
        (Some(_), hash) => Mirror::instance(hash),
    };
    StoredMirror {
        key: wish.key,
        account: wish.account,
        part: wish.part,
        mirror,
        lane,
        claim: None,
        restores: 0,
        restore_day: None,
        dismissed: false,
        reason: wish.reason,
        written: None,
    }
}
