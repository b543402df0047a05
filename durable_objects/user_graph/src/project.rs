//! From events to the mirrors that they want: facts are loaded for all of them at once, the rules decide, what differs is
//! written.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use tminus_domain::dirty::Lane;
use tminus_domain::event::SeriesPart;
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::{Lens, MirrorBody, Projection, ProjectionHash};
use tminus_domain::recurrence::Series;
use tminus_domain::series::{self, Exception, Instance, Known, Master};
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::change::Changed;
use crate::context::{Context, Effects};
use crate::copies::Copies;
use crate::events::{self, StoredEvent};
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::mirrors::{self, MirrorKey, Part, Sketch};
use crate::wishes::{self, Changes};

/// An event that is to be projected.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) event: StoredEvent,
    pub(crate) lane: Lane,
    pub(crate) mirrors: Mirrors,
}

/// Whether an event can have mirrors already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mirrors {
    /// It is new.
    None,
    /// They are stored, if there are any.
    Stored,
}

/// What is wanted of one mirror.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) key: MirrorKey,
    pub(crate) account: AccountId,
    pub(crate) part: Part,
    /// What it is to show; `None`: nothing is to be there.
    pub(crate) shown: Option<Rc<Shown>>,
    /// Why nothing is to be there; `None` of an instance of a series.
    pub(crate) reason: Option<FilterReason>,
}

/// What a mirror is to show, and the hash of that.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) body: MirrorBody,
    pub(crate) hash: ProjectionHash,
}

impl Shown {
    fn new(body: MirrorBody) -> Rc<Self> {
        Rc::new(Self { hash: body.hash(), body })
    }
}

impl Wish {
    /// The hash of what it is to show.
    pub(crate) fn hash(&self) -> Option<&ProjectionHash> {
        self.shown.as_ref().map(|shown| &shown.hash)
    }
}

/// What is wanted of the mirrors of one event.
#[derive(Debug)]
pub(crate) struct Planned {
    pub(crate) event: StoredEvent,
    pub(crate) lane: Lane,
    pub(crate) mirrors: Mirrors,
    pub(crate) known: Vec<Sketch>,
    pub(crate) wishes: Vec<Wish>,
}

/// Projects events, and what hangs together with them: the series of an exception, the exceptions of a series. Returns how
/// many mirrors are wanted otherwise. `cause` is for their journal.
pub(crate) fn project<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    subjects: Vec<Subject>,
    cause: Cause,
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    let planned = plan(ctx, lenses, with_series(ctx, subjects)?)?;
    wishes::store(ctx, lenses, planned, cause, effects)
}

/// What [`project`] would change of the mirrors of stored events.
pub(crate) fn differences<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    events: Vec<StoredEvent>,
) -> Result<Changes, StoreError> {
    let subject = |event| Subject { event, lane: Lane::Bulk, mirrors: Mirrors::Stored };
    let planned = plan(ctx, lenses, with_series(ctx, events.into_iter().map(subject).collect())?)?;
    wishes::differences(ctx, lenses, planned)
}

/// Projects the events of these ids.
pub(crate) fn project_ids<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    ids: &BTreeSet<EventId>,
    lane: Lane,
    cause: Cause,
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    let subject = |event| Subject { event, lane, mirrors: Mirrors::Stored };
    let subjects = events::by_ids(ctx, ids.iter().copied())?.into_iter().map(subject).collect();
    project(ctx, lenses, subjects, cause, effects)
}

/// What the mirrors of these events are to show now.
pub(crate) fn wanted<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    ids: &BTreeSet<EventId>,
) -> Result<BTreeMap<MirrorKey, Wish>, StoreError> {
    let subject = |event| Subject { event, lane: Lane::Live, mirrors: Mirrors::Stored };
    let subjects = events::by_ids(ctx, ids.iter().copied())?.into_iter().map(subject).collect();
    let planned = plan(ctx, lenses, with_series(ctx, subjects)?)?;
    Ok(planned.into_iter().flat_map(|planned| planned.wishes).map(|wish| (wish.key, wish)).collect())
}

