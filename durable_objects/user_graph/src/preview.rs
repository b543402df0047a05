//! What a change of the policy would do, worked out without making it.
//!
//! Each step makes the change in a transaction, plans the next events as the job would that projects again, and rolls
//! everything back: what is shown is what would be done, by the same code.

use std::collections::BTreeSet;
use std::convert::Infallible;

use tminus_domain::ids::{CalendarId, EventId, PrefixedId, Ulid};
use tminus_domain::mirroring::Step;
use tminus_domain::quota::{PER_MINUTE, Share};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, transaction};

use crate::columns::{Hex, id, read_id, read_time};
use crate::context::Context;
use crate::error::GraphError;
use crate::explaining_contract::{PolicyChange, Preview, PreviewExample, PreviewPolicy, PreviewedChange};
use crate::lenses::Lenses;
use crate::{bulk, events, hours, policy, project};

/// How many events one step plans.
const STEP: u32 = 2_000;
/// How many mirrors are shown.
const EXAMPLES: usize = 10;

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
    let in_step: BTreeSet<EventId> = events.iter().map(|event| event.event).collect();
    let lenses = Lenses::load(ctx)?;
    let changes = project::differences(ctx, &lenses, events)?;
    let mut found = Vec::new();
    for (mirror, _) in changes.insert.iter().chain(&changes.update) {
        // The rest of a series that reaches into the step is counted in the step that it is of.
        if !in_step.contains(&mirror.key.event) {
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
        found.push((mirror.key.event, mirror.key.calendar, does));
    }
    let most = preview.writes.values().copied().max().unwrap_or_default();
    preview.quota_minutes = most.div_ceil(Share::Bulk.of(PER_MINUTE));
    examples(ctx, &mut preview, &found)?;
    Ok(preview)
}

/// Keeps the mirrors that come first from now on.
fn examples<H: ObjectHost>(
    ctx: &Context<'_, H>,
    preview: &mut Preview,
    found: &[(EventId, CalendarId, PreviewedChange)],
) -> Result<(), StoreError> {
    let ids: BTreeSet<EventId> = found.iter().map(|(event, ..)| *event).collect();
    let rows = ctx.query(
        "/* soonest_of */ SELECT canonical_event_id, start_ts, substr(title, 1, 200) FROM canonical_events
         WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1))
           AND (end_ts > ?2 OR (recurrence_rule IS NOT NULL AND COALESCE(last_end_ts, end_ts) > ?2))
         ORDER BY start_ts, canonical_event_id LIMIT ?3",
        &[
            bulk::list(ids.iter().copied().map(Hex::of))?,
            ctx.now.millis().into(),
            u32::try_from(EXAMPLES).unwrap_or(u32::MAX).into(),
        ],
    )?;
    for row in &rows {
        let (start, title) = (read_time(row, 1)?, row.get::<Option<String>>(2)?);
        let event: EventId = read_id(row, 0)?;
        for (_, calendar, does) in found.iter().filter(|(of, ..)| *of == event) {
            let (calendar, does) = (*calendar, *does);
            preview.examples.push(PreviewExample { start, event, title: title.clone(), calendar, does });
        }
    }
    preview.examples.sort_by_key(|example| (example.start, example.event, example.calendar));
    preview.examples.truncate(EXAMPLES);
    Ok(())
}
