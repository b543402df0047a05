//! Retention of the journal (protocol rule 32): what is older than a year is dropped, in bounded steps.
//!
//! Patches lead back from the present state, so nothing has to be written before entries are dropped: how far back a state
//! can be rebuilt is one time for the whole graph.

use tminus_domain::ids::{EventId, JournalId, PrefixedId, Ulid};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::{id, read_id};
use crate::context::Context;
use crate::timers::{self, Kind};

/// How long entries are kept.
const KEPT_MS: i64 = 365 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// How many events one step looks at.
const STEP: u32 = 1_000;
const SUBJECT: &str = "all";

/// The earliest time that a state can be rebuilt of.
pub(crate) fn kept_from<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Timestamp, StoreError> {
    let row = ctx.first("/* journal_from */ SELECT journal_from FROM graph", &[])?;
    row.map_or(Ok(Timestamp::from_millis(0)), |row| row.get(0).map(Timestamp::from_millis))
}

/// Sees to it that entries are dropped some day.
pub(crate) fn expect<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    timers::set_at_most(ctx, Kind::Retention, SUBJECT, ctx.now.plus_millis(DAY_MS))
}

/// Drops what is too old of the next events after `cursor`; the next pass is a day after the last step.
pub(crate) fn step<H: ObjectHost>(ctx: &Context<'_, H>, cursor: Option<&str>) -> Result<(), StoreError> {
    let after: EventId = match cursor {
        Some(cursor) => cursor.parse().map_err(|_| StoreError::Corrupt { what: "cursor" })?,
        None => {
            begin(ctx)?;
            EventId::from_ulid(Ulid::nil())
        }
    };
    let last = ctx.first(
        "/* retention_step */ SELECT MAX(canonical_event_id), COUNT(*) FROM
           (SELECT canonical_event_id FROM canonical_events WHERE canonical_event_id > ?1
            ORDER BY canonical_event_id LIMIT ?2)",
        &[id(after), STEP.into()],
    )?;
    let events: u32 = last.as_ref().map_or(Ok(0), |row| row.get(1))?;
    let Some(last) = last.filter(|_| events > 0) else {
        return timers::set(ctx, Kind::Retention, SUBJECT, ctx.now.plus_millis(DAY_MS), 0, None);
    };
    let last: EventId = read_id(&last, 0)?;
    ctx.run(
        "/* drop_journal */ DELETE FROM event_journal
         WHERE canonical_event_id > ?1 AND canonical_event_id <= ?2 AND ts < ?3",
        &[id(after), id(last), kept_from(ctx)?.millis().into()],
    )?;
    timers::set(ctx, Kind::Retention, SUBJECT, ctx.now, 0, Some(&last.to_string()))
}

/// From here on nothing older is answered, whatever is still there of it.
fn begin<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<(), StoreError> {
    let from = ctx.now.plus_millis(-KEPT_MS).millis().max(0);
    ctx.run(
        "/* set_journal_from */ UPDATE graph SET journal_from = ?1 WHERE journal_from < ?1",
        &[from.into()],
    )?;
    let first = JournalId::from_ulid(Ulid::from_parts(u64::try_from(from).unwrap_or_default(), 0));
    ctx.run("/* drop_mirror_journal */ DELETE FROM mirror_journal WHERE journal_id < ?1", &[id(first)])
}