/// Whether a change can be seen through any lens. A new title under BUSY cannot: nothing is asked of mirrors then.
pub(crate) fn shows<H: ObjectHost>(ctx: &Context<'_, H>, lenses: &Lenses, changed: &Changed) -> bool {
    let after = &changed.after;
    let single = |event: &StoredEvent| !event.deleted && event.content.series == SeriesPart::Single;
    let Some(before) = changed.before.as_ref().filter(|before| single(before) && single(after)) else {
        return true;
    };
    let through = lenses.of(after.account, after.calendar);
    let differs = |lens: &Lens| {
        let project = |event: &StoredEvent| lens.project(&event.content, None, ctx.now);
        project(before) != project(after)
    };
    let is_first =
        |place: usize, lens: &Lens| !through.iter().take(place).any(|other| other.shows_like(lens));
    // What a window lets through now may not be what it let through when the mirror was made.
    changed.moves_copies()
        || through.iter().any(|lens| lens.needs_clock())
        || through.iter().enumerate().any(|(place, lens)| is_first(place, lens) && differs(lens))
}

/// Adds the series of exceptions and the exceptions of series.
fn with_series<H: ObjectHost>(
    ctx: &Context<'_, H>,
    subjects: Vec<Subject>,
) -> Result<Vec<Subject>, StoreError> {
    let mut series: BTreeMap<CalendarId, BTreeMap<String, Lane>> = BTreeMap::new();
    for subject in &subjects {
        let event = &subject.event;
        let master = match event.exception() {
            Some((master, _)) => master,
            None if event.lines().is_some() => &event.origin,
            None => continue,
        };
        let lane = series.entry(event.calendar).or_default().entry(master.to_owned()).or_insert(subject.lane);
        if subject.lane == Lane::Live {
            *lane = Lane::Live;
        }
    }
    if series.is_empty() {
        return Ok(subjects);
    }
    let mut all: BTreeMap<EventId, Subject> =
        subjects.into_iter().map(|subject| (subject.event.event, subject)).collect();
    for (calendar, masters) in series {
        let ids: Vec<&str> = masters.keys().map(String::as_str).collect();
        let mut found = events::by_origins(ctx, calendar, &ids)?;
        found.extend(events::exceptions_of(ctx, calendar, &ids)?);
        for event in found {
            let master = event.exception().map_or(event.origin.as_str(), |(master, _)| master);
            let lane = masters.get(master).copied().unwrap_or(Lane::Bulk);
            // What was changed just now is at hand already, and says more: that it is new.
            all.entry(event.event).or_insert(Subject { event, lane, mirrors: Mirrors::Stored });
        }
    }
    Ok(all.into_values().collect())
}

/// Decides what is wanted of the mirrors of all these events, of which the series are whole.
fn plan<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    subjects: Vec<Subject>,
) -> Result<Vec<Planned>, StoreError> {
    let stored = subjects.iter().filter(|subject| subject.mirrors == Mirrors::Stored);
    let mut known: BTreeMap<EventId, Vec<Sketch>> = BTreeMap::new();
    for mirror in mirrors::sketches(ctx, stored.map(|subject| subject.event.event))? {
        known.entry(mirror.key.event).or_default().push(mirror);
    }
    let mut wishes = decide(ctx, lenses, &subjects, &known)?;
    let planned = |subject: Subject| Planned {
        known: known.remove(&subject.event.event).unwrap_or_default(),
        wishes: wishes.remove(&subject.event.event).unwrap_or_default(),
        event: subject.event,
        lane: subject.lane,
        mirrors: subject.mirrors,
    };
    Ok(subjects.into_iter().map(planned).collect())
}

