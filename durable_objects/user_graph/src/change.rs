//! Changes of canonical events, carried out together: rows, journal, what follows for others, mirrors.

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::actor::Actor;
use tminus_domain::dirty::Lane;
use tminus_domain::event::{Status, When};
use tminus_domain::ids::{CalendarId, EventId};
use tminus_domain::meeting::stands;
use tminus_domain::ordering::Position;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::{Context, Effects};
use crate::copies::Copies;
use crate::events::{self, StoredEvent, Times};
use crate::journal::{self, Change, Entry};
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::project::{self, Mirrors, Subject};
use crate::search;

/// One event that changed.
#[derive(Debug, Clone)]
pub(crate) struct Changed {
    pub(crate) before: Option<StoredEvent>,
    pub(crate) after: StoredEvent,
    pub(crate) lane: Lane,
    /// For the journal; of a new event also its source.
    pub(crate) actor: Actor,
    /// For the journal.
    pub(crate) reason: &'static str,
    pub(crate) way_back: WayBack,
}

/// Whether the journal keeps what leads from a change back to what was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WayBack {
    /// It does.
    Kept,
    /// What was is to be forgotten.
    None,
}

impl Changed {
    /// The event is gone, as its provider says.
    pub(crate) fn deleted(before: StoredEvent, position: Position, lane: Lane, reason: &'static str) -> Self {
        let mut after = before.clone();
        after.content.status = Status::Cancelled;
        after.deleted = true;
        after.version = before.version.saturating_add(1);
        after.position = position;
        let actor = Actor::Provider;
        Self { before: Some(before), after, lane, actor, reason, way_back: WayBack::Kept }
    }

    pub(crate) fn kind(&self) -> Change {
        match &self.before {
            None => Change::Created,
            Some(before) if self.after.deleted && !before.deleted => Change::Deleted,
            Some(_) => Change::Updated,
        }
    }

    /// Whether its account holds the meeting otherwise than before, which concerns its copies elsewhere.
    pub(crate) fn moves_copies(&self) -> bool {
        let held = |event: &StoredEvent| !event.deleted && stands(&event.content);
        let before = self.before.as_ref();
        // Without an exception of its own an occurrence is held with its series.
        let is_new_exception = before.is_none() && self.after.exception().is_some();
        // By its rules it holds other occurrences.
        fn rules(event: &StoredEvent) -> Option<(&When, &[String])> {
            Some((&event.content.when, event.lines()?))
        }
        is_new_exception
            || before.is_some_and(|before| rules(before) != rules(&self.after))
            || before.is_some_and(held) != held(&self.after)
            || before.is_some_and(|before| before.uid() != self.after.uid())
    }
}

/// Carries changes out. Returns how many mirrors are wanted otherwise.
pub(crate) fn carry_out<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    mut changes: Vec<Changed>,
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    if changes.is_empty() {
        return Ok(0);
    }
    cascade(ctx, &mut changes)?;
    write(ctx, &changes)?;
    let siblings = siblings(ctx, lenses, &changes)?;
    let left = left_alone(ctx, &changes)?;
    let mut subjects: Vec<Subject> = Vec::with_capacity(changes.len());
    for changed in changes {
        if !project::shows(ctx, lenses, &changed) {
            continue;
        }
        let Changed { before, after, lane, .. } = changed;
        let mirrors = if before.is_none() { Mirrors::None } else { Mirrors::Stored };
        subjects.push(Subject { event: after, lane, mirrors });
    }
    subjects.extend(left.into_iter().map(|(event, lane)| Subject { event, lane, mirrors: Mirrors::Stored }));
    if !siblings.is_empty() {
        let at_hand: BTreeSet<EventId> = subjects.iter().map(|subject| subject.event.event).collect();
        let others = siblings.into_iter().filter(|(event, _)| !at_hand.contains(event));
        let others: BTreeMap<EventId, Lane> = others.collect();
        for event in events::by_ids(ctx, others.keys().copied())? {
            let lane = others.get(&event.event).copied().unwrap_or(Lane::Bulk);
            subjects.push(Subject { event, lane, mirrors: Mirrors::Stored });
        }
    }
    project::project(ctx, lenses, subjects, Cause::Event, effects)
}

