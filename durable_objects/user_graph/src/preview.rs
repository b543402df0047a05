//! What a change of the policy would do, worked out without making it.
//!
//! Each step makes the change in a transaction, plans the next events as the job would that projects again, and rolls
//! everything back: what is shown is what would be done, by the same code.

use std::collections::BTreeMap;
use std::convert::Infallible;

use tminus_domain::ids::{EventId, PrefixedId, Ulid};
use tminus_domain::mirroring::Step;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::quota::{PER_MINUTE, Share};
use tminus_domain::recurrence::Series;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, transaction};

use crate::columns::id;
use crate::context::Context;
use crate::error::GraphError;
use crate::events::StoredEvent;
use crate::explaining_contract::{PolicyChange, Preview, PreviewExample, PreviewPolicy, PreviewedChange};
use crate::lenses::Lenses;
use crate::mirrors::MirrorKey;
use crate::{events, hours, policy, project};

/// How many events one step plans.
const STEP: u32 = 2_000;
/// How many mirrors are shown.
const EXAMPLES: usize = 10;
/// How much of a title is shown, in characters: each step comes with what those before it found.
const MAX_TITLE_CHARS: usize = 200;
/// How far ahead the next occurrence of a series is looked for: two years.
const AHEAD_MS: i64 = 2 * 366 * 86_400_000;

/// Why the transaction of a step ends: never with its change.
enum Ended {
    Planned(Box<Preview>),
    Failed(GraphError),
}

impl From<StoreError> for Ended {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<GraphError> for Ended {
    fn from(error: GraphError) -> Self {
        Self::Failed(error)
    }
}

/// Works out the next events.
pub(crate) fn step<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &PreviewPolicy,
) -> Result<Preview, GraphError> {
    let version = policy::read(ctx)?.version;
    let so_far =
        command.so_far.clone().unwrap_or_else(|| Preview { policy_version: version, ..Preview::default() });
    if so_far.policy_version != version {
        return Err(GraphError::unfit("the policy was changed meanwhile: the preview has to begin again"));
    }
    if command.so_far.is_some() && so_far.next.is_none() {
        // All are worked out: a repeat adds nothing.
        return Ok(so_far);
    }
    let ended = transaction(ctx.host.sql(), || -> Result<Infallible, Ended> {
        match &command.change {
            PolicyChange::PutEdge(change) => policy::put_edge(ctx, change)?,
            PolicyChange::RemoveEdge(change) => policy::remove_edge(ctx, change)?,
            PolicyChange::SetWorkingHours(change) => hours::set(ctx, change)?,
        };
        Err(Ended::Planned(Box::new(plan(ctx, so_far)?)))
    });
    match ended {
        Err(Ended::Planned(preview)) => Ok(*preview),
        Err(Ended::Failed(error)) => Err(error),
        Ok(never) => match never {},
    }
}

fn plan<H: ObjectHost>(ctx: &Context<'_, H>, mut preview: Preview) -> Result<Preview, StoreError> {
    let after = preview.next.unwrap_or(EventId::from_ulid(Ulid::nil()));
    if preview.next.is_none() {
        let count = ctx.first("/* events_in_all */ SELECT COUNT(*) FROM canonical_events", &[])?;
        preview.of = count.map_or(Ok(0), |row| row.get(0))?;
    }
    let rows = ctx.query(
        &format!(
            "/* preview_step */ SELECT {} FROM canonical_events
             WHERE canonical_event_id > ?1 ORDER BY canonical_event_id LIMIT ?2",
            events::COLUMNS
        ),
        &[id(after), STEP.into()],
    )?;
    let events = rows.iter().map(events::decode).collect::<Result<Vec<_>, _>>()?;
    let planned = u32::try_from(events.len()).unwrap_or(u32::MAX);
    preview.done = preview.done.saturating_add(planned);
    preview.next = events.last().map(|event| event.event).filter(|_| planned == STEP);
    let mut found = Found::new(&events, ctx.now);
    let changes = project::differences(ctx, &Lenses::load(ctx)?, events)?;
    let wished = changes.insert.iter().chain(&changes.update).map(|(mirror, _)| mirror);
    for mirror in wished.chain(&changes.facts) {
        // The rest of a series that reaches into the step is counted in the step that it is of.
        if !found.events.contains_key(&mirror.key.event) {
            continue;
        }
        let does = match mirror.mirror.next() {
            None => continue,
            Some(Step::Insert) => PreviewedChange::Created,
            Some(Step::Update { .. }) => PreviewedChange::Changed,
            Some(Step::Delete { .. }) => PreviewedChange::Deleted,
        };
        let count = match does {
            PreviewedChange::Created => &mut preview.created,
            PreviewedChange::Changed => &mut preview.changed,
            PreviewedChange::Deleted => &mut preview.deleted,
        };
        *count = count.saturating_add(1);
        let writes = preview.writes.entry(mirror.account).or_default();
        *writes = writes.saturating_add(1);
        found.add(mirror.key, does);
    }
    let most = preview.writes.values().copied().max().unwrap_or_default();
    preview.quota_minutes = most.div_ceil(Share::Bulk.of(PER_MINUTE));
    preview.examples.append(&mut found.examples);
    preview.examples.sort_by_key(|example| (example.start, example.event, example.calendar));
    preview.examples.truncate(EXAMPLES);
    Ok(preview)
}

/// What is shown of the events of a step.
struct Found {
    /// When each takes place next, and its title; `None`: it is over.
    events: BTreeMap<EventId, Option<(Timestamp, Option<String>)>>,
    examples: Vec<PreviewExample>,
}

impl Found {
    fn new(events: &[StoredEvent], now: Timestamp) -> Self {
        let title = |event: &StoredEvent| {
            event.content.title.as_ref().map(|title| title.chars().take(MAX_TITLE_CHARS).collect())
        };
        let next = |event: &StoredEvent| Some((next(event, now)?, title(event)));
        let events = events.iter().map(|event| (event.event, next(event))).collect();
        Self { events, examples: Vec::new() }
    }

    fn add(&mut self, key: MirrorKey, does: PreviewedChange) {
        let Some((next, title)) = self.events.get(&key.event).cloned().flatten() else { return };
        let start = key.occurrence.map_or(next, Occurrence::sort_key);
        // An instance of a series that goes on may be over by itself.
        if start >= next {
            let (event, calendar) = (key.event, key.calendar);
            self.examples.push(PreviewExample { start, event, title, calendar, does });
        }
    }
}

/// When an event that is not over began or begins; of a series, its next occurrence.
fn next(event: &StoredEvent, now: Timestamp) -> Option<Timestamp> {
    let when = &event.content.when;
    if when.end_key() > now {
        return Some(when.start_key());
    }
    let lines = event.lines().filter(|_| event.last_end.is_none_or(|end| end > now))?;
    let length = when.end_key().millis().saturating_sub(when.start_key().millis());
    // One that is under way counts.
    let from = now.plus_millis(length.saturating_neg()).plus_millis(1);
    let found = Series::parse(when, lines).ok()?.between(from, now.plus_millis(AHEAD_MS), 1);
    found.occurrences.first().map(|first| first.sort_key())
}