fn decide<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    subjects: &[Subject],
    known: &BTreeMap<EventId, Vec<Sketch>>,
) -> Result<BTreeMap<EventId, Vec<Wish>>, StoreError> {
    let live: Vec<&StoredEvent> =
        subjects.iter().map(|subject| &subject.event).filter(|event| !event.deleted).collect();
    let copies = Copies::find(ctx, lenses, &live)?;
    let planner = Planner { ctx, copies, known };
    let mut views = BTreeMap::new();
    let mut wishes: BTreeMap<EventId, Vec<Wish>> = BTreeMap::new();
    let mut exceptions: BTreeMap<(CalendarId, &str), Vec<&StoredEvent>> = BTreeMap::new();
    for subject in subjects {
        let event = &subject.event;
        if let Some((master, _)) = event.exception() {
            exceptions.entry((event.calendar, master)).or_default().push(event);
        }
    }
    for event in subjects.iter().map(|subject| &subject.event).filter(|event| event.exception().is_none()) {
        let through = views
            .entry((event.account, event.calendar))
            .or_insert_with(|| lenses.of(event.account, event.calendar));
        let of_series = exceptions.remove(&(event.calendar, event.origin.as_str()));
        if event.lines().is_some() && !event.deleted {
            planner.series(event, of_series.as_deref().unwrap_or_default(), through, &mut wishes);
            continue;
        }
        wishes.insert(event.event, planner.single(event, through));
        for exception in of_series.into_iter().flatten() {
            // Its series was deleted, and this was seen later.
            wishes.insert(exception.event, planner.single(exception, through));
        }
    }
    for exception in exceptions.into_values().flatten() {
        let through = lenses.of(exception.account, exception.calendar);
        // Nobody has seen its series: until it is known whether there is one, nothing is written that would have to go.
        let alone = if exception.lone || exception.deleted {
            planner.single(exception, &through)
        } else {
            let unseen = Err(FilterReason::SeriesUnseen);
            through.iter().map(|lens| own(exception.event, lens, Part::Single, unseen.clone())).collect()
        };
        wishes.insert(exception.event, alone);
    }
    Ok(wishes)
}

struct Planner<'a, H> {
    ctx: &'a Context<'a, H>,
    copies: Copies,
    known: &'a BTreeMap<EventId, Vec<Sketch>>,
}

