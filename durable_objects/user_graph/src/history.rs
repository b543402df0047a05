//! The journal, read: its entries, and what an event was at a time.
//!
//! Patches lead back from what stands, so a state is rebuilt from the present one, through the entries that are younger
//! than the time that is asked for (docs/adr/0015).

use std::collections::BTreeMap;

use json_patch::Patch;
use tminus_domain::event::{EventContent, Status};
use tminus_domain::ids::{CalendarId, EventId, JournalId, PrefixedId, TraceId, Ulid};
use tminus_domain::time::Timestamp;
use tminus_ports::{Named, ObjectHost};
use tminus_store::{Row, StoreError};

use crate::columns::{id, read_id, read_id_opt, read_time};
use crate::context::Context;
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::explaining_contract::{
    AsOf, Facts, GetAsOf, JournalEntry, JournalPage, ListJournal, MirrorOf, MirrorWas, Was,
};
use crate::mirror_journal::{self, facts, step_back};
use crate::mirrors::{self, StoredMirror};
use crate::retention;

const CORRUPT: StoreError = StoreError::Corrupt { what: "journal" };
/// Most entries of one page.
const MAX_PAGE: u32 = 500;

/// An entry of the event itself.
struct OfEvent {
    journal: JournalId,
    at: Timestamp,
    version: u32,
    actor: String,
    change: String,
    reason: Option<String>,
    trace: Option<TraceId>,
    way_back: Option<Patch>,
}

/// The entries of an event itself after a time, the newest first.
fn of_event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
    after: Timestamp,
) -> Result<Vec<OfEvent>, StoreError> {
    ctx.query(
        "/* journal_of_event */ SELECT journal_id, ts, version, actor, change_type, reason, trace_id, patch_json
         FROM event_journal WHERE canonical_event_id = ?1 AND ts > ?2 ORDER BY version DESC, journal_id DESC",
        &[id(event), after.millis().into()],
    )?
    .iter()
    .map(entry)
    .collect()
}

fn entry(row: &Row) -> Result<OfEvent, StoreError> {
    let patch: Option<String> = row.get(7)?;
    Ok(OfEvent {
        journal: read_id(row, 0)?,
        at: read_time(row, 1)?,
        version: row.get(2)?,
        actor: row.get(3)?,
        change: row.get(4)?,
        reason: row.get(5)?,
        trace: read_id_opt(row, 6)?,
        way_back: patch.map(|text| serde_json::from_str(&text)).transpose().map_err(|_| CORRUPT)?,
    })
}

fn stored<H: ObjectHost>(ctx: &Context<'_, H>, event: EventId) -> Result<StoredEvent, GraphError> {
    events::by_ids(ctx, [event])?.pop().ok_or(GraphError::Unknown(Named::Event))
}

/// The calendars that an event has mirrors in, or had.
fn mirrors_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
) -> Result<(Vec<StoredMirror>, Vec<CalendarId>), StoreError> {
    let mirrors = mirrors::of_events(ctx, [event])?;
    let mut calendars: Vec<CalendarId> = mirrors.iter().map(|mirror| mirror.key.calendar).collect();
    calendars.sort_unstable();
    calendars.dedup();
    Ok((mirrors, calendars))
}

