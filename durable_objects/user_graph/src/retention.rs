//! Retention of the journals (protocol rule 32): what is older than a year is dropped, in bounded steps.
//!
//! Patches lead back from the present state, so nothing has to be written before entries are dropped: how far back a state
//! can be rebuilt is one time for the whole graph, set before the first entry goes. Once a day, before a pass, every event is
//! accounted for: an imbalance is in the log within a day, also if nobody asks.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{EventId, JournalId, PrefixedId, Ulid};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::{id, read_id_opt};
use crate::conservation;
use crate::context::Context;
use crate::error::GraphError;
use crate::timers::{self, Kind};

/// How long entries are kept.
const KEPT_MS: i64 = 365 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// How many events one step looks at, and how many entries of the other journals it drops.
const STEP: u32 = 1_000;
const SUBJECT: &str = "all";

/// The earliest time that a state can be rebuilt of.
pub(crate) fn kept_from<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Timestamp, StoreError> {
    let row = ctx.first("/* journal_from */ SELECT journal_from FROM graph", &[])?;
    row.map_or(Ok(Timestamp::from_millis(0)), |row| row.get(0).map(Timestamp::from_millis))
}

/// Starts a pass if the last one began more than a day ago. Asked whenever an account is maintained, so that the object of
/// someone who has none left is never woken for it.
pub(crate) fn expect<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    let is_due = kept_from(ctx)? < ctx.now.plus_millis(-KEPT_MS).plus_millis(-DAY_MS);
    if is_due { timers::set_at_most(ctx, Kind::Retention, SUBJECT, ctx.now) } else { Ok(()) }
}

/// From here on nothing older is answered, whatever is still there of it.
pub(crate) fn begin<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    ctx.run(
        "/* set_journal_from */ UPDATE graph SET journal_from = ?1 WHERE journal_from < ?1",
        &[ctx.now.plus_millis(-KEPT_MS).millis().into()],
    )
}

/// How far a pass is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Progress {
    /// In the journals that are kept by time.
    ByTime,
    /// In that of events, behind this one.
    Events(EventId),
}

/// Drops the next of what is too old. A repeat finds nothing more.
pub(crate) fn step<H: ObjectHost>(ctx: &Context<'_, H>, cursor: Option<&str>) -> Result<(), GraphError> {
    let progress = match cursor {
        Some(cursor) => serde_json::from_str(cursor).map_err(|_| StoreError::Corrupt { what: "cursor" })?,
        None => {
            begin(ctx)?;
            conservation::report(ctx)?;
            Progress::ByTime
        }
    };
    let next = match progress {
        Progress::ByTime if drop_by_time(ctx)? >= STEP => Some(Progress::ByTime),
        Progress::ByTime => Some(Progress::Events(EventId::from_ulid(Ulid::nil()))),
        Progress::Events(after) => drop_of_events(ctx, after)?.map(Progress::Events),
    };
    let Some(next) = next else {
        return Ok(timers::clear(ctx, Kind::Retention, SUBJECT)?);
    };
    let cursor = serde_json::to_string(&next).map_err(|_| StoreError::Corrupt { what: "cursor" })?;
    Ok(timers::set(ctx, Kind::Retention, SUBJECT, ctx.now, 0, Some(&cursor))?)
}

/// Drops entries of mirrors and of settings, which are few; answers of which journal the most went.
fn drop_by_time<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<u32, StoreError> {
    let first = Ulid::from_parts(u64::try_from(kept_from(ctx)?.millis()).unwrap_or_default(), 0);
    let mut most = 0;
    for (table, subject) in [("mirror_journal", "target_calendar_id"), ("settings_journal", "subject")] {
        let rows = ctx.query(
            &format!(
                "/* drop_by_time */ DELETE FROM {table} WHERE ({subject}, journal_id) IN
                   (SELECT {subject}, journal_id FROM {table} WHERE journal_id < ?1 LIMIT ?2) RETURNING 1"
            ),
            &[id(JournalId::from_ulid(first)), STEP.into()],
        )?;
        most = most.max(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    }
    Ok(most)
}

/// Drops entries of the next events; answers the last of these, `None` if there are no more.
fn drop_of_events<H: ObjectHost>(
    ctx: &Context<'_, H>,
    after: EventId,
) -> Result<Option<EventId>, StoreError> {
    let last = ctx.first(
        "/* retention_step */ SELECT MAX(canonical_event_id) FROM
           (SELECT canonical_event_id FROM canonical_events WHERE canonical_event_id > ?1
            ORDER BY canonical_event_id LIMIT ?2)",
        &[id(after), STEP.into()],
    )?;
    let Some(last) = last.map_or(Ok(None), |row| read_id_opt::<EventId>(&row, 0))? else { return Ok(None) };
    ctx.run(
        "/* drop_journal */ DELETE FROM event_journal
         WHERE canonical_event_id > ?1 AND canonical_event_id <= ?2 AND ts < ?3",
        &[id(after), id(last), kept_from(ctx)?.millis().into()],
    )?;
    Ok(Some(last))
}
