//! The items of a chunk: each is judged against what is known, and what changed is carried out together.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::actor::Actor;
use tminus_domain::dirty::Lane;
use tminus_domain::event::{EventContent, SeriesPart, Status};
use tminus_domain::ids::EventId;
use tminus_domain::mark::{self, Mark};
use tminus_domain::meeting::{base_id, own_id};
use tminus_domain::mirroring::Sight;
use tminus_domain::ordering::{Position, Sighting, Verdict, judge};
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::change::{self, Changed, WayBack};
use crate::context::{Context, Effects};
use crate::contract::{Applied, ApplyChunk, Delta};
use crate::events::{self, Sketch, StoredEvent};
use crate::fresh::Lanes;
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::progress::News;
use crate::series::{self, Normal};
use crate::{floors, quarantine, sightings};

/// A chunk on its way into the graph.
pub(crate) struct Chunk<'a, H> {
    ctx: &'a Context<'a, H>,
    command: &'a ApplyChunk,
    lenses: &'a Lenses,
    /// Pages of an older generation make nothing known.
    floor: u32,
    lanes: Lanes,
    /// A tombstone of ours tells no time: that of a chunk that was overtaken, or comes twice, tells nothing.
    news: News,
}

/// What becomes of the items of a chunk.
#[derive(Default)]
struct Judged<'d> {
    /// Events to be made or replaced.
    put: BTreeMap<&'d str, Put<'d>>,
    /// Events to be deleted.
    delete: BTreeMap<&'d str, Sketch>,
    /// Ids that are deleted and no event's.
    unknown: Vec<&'d str>,
    /// Ids of what is there and cannot be understood: of no series, and not deleted either.
    unread: Vec<&'d str>,
    /// Items that were understood.
    understood: Vec<Cow<'d, str>>,
    /// Masters of exceptions that are known already, and may never have been asked for.
    masters: BTreeSet<&'d str>,
}

struct Put<'d> {
    known: Option<Sketch>,
    etag: &'d str,
    content: Normal<'d>,
    lane: Lane,
}

impl<'a, H: ObjectHost> Chunk<'a, H> {
    pub(crate) fn new(
        ctx: &'a Context<'a, H>,
        command: &'a ApplyChunk,
        lenses: &'a Lenses,
        news: News,
    ) -> Result<Self, StoreError> {
        let floor = floors::of(ctx, command.calendar)?;
        Ok(Self { ctx, command, lenses, floor, lanes: Lanes::of(command, ctx.now), news })
    }

    const fn position(&self) -> Position {
        self.command.chunk.position
    }

