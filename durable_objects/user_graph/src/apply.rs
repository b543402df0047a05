//! Applying a chunk of a fetched page: canonical events, journal and wishes for mirrors, in one transaction.
//!
//! Effects, and why each may repeat:
//! 1. canonical event, journal entry, wishes: the same etag or a lower position changes nothing (rule 10);
//! 2. the chunk is recorded as applied, with the ids that a full run's holds: keyed by the chunk;
//! 3. nudges, after the commit: level-triggered.

use serde_json::json;
use tminus_domain::dirty::Lane;
use tminus_domain::event::{EventContent, Status};
use tminus_domain::ids::EventId;
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::Sight;
use tminus_domain::ordering::{Sighting, Verdict, judge};
use tminus_domain::policy::Edge;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::{Context, Effects};
use crate::contract::{Applied, ApplyChunk, Delta};
use crate::error::GraphError;
use crate::events::{self, Origin, StoredEvent};
use crate::fresh::Lanes;
use crate::journal::{self, Change, Entry};
use crate::mirrors::{self, StoredMirror};
use crate::{claims, edges, floors, graph, progress, sightings};

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
    let generation = progress::record(ctx, command)?;
    let edges = if command.role.is_source() { edges::leaving(ctx, command.account)? } else { Vec::new() };
    let position = command.chunk.position;
    if command.chunk.attempt > 0 {
        floors::raise(ctx, command.calendar, position.generation)?;
    }
    let floor = floors::of(ctx, command.calendar)?;
    let chunk = Chunk { ctx, command, edges: &edges, floor, lanes: Lanes::of(command, ctx.now) };
    let nothing = Applied { incarnation, generation, ..Applied::default() };
    let mut tally = nothing.clone();
    let mut wanted = Effects::default();
    let whole = transaction(ctx.host.sql(), || {
        command.deltas.iter().try_for_each(|delta| chunk.apply(delta, &mut tally, &mut wanted))
    });
    if let Err(error) = whole {
        tracing::warn!(%error, "a chunk fails as a whole; its items are applied one by one");
        (tally, wanted) = (nothing.clone(), Effects::default());
        for delta in &command.deltas {
            let mut attempt = (tally.clone(), Effects::default());
            let alone = transaction(ctx.host.sql(), || chunk.apply(delta, &mut attempt.0, &mut attempt.1));
            match alone {
                Ok(()) => {
                    tally = attempt.0;
                    wanted.merge(attempt.1);
                }
                Err(error) => chunk.quarantine(delta.id(), &error.to_string(), &mut tally)?,
            }
        }
    }
    if command.full {
        chunk.remember_ids()?;
    }
    effects.merge(wanted);
    Ok(tally)
}

impl Delta {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Present { id, .. } | Self::Deleted { id } => Some(id),
            Self::Mirror { .. } => None,
            Self::Bad { id, .. } => id.as_deref(),
        }
    }

    /// The id of what the calendar holds, so that what it does not hold can be told.
    fn held_id(&self) -> Option<String> {
        match self {
            Self::Deleted { .. } => None,
            Self::Mirror { mark, .. } => mark.parse().ok().map(|mark: Mark| mark.provider_event_id()),
            Self::Present { .. } | Self::Bad { .. } => self.id().map(str::to_owned),
        }
    }
}

struct Chunk<'a, H> {
    ctx: &'a Context<'a, H>,
    command: &'a ApplyChunk,
    edges: &'a [Edge],
    /// Pages of an older generation make nothing known.
    floor: u32,
    lanes: Lanes,
}

