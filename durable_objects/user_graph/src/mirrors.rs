//! Mirrors as rows, and the step from an event to the mirrors that it wants.

use tminus_domain::dirty::Lane;
use tminus_domain::event::When;
use tminus_domain::ids::{AccountId, CalendarId, ClaimId, EventId};
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::{Mirror, MirrorState};
use tminus_domain::policy::Edge;
use tminus_domain::projection::{Lens, Projection, ProjectionHash};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::context::{Context, Effects};
use crate::edges;
use crate::events::StoredEvent;

/// The columns that [`decode`] reads, in its order.
pub(crate) const COLUMNS: &str = "canonical_event_id, target_account_id, target_calendar_id, last_projected_hash, \
    state, error_message, desired_hash, desired_version, provider_etag, id_generation, in_doubt, attempts, \
    next_attempt_ts, claim_id, claim_until, restores, restore_day, lane, provider_updated, missed";

/// After every mirror in the order of claims.
pub(crate) const LAST_IN_ORDER: &str = "\u{7f}";

/// What tells a mirror from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MirrorKey {
    pub(crate) event: EventId,
    pub(crate) account: AccountId,
    pub(crate) calendar: CalendarId,
}

/// A mirror as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredMirror {
    pub(crate) key: MirrorKey,
    pub(crate) mirror: Mirror,
    pub(crate) lane: Lane,
    pub(crate) claim: Option<(ClaimId, Timestamp)>,
    pub(crate) restores: u32,
    pub(crate) restore_day: Option<String>,
    /// When a write was acknowledged just now; `None` keeps what is stored.
    pub(crate) written: Option<Timestamp>,
}

impl StoredMirror {
    /// The mark that its present id is the hash of.
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            event: self.key.event,
            target_account: self.key.account,
            target_calendar: self.key.calendar,
            id_generation: self.mirror.id_generation,
        }
    }
}

/// Decodes a row of [`COLUMNS`].
pub(crate) fn decode(row: &Row) -> Result<StoredMirror, StoreError> {
    let hash = |column| -> Result<Option<ProjectionHash>, StoreError> {
        Ok(row.get::<Option<String>>(column)?.map(ProjectionHash::from_stored))
    };
    let claim: Option<ClaimId> = row.parse_opt(13, "claim id")?;
    let until: Option<i64> = row.get(14)?;
    Ok(StoredMirror {
        key: MirrorKey {
            event: row.parse(0, "event id")?,
            account: row.parse(1, "account id")?,
            calendar: row.parse(2, "calendar id")?,
        },
        mirror: Mirror {
            acked: hash(3)?,
            state: row.parse(4, "mirror state")?,
            error: row.get(5)?,
            wanted: hash(6)?,
            version: row.get(7)?,
            etag: row.get(8)?,
            updated: row.get::<Option<i64>>(18)?.map(Timestamp::from_millis),
            id_generation: row.get(9)?,
            claimed: claim.is_some(),
            in_doubt: row.get(10)?,
            missed: row.get(19)?,
            attempts: row.get(11)?,
            next_attempt: Timestamp::from_millis(row.get(12)?),
        },
        claim: claim.zip(until.map(Timestamp::from_millis)),
        restores: row.get(15)?,
        restore_day: row.get(16)?,
        written: None,
        lane: lane(row.get(17)?),
    })
}

/// A lane from its stored number.
pub(crate) const fn lane(stored: u32) -> Lane {
    if stored == 0 { Lane::Live } else { Lane::Bulk }
}

/// A lane as its stored number.
pub(crate) const fn lane_number(lane: Lane) -> u32 {
    match lane {
        Lane::Live => 0,
        Lane::Bulk => 1,
    }
}

/// The mirrors of an event.
pub(crate) fn of_event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
) -> Result<Vec<StoredMirror>, StoreError> {
    ctx.query(
        &format!("/* mirrors_of_event */ SELECT {COLUMNS} FROM event_mirrors WHERE canonical_event_id = ?1"),
        &[Value::text(event)],
    )?
    .iter()
    .map(decode)
    .collect()
}

