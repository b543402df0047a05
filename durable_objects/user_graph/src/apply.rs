//! Applying a chunk of a fetched page: canonical events, journal and wishes for mirrors, in one transaction.
//!
//! What is known of all items is loaded at once, each is judged, and what changed is carried out together.
//!
//! Effects, and why each may repeat:
//! 1. canonical event, journal entry, wishes: the same etag or a lower position changes nothing (rule 10);
//! 2. the chunk is recorded as applied, with the ids that a full run's holds: keyed by the chunk;
//! 3. nudges, after the commit: level-triggered.

use std::collections::BTreeSet;

use serde_json::json;
use tminus_domain::floating::Floating;
use tminus_domain::ids::CalendarId;
use tminus_domain::mark::Mark;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::{Context, Effects};
use crate::contract::{Applied, ApplyChunk, Delta};
use crate::error::GraphError;
use crate::items::Chunk;
use crate::lenses::Lenses;
use crate::{claims, edges, floors, graph, progress, quarantine};

/// Applies a chunk: as a whole, or, if that fails, item by item, with the failing items in quarantine (rule 11).
pub(crate) fn apply_chunk<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ApplyChunk,
    effects: &mut Effects,
) -> Result<Applied, GraphError> {
    transaction(ctx.host.sql(), || {
        let applied = apply_in(ctx, command, effects)?;
        claims::expect_writers(ctx, effects)?;
        Ok(applied)
    })
}

fn apply_in<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ApplyChunk,
    effects: &mut Effects,
) -> Result<Applied, GraphError> {
    let incarnation = graph::incarnation(ctx)?;
    let generation = command.chunk.position.generation;
    if !edges::is_linked(ctx, command.account)? || floors::is_forgotten(ctx, command.account, generation)? {
        // Fenced: the account is being unlinked, or was since the page was fetched (protocol rule 29).
        return Err(GraphError::Gone);
    }
    if command.calendar == CalendarId::INTERNAL {
        return Err(GraphError::unfit("no provider has that calendar"));
    }
    let progress::Recorded { generation, news } = progress::record(ctx, command)?;
    if command.chunk.attempt > 0 {
        floors::raise(ctx, command.calendar, command.chunk.position.generation)?;
    }
    let lenses = Lenses::load(ctx)?;
    let chunk = Chunk::new(ctx, command, &lenses, news)?;
    let nothing = Applied { incarnation, generation, ..Applied::default() };
    let mut tally = nothing.clone();
    let mut wanted = Effects::default();
    let whole = transaction(ctx.host.sql(), || chunk.apply(command.deltas.iter(), &mut tally, &mut wanted));
    if let Err(error) = whole {
        tracing::warn!(%error, "a chunk fails as a whole; its items are applied one by one");
        (tally, wanted) = (nothing, Effects::default());
        for delta in &command.deltas {
            let mut attempt = (tally.clone(), Effects::default());
            let one = std::iter::once(delta);
            let alone = transaction(ctx.host.sql(), || chunk.apply(one, &mut attempt.0, &mut attempt.1));
            match alone {
                Ok(()) => {
                    tally = attempt.0;
                    wanted.merge(attempt.1);
                }
                Err(error) => {
                    tally.quarantined = tally.quarantined.saturating_add(1);
                    quarantine::put(ctx, command, delta.id(), &error.to_string())?;
                }
            }
        }
    }
    if command.full {
        remember_ids(ctx, command)?;
    }
    let again: BTreeSet<String> = std::mem::take(&mut tally.look_again).into_iter().collect();
    tally.look_again = again.into_iter().collect();
    effects.merge(wanted);
    Ok(tally)
}

impl Delta {
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Present { id, .. } | Self::Floating { id, .. } | Self::Deleted { id } => Some(id),
            Self::Mirror { .. } => None,
            Self::Bad { id, .. } => id.as_deref(),
        }
    }

    /// The times that are on a clock.
    pub(crate) fn floating(&self) -> Option<&Floating> {
        match self {
            Self::Floating { floating, .. } => Some(floating),
            Self::Present { .. } | Self::Deleted { .. } | Self::Mirror { .. } | Self::Bad { .. } => None,
        }
    }

    /// The id of what the calendar holds, so that what it does not hold can be told.
    pub(crate) fn held_id(&self) -> Option<String> {
        match self {
            Self::Deleted { .. } => None,
            Self::Mirror { mark, occurrence, .. } => {
                mark.parse().ok().map(|mark: Mark| mark.instance_id(*occurrence))
            }
            Self::Present { .. } | Self::Floating { .. } | Self::Bad { .. } => self.id().map(str::to_owned),
        }
    }
}

/// Which ids each chunk of a full run held: what is missing is computed from them at its end.
fn remember_ids<H: ObjectHost>(ctx: &Context<'_, H>, command: &ApplyChunk) -> Result<(), StoreError> {
    let ids: Vec<String> = command.deltas.iter().filter_map(Delta::held_id).collect();
    let chunk = &command.chunk;
    ctx.run(
        "/* remember_ids */ INSERT INTO full_run_chunks (run_id, page, attempt, chunk, calendar_id, ids_json)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6
         WHERE NOT EXISTS (SELECT 1 FROM full_runs WHERE calendar_id = ?5 AND generation >= ?7)
         ON CONFLICT (run_id, page, attempt, chunk) DO NOTHING",
        &[
            Value::text(chunk.run),
            chunk.position.page.into(),
            chunk.attempt.into(),
            chunk.index.into(),
            Value::text(command.calendar),
            json!(ids).to_string().into(),
            chunk.position.generation.into(),
        ],
    )
}