/// What was an exception of a series that is deleted goes with it, unless it was seen later.
fn cascade<H: ObjectHost>(ctx: &Context<'_, H>, changes: &mut Vec<Changed>) -> Result<(), StoreError> {
    let mut gone: BTreeMap<CalendarId, BTreeMap<&str, &Changed>> = BTreeMap::new();
    for changed in changes.iter().filter(|changed| changed.kind() == Change::Deleted) {
        if changed.after.lines().is_some() {
            gone.entry(changed.after.calendar).or_default().insert(&changed.after.origin, changed);
        }
    }
    if gone.is_empty() {
        return Ok(());
    }
    let at_hand: BTreeSet<EventId> = changes.iter().map(|changed| changed.after.event).collect();
    let mut more = Vec::new();
    for (calendar, masters) in &gone {
        let ids: Vec<&str> = masters.keys().copied().collect();
        for exception in events::exceptions_of(ctx, *calendar, &ids)? {
            let master = exception.exception().and_then(|(master, _)| masters.get(master));
            let Some(master) = master.filter(|master| exception.position < master.after.position) else {
                continue;
            };
            if !exception.deleted && !at_hand.contains(&exception.event) {
                let position = master.after.position;
                let actor = master.actor;
                let gone = Changed::deleted(exception, position, master.lane, "its series was deleted");
                more.push(Changed { actor, ..gone });
            }
        }
    }
    changes.extend(more);
    Ok(())
}

fn write<H: ObjectHost>(ctx: &Context<'_, H>, changes: &[Changed]) -> Result<(), StoreError> {
    let with = |wanted: Option<Times>| {
        let fits = move |changed: &&Changed| times(changed) == wanted;
        changes.iter().filter(fits).map(|changed| (&changed.after, changed.actor))
    };
    events::insert(ctx, with(None))?;
    events::update(ctx, with(Some(Times::Kept)), Times::Kept)?;
    events::update(ctx, with(Some(Times::Changed)), Times::Changed)?;
    search::note(ctx, changes)?;
    journal::append(
        ctx,
        changes.iter().map(|changed| Entry {
            event: changed.after.event,
            change: changed.kind(),
            actor: changed.actor,
            version: changed.after.version,
            before: changed
                .before
                .as_ref()
                .filter(|_| changed.way_back == WayBack::Kept)
                .map(|before| &before.content),
            after: &changed.after.content,
            reason: changed.reason,
        }),
    )
}

/// Whether the columns of an index changed; `None` if the event is new.
fn times(changed: &Changed) -> Option<Times> {
    let before = changed.before.as_ref()?;
    let indexed = |event: &StoredEvent| {
        let content = &event.content;
        (
            content.when.start_key(),
            content.when.end_key(),
            content.ical_uid.clone(),
            event.exception().is_some(),
        )
    };
    Some(if indexed(before) == indexed(&changed.after) { Times::Kept } else { Times::Changed })
}

/// The exceptions of series that do not repeat any more.
fn left_alone<H: ObjectHost>(
    ctx: &Context<'_, H>,
    changes: &[Changed],
) -> Result<Vec<(StoredEvent, Lane)>, StoreError> {
    let at_hand: BTreeSet<EventId> = changes.iter().map(|changed| changed.after.event).collect();
    let mut left = Vec::new();
    for changed in changes {
        let repeated = changed.before.as_ref().is_some_and(|before| before.lines().is_some());
        if repeated && changed.after.lines().is_none() {
            let exceptions = events::exceptions_of(ctx, changed.after.calendar, &[&changed.after.origin])?;
            let others = exceptions.into_iter().filter(|event| !at_hand.contains(&event.event));
            left.extend(others.map(|event| (event, changed.lane)));
        }
    }
    Ok(left)
}

/// The copies, in other accounts, of meetings that an account holds otherwise than before.
fn siblings<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    changes: &[Changed],
) -> Result<Vec<(EventId, Lane)>, StoreError> {
    let moved: Vec<&Changed> = changes.iter().filter(|changed| changed.moves_copies()).collect();
    let mut found = Vec::new();
    let now: Vec<&StoredEvent> = moved.iter().map(|changed| &changed.after).collect();
    let copies = Copies::find(ctx, lenses, &now)?;
    for changed in &moved {
        found.extend(copies.siblings(&changed.after).map(|event| (event, changed.lane)));
    }
    let before: Vec<&StoredEvent> = moved
        .iter()
        .filter_map(|changed| changed.before.as_ref().filter(|before| before.uid() != changed.after.uid()))
        .collect();
    if !before.is_empty() {
        let copies = Copies::find(ctx, lenses, &before)?;
        found.extend(before.iter().flat_map(|event| copies.siblings(event)).map(|event| (event, Lane::Live)));
    }
    Ok(found)
}