/// The entries of an event and its mirrors, the newest first.
pub(crate) fn list<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ListJournal,
) -> Result<JournalPage, GraphError> {
    stored(ctx, command.event)?;
    let always = Timestamp::from_millis(-1);
    let mut entries: Vec<JournalEntry> = of_event(ctx, command.event, always)?
        .into_iter()
        .map(|entry| JournalEntry {
            journal: entry.journal,
            at: entry.at,
            mirror: None,
            change: entry.change,
            actor: entry.actor,
            reason: entry.reason,
            version: Some(entry.version),
            way_back: entry.way_back,
            conflict: BTreeMap::new(),
            trace: entry.trace,
        })
        .collect();
    for calendar in mirrors_of(ctx, command.event)?.1 {
        for read in mirror_journal::of_event(ctx, command.event, calendar, always)? {
            let (at, journal, cause, trace) = (read.at(), read.journal, read.cause, read.trace);
            let conflict = read.conflict.unwrap_or_default();
            entries.extend(read.lines.into_iter().map(|(occurrence, way_back)| JournalEntry {
                journal,
                at,
                mirror: Some(MirrorOf { calendar, occurrence }),
                change: cause.change().to_owned(),
                actor: cause.actor().to_string(),
                reason: Some(cause.reason().to_owned()),
                version: None,
                way_back: Some(way_back),
                conflict: conflict.clone(),
                trace,
            }));
        }
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.journal));
    let before = command.before.unwrap_or(JournalId::from_ulid(Ulid::from_bytes([0xFF; 16])));
    entries.retain(|entry| entry.journal < before);
    let limit = usize::try_from(command.limit.clamp(1, MAX_PAGE)).unwrap_or(usize::MAX);
    // What one command changed stays on one page: the next one starts behind its id.
    let last = entries.get(limit.saturating_sub(1)).map(|last| last.journal);
    let is_there = |entry: &JournalEntry| last.is_none_or(|last| entry.journal >= last);
    let (page, rest): (Vec<_>, Vec<_>) = entries.into_iter().partition(is_there);
    Ok(JournalPage { next: last.filter(|_| !rest.is_empty()), entries: page })
}

/// What an event was at a time.
pub(crate) fn as_of<H: ObjectHost>(ctx: &Context<'_, H>, command: &GetAsOf) -> Result<AsOf, GraphError> {
    let stored = stored(ctx, command.event)?;
    let created = created_at(ctx, command.event)?;
    if command.at < created {
        return Ok(AsOf::NotYet { since: created });
    }
    let kept_from = retention::kept_from(ctx)?;
    if command.at < kept_from {
        return Ok(AsOf::Forgotten { earliest: kept_from });
    }
    let younger = of_event(ctx, command.event, command.at)?;
    let mut version = stored.version;
    let mut json = serde_json::to_value(&stored.content).map_err(|_| CORRUPT)?;
    for entry in &younger {
        let Some(patch) = &entry.way_back else {
            // Written before there were ways back, or of an account that is forgotten.
            return Ok(AsOf::Forgotten { earliest: entry.at });
        };
        json_patch::patch(&mut json, patch).map_err(|_| CORRUPT)?;
        version = entry.version.saturating_sub(1);
    }
    let content: EventContent = serde_json::from_value(json).map_err(|_| CORRUPT)?;
    Ok(AsOf::Known(Box::new(Was {
        event: stored.event,
        account: stored.account,
        calendar: stored.calendar,
        version,
        deleted: content.status == Status::Cancelled,
        content,
        mirrors: mirrors_as_of(ctx, command)?,
    })))
}

fn created_at<H: ObjectHost>(ctx: &Context<'_, H>, event: EventId) -> Result<Timestamp, StoreError> {
    ctx.first(
        "/* created_at */ SELECT created_at FROM canonical_events WHERE canonical_event_id = ?1",
        &[id(event)],
    )?
    .map_or(Err(CORRUPT), |row| read_time(&row, 0))
}

/// What was known of an event's mirrors at a time, also of those that are not there any more.
fn mirrors_as_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &GetAsOf,
) -> Result<Vec<MirrorWas>, StoreError> {
    let (mirrors, calendars) = mirrors_of(ctx, command.event)?;
    let of = |mirror: &StoredMirror| (mirror.key.calendar, mirror.key.occurrence);
    let mut were: BTreeMap<_, Facts> = mirrors.iter().map(|mirror| (of(mirror), facts(mirror))).collect();
    for calendar in calendars {
        for read in mirror_journal::of_event(ctx, command.event, calendar, command.at)? {
            for (occurrence, way_back) in &read.lines {
                let was = were.entry((calendar, *occurrence)).or_default();
                *was = step_back(was, way_back)?;
            }
        }
    }
    were.retain(|_, facts| *facts != Facts::default());
    let told = |((calendar, occurrence), facts)| MirrorWas { of: MirrorOf { calendar, occurrence }, facts };
    Ok(were.into_iter().map(told).collect())
}