impl<H: ObjectHost> Planner<'_, H> {
    fn rows(&self, event: EventId, calendar: CalendarId) -> impl Iterator<Item = &Sketch> {
        self.known.get(&event).into_iter().flatten().filter(move |mirror| mirror.key.calendar == calendar)
    }

    /// Why an event has no mirror along an edge, for a reason that its content does not tell.
    fn barred(&self, event: &StoredEvent, lens: &Lens) -> Option<FilterReason> {
        let edge = lens.edge();
        let mut own =
            self.rows(event.event, edge.target_calendar).filter(|mirror| mirror.key.occurrence.is_none());
        if own.any(|mirror| mirror.dismissed) {
            return Some(FilterReason::Dismissed);
        }
        self.copies.holds(edge.target_account, event).then_some(FilterReason::Duplicate)
    }

    fn single(&self, event: &StoredEvent, through: &[&Lens]) -> Vec<Wish> {
        if event.deleted {
            return Vec::new();
        }
        let mut seen: Vec<(&Lens, Outcome)> = Vec::new();
        let mut wishes = Vec::with_capacity(through.len());
        for lens in through {
            let outcome = match self.barred(event, lens) {
                Some(reason) => Err(reason),
                None => {
                    // Most edges of a person show the same: it is worked out once.
                    let alike = seen.iter().find(|(other, _)| other.shows_like(lens));
                    let outcome = alike.map(|(_, outcome)| outcome.clone());
                    let outcome =
                        outcome.unwrap_or_else(|| shown(lens.project(&event.content, None, self.ctx.now)));
                    seen.push((lens, outcome.clone()));
                    outcome
                }
            };
            wishes.push(own(event.event, lens, Part::Single, outcome));
        }
        wishes
    }

    /// The occurrences of a series, of those that any edge asks for: its rules are followed once.
    fn having(&self, master: &StoredEvent, exceptions: &[&StoredEvent]) -> BTreeSet<Occurrence> {
        let rules = master.lines().and_then(|lines| Series::parse(&master.content.when, lines).ok());
        let Some(rules) = rules else { return BTreeSet::new() };
        let of_exceptions = exceptions.iter().filter_map(|event| event.exception());
        let rows = self.known.get(&master.event).into_iter().flatten();
        let asked: BTreeSet<Occurrence> = of_exceptions
            .map(|(_, occurrence)| occurrence)
            .chain(rows.filter_map(|mirror| mirror.key.occurrence))
            .chain(self.copies.occurrences(master))
            .collect();
        rules.having(&asked)
    }

    fn series(
        &self,
        master: &StoredEvent,
        exceptions: &[&StoredEvent],
        through: &[&Lens],
        wishes: &mut BTreeMap<EventId, Vec<Wish>>,
    ) {
        let has = self.having(master, exceptions);
        let mut of_series = Vec::new();
        for lens in through {
            let edge = lens.edge();
            let mut known: BTreeMap<Occurrence, Known> = self
                .rows(master.event, edge.target_calendar)
                .filter_map(|mirror| Some((mirror.key.occurrence?, mirror.dismissed)))
                .map(|(occurrence, is_dismissed)| {
                    (occurrence, if is_dismissed { Known::Barred } else { Known::Written })
                })
                .collect();
            known.extend(
                self.copies
                    .held_occurrences(edge.target_account, master)
                    .map(|occurrence| (occurrence, Known::Barred)),
            );
            let excepted: Vec<Exception<'_>> = exceptions
                .iter()
                .filter_map(|event| {
                    let (_, occurrence) = event.exception()?;
                    Some(Exception { occurrence, content: &event.content, barred: self.barred(event, lens) })
                })
                .collect();
            let content = Master {
                content: &master.content,
                has: &has,
                last_end: master.last_end,
                barred: self.barred(master, lens),
                declined: &self.copies.declined_occurrences(edge.target_account, master),
            };
            let plan = series::plan(lens, &content, &excepted, &known, self.ctx.now);
            of_series.push(own(master.event, lens, Part::Series, shown(plan.series)));
            of_series.extend(plan.instances.into_iter().map(|(occurrence, instance)| {
                let (part, body) = match instance {
                    Instance::Shown(body) => (Part::Instance, Some(*body)),
                    Instance::Gone => (Part::Instance, None),
                    Instance::Stale => (Part::Stale, None),
                };
                let key = MirrorKey {
                    event: master.event,
                    calendar: edge.target_calendar,
                    occurrence: Some(occurrence),
                };
                let shown = body.map(Shown::new);
                Wish { key, account: edge.target_account, part, shown, reason: None }
            }));
            for (event, alone) in exceptions.iter().zip(plan.alone).filter(|(event, _)| !event.deleted) {
                let of_event = wishes.entry(event.event).or_default();
                of_event.push(own(event.event, lens, Part::Single, shown(alone)));
            }
        }
        wishes.insert(master.event, of_series);
    }
}

/// What an edge makes of an event: what is shown, or why nothing is.
type Outcome = Result<Rc<Shown>, FilterReason>;

/// What is wanted of the mirror that stands for an event itself.
fn own(event: EventId, lens: &Lens, part: Part, outcome: Outcome) -> Wish {
    let edge = lens.edge();
    let key = MirrorKey { event, calendar: edge.target_calendar, occurrence: None };
    let (shown, reason) = match outcome {
        Ok(shown) => (Some(shown), None),
        Err(reason) => (None, Some(reason)),
    };
    Wish { key, account: edge.target_account, part, shown, reason }
}

fn shown(projection: Projection) -> Outcome {
    match projection {
        Projection::Shown(body) => Ok(Shown::new(body)),
        Projection::Filtered(reason) => Err(reason),
    }
}