    /// Applies items.
    pub(crate) fn apply<'d>(
        &self,
        deltas: impl Iterator<Item = &'d Delta> + Clone,
        tally: &mut Applied,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        let ids: Vec<&str> = deltas.clone().filter_map(origin_id).collect();
        let mut known: BTreeMap<&str, Sketch> = BTreeMap::new();
        if self.command.role.is_source() && !ids.is_empty() {
            for (place, sketch) in events::sketches(self.ctx, self.command.calendar, &ids)? {
                if let Some(id) = ids.get(place) {
                    known.insert(id, sketch);
                }
            }
        }
        let mut judged = Judged::default();
        for delta in deltas {
            self.judge(delta, &known, &mut judged, tally, effects)?;
        }
        let Judged { put, delete, unknown, unread, understood, masters } = judged;
        let changes = self.changes(put, delete, tally)?;
        self.ask_again(&masters, &changes, tally)?;
        // Of what is not there, or cannot be understood, comes no series.
        let no_series: Vec<&str> = unknown.iter().chain(&unread).copied().collect();
        self.look_for_masters(&no_series, &changes, tally, effects)?;
        let orphans = series::left_behind(self.ctx, self.command.calendar, &changes)?;
        tally.look_again.extend(orphans);
        tally.look_again.extend(series::taken_along(self.ctx, self.command.calendar, &changes)?);
        let wanted = change::carry_out(self.ctx, self.lenses, changes, effects)?;
        tally.mirrors_changed = tally.mirrors_changed.saturating_add(wanted);
        let gone = match self.news {
            News::Fresh => sightings::gone(self.ctx, self.lenses, self.command, &unknown, effects)?,
            News::Old => 0,
        };
        tally.mirrors_changed = tally.mirrors_changed.saturating_add(gone);
        tally.unchanged = tally.unchanged.saturating_sub(gone);
        quarantine::release(self.ctx, self.command, &understood)
    }

    fn judge<'d>(
        &self,
        delta: &'d Delta,
        known: &BTreeMap<&str, Sketch>,
        judged: &mut Judged<'d>,
        tally: &mut Applied,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        match delta {
            Delta::Present { id, etag, updated, content }
            | Delta::Floating { id, etag, updated, content, .. }
                if self.command.role.is_source() =>
            {
                let sketch = judged.sketch(id, known, self.position());
                let sighting = match content.status {
                    Status::Cancelled => Sighting::Cancelled { etag },
                    Status::Confirmed | Status::Tentative => Sighting::Present { etag },
                };
                let known = sketch.as_ref().map(Sketch::known);
                match judge(known.as_ref(), sighting, self.position()) {
                    Verdict::Create if self.position().generation >= self.floor => {
                        count(&mut tally.created);
                    }
                    Verdict::Update => count(&mut tally.updated),
                    _ => {
                        count(&mut tally.unchanged);
                        if sketch.is_some_and(|sketch| !sketch.deleted && !sketch.lone)
                            && let SeriesPart::Exception { master, .. } = &content.series
                        {
                            judged.masters.insert(master);
                        }
                        return Ok(());
                    }
                }
                match series::read(content, delta.floating()) {
                    Ok(content) => {
                        let lane = self.lanes.for_change(*updated);
                        judged.delete.remove(id.as_str());
                        judged.put.insert(id, Put { known: sketch, etag, content, lane });
                        judged.understood.push(id.into());
                    }
                    Err(reason) => {
                        // It cannot be followed: what is known of it stays as it is, and the user is told.
                        count(&mut tally.quarantined);
                        quarantine::put(self.ctx, self.command, Some(id), &reason.to_string())?;
                        if sketch.is_none() {
                            judged.unread.push(id);
                        }
                    }
                }
            }
            // An overlay calendar is ours: what others put there is nobody's origin.
            Delta::Present { .. } | Delta::Floating { .. } => count(&mut tally.unchanged),
            Delta::Deleted { id } => {
                let sketch = judged.sketch(id, known, self.position());
                let known = sketch.as_ref().map(Sketch::known);
                match (judge(known.as_ref(), Sighting::Deleted, self.position()), sketch) {
                    (Verdict::Delete, Some(sketch)) => {
                        count(&mut tally.deleted);
                        judged.put.remove(id.as_str());
                        judged.delete.insert(id, sketch);
                        judged.understood.push(id.into());
                    }
                    (_, sketch) => {
                        count(&mut tally.unchanged);
                        judged.understood.push(id.into());
                        if sketch.is_none() && judged.put.remove(id.as_str()).is_none() {
                            judged.unknown.push(id);
                        }
                    }
                }
            }
            Delta::Mirror { mark, occurrence, etag, seen, updated, shows } => {
                let ours =
                    mark.parse::<Mark>().ok().filter(|mark| mark.target_calendar == self.command.calendar);
                let sight = Sight::Live { etag, hash: seen, updated: *updated, shows: shows.as_deref() };
                let changed = match ours {
                    Some(mark) => sightings::seen(
                        self.ctx,
                        self.lenses,
                        &mark,
                        *occurrence,
                        sight,
                        self.command.lane,
                        effects,
                    )?,
                    None => false,
                };
                count(if changed { &mut tally.mirrors_changed } else { &mut tally.unchanged });
                judged.understood.extend(delta.held_id().map(Cow::Owned));
            }
            Delta::Bad { id, reason } => {
                count(&mut tally.quarantined);
                quarantine::put(self.ctx, self.command, id.as_deref(), reason)?;
                judged.unread.extend(id.as_deref());
            }
        }
        Ok(())
    }

    /// Loads what is to be changed as it was, and makes what it is.
    fn changes(
        &self,
        put: BTreeMap<&str, Put<'_>>,
        delete: BTreeMap<&str, Sketch>,
        tally: &mut Applied,
    ) -> Result<Vec<Changed>, StoreError> {
        let known = put.values().filter_map(|put| put.known.as_ref()).chain(delete.values());
        let mut before: BTreeMap<EventId, StoredEvent> =
            events::by_ids(self.ctx, known.map(|sketch| sketch.event))?
                .into_iter()
                .map(|event| (event.event, event))
                .collect();
        let mut changes = Vec::with_capacity(put.len().saturating_add(delete.len()));
        for sketch in delete.values() {
            if let Some(before) = before.remove(&sketch.event) {
                changes.push(Changed::deleted(before, self.position(), self.command.lane, "sync"));
            }
        }
        for (id, put) in put {
            let before = put.known.as_ref().and_then(|sketch| before.remove(&sketch.event));
            changes.push(self.changed(id, put, before));
        }
        self.ask_for_series(&mut changes, tally)?;
        Ok(changes)
    }

    fn changed(&self, id: &str, put: Put<'_>, before: Option<StoredEvent>) -> Changed {
        let mut content: EventContent = put.content.content.into_owned();
        // The usual UID is told by the id: to leave it out saves a row of the index and a tenth of the event.
        let is_usual = content.ical_uid.as_deref().and_then(own_id) == Some(base_id(id, &content));
        if is_usual {
            content.ical_uid = None;
        }
        let after = StoredEvent {
            event: before.as_ref().map_or_else(|| self.ctx.id(), |before| before.event),
            account: self.command.account,
            calendar: self.command.calendar,
            origin: id.to_owned(),
            version: before.as_ref().map_or(1, |before| before.version.saturating_add(1)),
            etag: put.etag.to_owned(),
            position: self.position(),
            deleted: content.status == Status::Cancelled,
            last_end: put.content.last_end,
            lone: before.as_ref().is_some_and(|before| before.lone),
            content,
        };
        let actor = Actor::Provider;
        Changed { before, after, lane: put.lane, actor, reason: "sync", way_back: WayBack::Kept }
    }

    /// Sees to the series of exceptions: one that is deleted took with it what was seen before; one that nobody has
    /// seen is asked for.
    fn ask_for_series(&self, changes: &mut [Changed], tally: &mut Applied) -> Result<(), StoreError> {
        let here: BTreeSet<String> = changes
            .iter()
            .filter(|changed| changed.after.lines().is_some())
            .map(|changed| changed.after.origin.clone())
            .collect();
        let elsewhere: BTreeSet<String> = changes
            .iter()
            .filter_map(|changed| changed.after.exception())
            .map(|(master, _)| master.to_owned())
            .filter(|master| !here.contains(master))
            .collect();
        let ids: Vec<&str> = elsewhere.iter().map(String::as_str).collect();
        let mut known: BTreeMap<String, Sketch> = BTreeMap::new();
        if !ids.is_empty() {
            for (place, sketch) in events::sketches(self.ctx, self.command.calendar, &ids)? {
                if let Some(id) = ids.get(place) {
                    known.insert((*id).to_owned(), sketch);
                }
            }
        }
        for changed in changes.iter_mut() {
            let position = changed.after.position;
            let Some((master, _)) = changed.after.exception() else { continue };
            if here.contains(master) {
                changed.after.lone = false;
                continue;
            }
            match known.get(master) {
                Some(series) if series.deleted && position < series.position => {
                    if series.position.is_later_in_run(position) {
                        tally.look_again.push(changed.after.origin.clone());
                    }
                    changed.after.content.status = Status::Cancelled;
                    changed.after.deleted = true;
                }
                Some(_) => changed.after.lone = false,
                None if changed.after.lone || changed.after.deleted => {}
                None => tally.look_again.push(master.to_owned()),
            }
        }
        Ok(())
    }

    /// What was to follow from a chunk may have been lost with its consumer: what is asked for is asked again, until the
    /// answer is known.
    fn ask_again(
        &self,
        masters: &BTreeSet<&str>,
        changes: &[Changed],
        tally: &mut Applied,
    ) -> Result<(), StoreError> {
        let here = |id: &&str| changes.iter().any(|changed| changed.after.origin == **id);
        let ids: Vec<&str> = masters.iter().copied().filter(|id| !here(id)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let known = events::sketches(self.ctx, self.command.calendar, &ids)?;
        let known: BTreeSet<usize> = known.into_iter().map(|(place, _)| place).collect();
        let missing = ids.iter().enumerate().filter(|(place, _)| !known.contains(place));
        tally.look_again.extend(missing.map(|(_, id)| (*id).to_owned()));
        Ok(())
    }

    /// Ids that the provider does not have may be of series that were asked for: their exceptions stand alone.
    fn look_for_masters(
        &self,
        unknown: &[&str],
        changes: &[Changed],
        tally: &mut Applied,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        let masters: Vec<&str> =
            unknown.iter().copied().filter(|id| !mark::has_form_of_ours(mark::apart(id).0)).collect();
        if !self.command.role.is_source() || masters.is_empty() {
            return Ok(());
        }
        let changing: BTreeSet<EventId> = changes.iter().map(|changed| changed.after.event).collect();
        let lone = series::stand_alone(self.ctx, self.command.calendar, &masters, &changing)?;
        let lane = self.command.lane;
        let wanted = crate::project::project_ids(self.ctx, self.lenses, &lone, lane, Cause::Event, effects)?;
        tally.mirrors_changed = tally.mirrors_changed.saturating_add(wanted);
        Ok(())
    }
}

impl<'d> Judged<'d> {
    /// What is known of an id, items of this chunk included: a page may hold an event twice.
    fn sketch(&self, id: &str, known: &BTreeMap<&str, Sketch>, position: Position) -> Option<Sketch> {
        if let Some(put) = self.put.get(id) {
            let event = put.known.as_ref().map(|sketch| sketch.event)?;
            return Some(Sketch { event, position, etag: put.etag.to_owned(), deleted: false, lone: false });
        }
        if let Some(sketch) = self.delete.get(id) {
            return Some(Sketch { position, deleted: true, ..sketch.clone() });
        }
        known.get(id).cloned()
    }
}

/// The provider's id of an item that can be an event of the user.
fn origin_id(delta: &Delta) -> Option<&str> {
    match delta {
        Delta::Present { id, .. } | Delta::Floating { id, .. } | Delta::Deleted { id } => Some(id),
        Delta::Mirror { .. } | Delta::Bad { .. } => None,
    }
}

fn count(of: &mut u32) {
    *of = of.saturating_add(1);
}