impl<H: ObjectHost> Chunk<'_, H> {
    const fn origin<'a>(&self, id: &'a str) -> Origin<'a> {
        Origin { account: self.command.account, calendar: self.command.calendar, id }
    }

    fn apply(&self, delta: &Delta, tally: &mut Applied, effects: &mut Effects) -> Result<(), StoreError> {
        match delta {
            Delta::Present { id, etag, updated, content } if self.command.role.is_source() => {
                self.present(id, etag, content, self.lanes.for_change(*updated), tally, effects)
            }
            // An overlay calendar is ours: what others put there is nobody's origin.
            Delta::Present { .. } => {
                tally.unchanged = tally.unchanged.saturating_add(1);
                Ok(())
            }
            Delta::Deleted { id } => self.deleted(id, tally, effects),
            Delta::Mirror { mark, occurrence: _, etag, seen, updated } => {
                let changed = match mark
                    .parse::<Mark>()
                    .ok()
                    .filter(|mark| mark.target_calendar == self.command.calendar)
                {
                    Some(mark) => {
                        let sight = Sight::Live { etag, hash: seen, updated: *updated };
                        sightings::seen(self.ctx, &mark, sight, self.command.lane, effects)?
                    }
                    None => false,
                };
                if changed {
                    tally.mirrors_changed = tally.mirrors_changed.saturating_add(1);
                } else {
                    tally.unchanged = tally.unchanged.saturating_add(1);
                }
                Ok(())
            }
            Delta::Bad { id, reason } => self.quarantine(id.as_deref(), reason, tally),
        }
    }

    fn present(
        &self,
        id: &str,
        etag: &str,
        content: &EventContent,
        lane: Lane,
        tally: &mut Applied,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        let ctx = self.ctx;
        let known = events::by_origin(ctx, self.origin(id))?;
        let verdict = judge(
            known.as_ref().map(StoredEvent::known).as_ref(),
            Sighting::Present { etag },
            self.command.chunk.position,
        );
        let (event, version, change, mirrors) = match (verdict, &known) {
            (Verdict::Create, _) if self.command.chunk.position.generation >= self.floor => {
                tally.created = tally.created.saturating_add(1);
                (ctx.id::<EventId>(), 1, Change::Created, Vec::new())
            }
            (Verdict::Update, Some(known)) => {
                tally.updated = tally.updated.saturating_add(1);
                let mirrors = mirrors::of_event(ctx, known.event)?;
                (known.event, known.version.saturating_add(1), Change::Updated, mirrors)
            }
            _ => {
                tally.unchanged = tally.unchanged.saturating_add(1);
                return Ok(());
            }
        };
        let stored = StoredEvent {
            event,
            account: self.command.account,
            calendar: self.command.calendar,
            content: content.clone(),
            version,
            etag: etag.to_owned(),
            position: self.command.chunk.position,
            deleted: content.status == Status::Cancelled,
        };
        self.store(id, known.as_ref(), &stored, change, mirrors, lane, tally, effects)
    }

    fn deleted(&self, id: &str, tally: &mut Applied, effects: &mut Effects) -> Result<(), StoreError> {
        let ctx = self.ctx;
        let known =
            if self.command.role.is_source() { events::by_origin(ctx, self.origin(id))? } else { None };
        let verdict = judge(
            known.as_ref().map(StoredEvent::known).as_ref(),
            Sighting::Deleted,
            self.command.chunk.position,
        );
        if let (Verdict::Delete, Some(known)) = (verdict, &known) {
            tally.deleted = tally.deleted.saturating_add(1);
            let mut stored = known.clone();
            stored.content.status = Status::Cancelled;
            stored.deleted = true;
            stored.version = known.version.saturating_add(1);
            stored.position = self.command.chunk.position;
            let mirrors = mirrors::of_event(ctx, known.event)?;
            let lane = self.command.lane;
            return self.store(id, Some(known), &stored, Change::Deleted, mirrors, lane, tally, effects);
        }
        // The id may be one of our mirrors: a tombstone carries no mark.
        if known.is_none()
            && let Some(mirror) = self.mirror_of(id)?
            && sightings::seen(self.ctx, &mirror.mark(), Sight::Deleted, self.command.lane, effects)?
        {
            tally.mirrors_changed = tally.mirrors_changed.saturating_add(1);
            return Ok(());
        }
        self.release(id)?;
        tally.unchanged = tally.unchanged.saturating_add(1);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "one step of two callers, each argument a different thing")]
    fn store(
        &self,
        id: &str,
        before: Option<&StoredEvent>,
        stored: &StoredEvent,
        change: Change,
        mirrors: Vec<StoredMirror>,
        lane: Lane,
        tally: &mut Applied,
        effects: &mut Effects,
    ) -> Result<(), StoreError> {
        let ctx = self.ctx;
        events::put(ctx, self.origin(id), stored)?;
        self.release(id)?;
        journal::append(
            ctx,
            &Entry {
                event: stored.event,
                account: stored.account,
                change,
                version: stored.version,
                before: before.map(|before| &before.content),
                after: Some(&stored.content),
                reason: "sync",
            },
        )?;
        let changed = mirrors::reproject(ctx, self.edges, stored, mirrors, lane, effects)?;
        tally.mirrors_changed = tally.mirrors_changed.saturating_add(changed);
        Ok(())
    }

    fn mirror_of(&self, provider_event_id: &str) -> Result<Option<StoredMirror>, StoreError> {
        // No index: a tombstone of ours is rare, and an index would cost a billed write a mirror.
        self.ctx
            .first(
                &format!(
                    "/* mirror_of_id */ SELECT {} FROM event_mirrors
                     WHERE target_account_id = ?1 AND target_calendar_id = ?2 AND provider_event_id = ?3",
                    mirrors::COLUMNS
                ),
                &[
                    Value::text(self.command.account),
                    Value::text(self.command.calendar),
                    provider_event_id.into(),
                ],
            )?
            .map(|row| mirrors::decode(&row))
            .transpose()
    }

    fn quarantine(&self, id: Option<&str>, reason: &str, tally: &mut Applied) -> Result<(), StoreError> {
        tally.quarantined = tally.quarantined.saturating_add(1);
        let chunk = &self.command.chunk;
        let nameless = format!("?{}.{}.{}", chunk.run, chunk.position.page, chunk.index);
        self.ctx.run(
            "/* quarantine */ INSERT INTO quarantine (account_id, calendar_id, origin_event_id, reason, ts)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (account_id, calendar_id, origin_event_id) DO UPDATE SET reason = excluded.reason
             WHERE quarantine.reason <> excluded.reason",
            &[
                Value::text(self.command.account),
                Value::text(self.command.calendar),
                id.map_or(nameless, str::to_owned).into(),
                reason.into(),
                self.ctx.now.to_rfc3339().into(),
            ],
        )
    }

    /// An item that is understood again, or deleted, leaves quarantine.
    fn release(&self, id: &str) -> Result<(), StoreError> {
        self.ctx.run(
            "/* release */ DELETE FROM quarantine
             WHERE account_id = ?1 AND calendar_id = ?2 AND origin_event_id = ?3",
            &[Value::text(self.command.account), Value::text(self.command.calendar), id.into()],
        )
    }

    fn remember_ids(&self) -> Result<(), StoreError> {
        let ids: Vec<String> = self.command.deltas.iter().filter_map(Delta::held_id).collect();
        let chunk = &self.command.chunk;
        self.ctx.run(
            "/* remember_ids */ INSERT INTO full_run_chunks (run_id, page, attempt, chunk, calendar_id, ids_json)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6
             WHERE NOT EXISTS (SELECT 1 FROM full_runs WHERE calendar_id = ?5 AND generation >= ?7)
             ON CONFLICT (run_id, page, attempt, chunk) DO NOTHING",
            &[
                Value::text(chunk.run),
                chunk.position.page.into(),
                chunk.attempt.into(),
                chunk.index.into(),
                Value::text(self.command.calendar),
                json!(ids).to_string().into(),
                chunk.position.generation.into(),
            ],
        )
    }
}