pub(crate) fn project<H: ObjectHost>(
    ctx: &Context<'_, H>,
    content: &tminus_domain::event::EventContent,
    edge: &Edge,
) -> Projection {
    Lens::new(edge.clone(), None)
        .map_or(Projection::Filtered(tminus_domain::policy::FilterReason::Pattern), |lens| {
            lens.project(content, None, ctx.now)
        })
}

/// The mirror of this key.
pub(crate) fn get<H: ObjectHost>(
    ctx: &Context<'_, H>,
    key: MirrorKey,
) -> Result<Option<StoredMirror>, StoreError> {
    ctx.first(
        &format!(
            "/* mirror */ SELECT {COLUMNS} FROM event_mirrors
             WHERE canonical_event_id = ?1 AND target_account_id = ?2 AND target_calendar_id = ?3"
        ),
        &[Value::text(key.event), Value::text(key.account), Value::text(key.calendar)],
    )?
    .map(|row| decode(&row))
    .transpose()
}

/// Brings the mirrors of an event to what the edges want of it. Mirrors along edges that no longer exist are
/// wanted no more. Returns how many wishes changed.
pub(crate) fn reproject<H: ObjectHost>(
    ctx: &Context<'_, H>,
    edges: &[Edge],
    stored: &StoredEvent,
    known: Vec<StoredMirror>,
    lane: Lane,
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    let start = order_key(ctx.now, &stored.content.when);
    let mut changed = 0_u32;
    let mut known = known;
    for edge in edges {
        let wanted = match project(ctx, &stored.content, edge) {
            Projection::Shown(body) if !stored.deleted => Some(body.hash()),
            Projection::Shown(_) | Projection::Filtered(_) => None,
        };
        let place = known.iter().position(|mirror| {
            mirror.key.account == edge.target_account && mirror.key.calendar == edge.target_calendar
        });
        match (place.map(|place| known.swap_remove(place)), wanted) {
            (Some(mut mirror), wanted) => {
                if mirror.mirror.wish(wanted) {
                    put_wish(ctx, &mirror, lane, &start)?;
                    effects.nudge(edge.target_account, lane);
                    changed = changed.saturating_add(1);
                }
            }
            (None, Some(wanted)) => {
                insert(ctx, stored.event, edge, &wanted, lane, &start)?;
                effects.nudge(edge.target_account, lane);
                changed = changed.saturating_add(1);
            }
            (None, None) => {}
        }
    }
    for mut orphan in known {
        if !edges::is_calendar(ctx, orphan.key.calendar)? {
            bury(ctx, orphan.key)?;
        } else if orphan.mirror.wish(None) {
            put_wish(ctx, &orphan, lane, &start)?;
            effects.nudge(orphan.key.account, lane);
            changed = changed.saturating_add(1);
        }
    }
    Ok(changed)
}

/// Where a mirror stands among those that wait: what is under way or to come in order of its start, then what is over.
fn order_key(now: Timestamp, when: &When) -> String {
    let is_over = when.end_text() < now.to_rfc3339();
    if is_over { format!("~{}", when.start_text()) } else { when.start_text() }
}

/// A mirror in a calendar of an account that was unlinked is left to the purge of that account. Its claim stays: until it
/// ends a write may be under way, and the purge waits for that.
fn bury<H: ObjectHost>(ctx: &Context<'_, H>, key: MirrorKey) -> Result<(), StoreError> {
    ctx.run(
        "/* bury_mirror */ UPDATE event_mirrors
         SET state = 'TOMBSTONED', desired_hash = NULL, last_projected_hash = NULL, provider_etag = NULL,
             in_doubt = 0, error_message = NULL
         WHERE canonical_event_id = ?1 AND target_account_id = ?2 AND target_calendar_id = ?3
           AND state <> 'TOMBSTONED'",
        &[Value::text(key.event), Value::text(key.account), Value::text(key.calendar)],
    )
}

fn insert<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
    edge: &Edge,
    wanted: &ProjectionHash,
    lane: Lane,
    start: &str,
) -> Result<(), StoreError> {
    ctx.run(
        "/* insert_mirror */ INSERT INTO event_mirrors
           (canonical_event_id, target_account_id, target_calendar_id, state, desired_hash, lane, start_ts)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        &[
            Value::text(event),
            Value::text(edge.target_account),
            Value::text(edge.target_calendar),
            MirrorState::Pending.as_str().into(),
            wanted.as_str().into(),
            lane_number(lane).into(),
            start.into(),
        ],
    )
}

/// Stores a changed wish. The claim of a write that is under way is left as it is.
fn put_wish<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
    lane: Lane,
    start: &str,
) -> Result<(), StoreError> {
    let mirror = &stored.mirror;
    ctx.run(
        "/* put_wish */ UPDATE event_mirrors
         SET desired_hash = ?4, desired_version = ?5, state = ?6, attempts = ?7, next_attempt_ts = ?8,
             error_message = ?9, lane = ?10, start_ts = ?11
         WHERE canonical_event_id = ?1 AND target_account_id = ?2 AND target_calendar_id = ?3",
        &[
            Value::text(stored.key.event),
            Value::text(stored.key.account),
            Value::text(stored.key.calendar),
            Value::opt_text(mirror.wanted.as_ref().map(ProjectionHash::as_str)),
            mirror.version.into(),
            mirror.state.as_str().into(),
            mirror.attempts.into(),
            mirror.next_attempt.millis().into(),
            mirror.error.clone().into(),
            lane_number(lane).into(),
            start.into(),
        ],
    )
}

/// Stores a wish that was corrected at its claim; lane and order stay as they are.
pub(crate) fn put_corrected<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
) -> Result<(), StoreError> {
    ctx.run(
        "/* put_corrected */ UPDATE event_mirrors SET desired_hash = ?4, desired_version = ?5
         WHERE canonical_event_id = ?1 AND target_account_id = ?2 AND target_calendar_id = ?3",
        &[
            Value::text(stored.key.event),
            Value::text(stored.key.account),
            Value::text(stored.key.calendar),
            Value::opt_text(stored.mirror.wanted.as_ref().map(ProjectionHash::as_str)),
            stored.mirror.version.into(),
        ],
    )
}

/// Stores what was learnt of a mirror at the provider, with its claim (`None` releases it).
pub(crate) fn put_fact<H: ObjectHost>(ctx: &Context<'_, H>, stored: &StoredMirror) -> Result<(), StoreError> {
    let mirror = &stored.mirror;
    ctx.run(
        "/* put_fact */ UPDATE event_mirrors
         SET last_projected_hash = ?4, provider_etag = ?5, id_generation = ?6, in_doubt = ?7, attempts = ?8,
             next_attempt_ts = ?9, state = ?10, error_message = ?11, claim_id = ?12, claim_until = ?13,
             restores = ?14, restore_day = ?15, provider_event_id = ?16, last_write_ts = COALESCE(?17, last_write_ts), provider_updated = ?18,
             missed = ?19
         WHERE canonical_event_id = ?1 AND target_account_id = ?2 AND target_calendar_id = ?3",
        &[
            Value::text(stored.key.event),
            Value::text(stored.key.account),
            Value::text(stored.key.calendar),
            Value::opt_text(mirror.acked.as_ref().map(ProjectionHash::as_str)),
            mirror.etag.clone().into(),
            mirror.id_generation.into(),
            mirror.in_doubt.into(),
            mirror.attempts.into(),
            mirror.next_attempt.millis().into(),
            mirror.state.as_str().into(),
            mirror.error.clone().into(),
            Value::opt_text(stored.claim.map(|(claim, _)| claim)),
            stored.claim.map(|(_, until)| until.millis()).into(),
            stored.restores.into(),
            stored.restore_day.clone().into(),
            Value::text(stored.mark().provider_event_id()),
            stored.written.map(Timestamp::to_rfc3339).into(),
            mirror.updated.map(Timestamp::millis).into(),
            mirror.missed.into(),
        ],
    )
}
