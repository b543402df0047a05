//! Canonical events as rows.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tminus_domain::actor::Actor;
use tminus_domain::event::{
    EventContent, EventType, Extent, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility,
    When,
};
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::meeting::{base_id, usual_uid};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::ordering::{Known, Position};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError};

use crate::bulk::{self, ROWS};
use crate::columns::{Hex, id};
use crate::context::Context;
use crate::keys;

/// What [`decode`] reads, in the order of [`Read`]: all of a row as one text, since each value that crosses from the engine
/// into WebAssembly by itself costs more than its text.
pub(crate) const COLUMNS: &str = "json_array(hex(canonical_event_id), hex(origin_account_id), hex(origin_calendar_id), \
    origin_event_id, title, description, location, start_ts, end_ts, timezone, end_timezone, all_day, status, visibility, \
    transparency, recurrence_rule, last_end_ts, version, event_type, own_response, organizer, ical_uid, sequence, \
    recurring_event_id, original_start, lone, etag, generation, page, deleted)";

/// A row of [`COLUMNS`]; each value is told by its place.
#[derive(Deserialize)]
struct Read(
    /* 0: event */ Hex,
    /* 1 */ Hex,
    /* 2 */ Hex,
    /* 3: origin */ String,
    /* 4: title */ Option<String>,
    /* 5 */ Option<String>,
    /* 6 */ Option<String>,
    /* 7: start */ Timestamp,
    /* 8 */ Timestamp,
    /* 9: zone */ Option<String>,
    /* 10 */ Option<String>,
    /* 11: all day */ u8,
    /* 12: status */ Status,
    /* 13 */ Visibility,
    /* 14 */ Transparency,
    /* 15: rule */ Option<String>,
    /* 16: last end */ Option<Timestamp>,
    /* 17: version */ u32,
    /* 18: type */ EventType,
    /* 19 */ OwnResponse,
    /* 20 */ Organizer,
    /* 21: UID */ Option<String>,
    /* 22 */ i64,
    /* 23: master */ Option<String>,
    /* 24 */ Option<String>,
    /* 25: lone */ u8,
    /* 26: etag */ String,
    /* 27 */ u32,
    /* 28 */ u32,
    /* 29: deleted */ u8,
);

/// A canonical event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredEvent {
    pub(crate) event: EventId,
    pub(crate) account: AccountId,
    pub(crate) calendar: CalendarId,
    /// The provider's id.
    pub(crate) origin: String,
    pub(crate) content: EventContent,
    pub(crate) version: u32,
    pub(crate) etag: String,
    pub(crate) position: Position,
    pub(crate) deleted: bool,
    /// The end of the last occurrence of a series; `None`: it is endless, or no series.
    pub(crate) last_end: Option<Timestamp>,
    /// An exception whose master the provider does not have.
    pub(crate) lone: bool,
}

impl StoredEvent {
    /// The master and the original start, if it is an exception.
    pub(crate) fn exception(&self) -> Option<(&str, Occurrence)> {
        match &self.content.series {
            SeriesPart::Exception { master, original_start } => Some((master, *original_start)),
            SeriesPart::Single | SeriesPart::Master { .. } => None,
        }
    }

    /// The lines, if it is a master.
    pub(crate) fn lines(&self) -> Option<&[String]> {
        match &self.content.series {
            SeriesPart::Master { lines } => Some(lines),
            SeriesPart::Single | SeriesPart::Exception { .. } => None,
        }
    }

    /// Its iCalendar UID.
    pub(crate) fn uid(&self) -> String {
        let usual = || usual_uid(base_id(&self.origin, &self.content));
        self.content.ical_uid.clone().unwrap_or_else(usual)
    }
}

/// Decodes a row of [`COLUMNS`].
pub(crate) fn decode(row: &Row) -> Result<StoredEvent, StoreError> {
    let corrupt = |_| StoreError::Corrupt { what: "event" };
    let read: Read = serde_json::from_str(&row.get::<String>(0)?).map_err(corrupt)?;
    let extent = if read.11 == 0 { Extent::Timed } else { Extent::WholeDays };
    let when = When::from_keys(read.7, read.8, read.9, extent)
        .ok_or(StoreError::Corrupt { what: "event time" })?
        .ending_in(read.10);
    let series = match (read.15, read.23) {
        (_, Some(master)) => SeriesPart::Exception {
            master,
            original_start: Occurrence::from_stamp(&read.24.unwrap_or_default())
                .map_err(|_| StoreError::Corrupt { what: "original start" })?,
        },
        (Some(rule), None) => SeriesPart::Master { lines: rule.lines().map(str::to_owned).collect() },
        (None, None) => SeriesPart::Single,
    };
    Ok(StoredEvent {
        event: read.0.id(),
        account: read.1.id(),
        calendar: read.2.id(),
        origin: read.3,
        content: EventContent {
            title: read.4,
            description: read.5,
            location: read.6,
            when,
            status: read.12,
            visibility: read.13,
            transparency: read.14,
            event_type: read.18,
            own_response: read.19,
            organizer: read.20,
            series,
            ical_uid: read.21,
            sequence: read.22,
        },
        version: read.17,
        etag: read.26,
        position: Position { generation: read.27, page: read.28 },
        deleted: read.29 != 0,
        last_end: read.16,
        lone: read.25 != 0,
    })
}

/// What the store knows of an origin, without what the event says.
#[derive(Debug, Clone)]
pub(crate) struct Sketch {
    pub(crate) event: EventId,
    pub(crate) position: Position,
    pub(crate) etag: String,
    pub(crate) deleted: bool,
    /// An exception whose master the provider does not have.
    pub(crate) lone: bool,
}

impl Sketch {
    /// What the ordering rule needs.
    pub(crate) fn known(&self) -> Known<'_> {
        Known { position: self.position, etag: &self.etag, deleted: self.deleted }
    }
}

/// What is known of these ids of a calendar, by their place in the list; tombstones included.
pub(crate) fn sketches<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    ids: &[&str],
) -> Result<Vec<(usize, Sketch)>, StoreError> {
    ctx.query(
        "/* event_sketches */ SELECT json_array(j.key, e.origin_event_id, hex(e.canonical_event_id), e.etag,
           e.generation, e.page, e.deleted, e.lone)
         FROM json_each(?2) AS j
         CROSS JOIN canonical_events AS e ON e.origin_key = j.value AND e.origin_calendar_id = ?1",
        &[id(calendar), bulk::list(ids.iter().map(|id| keys::key_of(id)))?],
    )?
    .iter()
    .filter_map(|row| sketch(row, ids).transpose())
    .collect()
}

/// A row of the statement above with its place in the list, unless it is of another id with the same number.
fn sketch(row: &Row, ids: &[&str]) -> Result<Option<(usize, Sketch)>, StoreError> {
    type Read<'a> = (usize, Cow<'a, str>, Hex, String, u32, u32, u8, u8);
    let text = row.get::<String>(0)?;
    let (place, origin, event, etag, generation, page, deleted, lone): Read<'_> =
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { what: "event" })?;
    if ids.get(place) != Some(&origin.as_ref()) {
        return Ok(None);
    }
    let position = Position { generation, page };
    Ok(Some((place, Sketch { event: event.id(), position, etag, deleted: deleted != 0, lone: lone != 0 })))
}

/// The events of these ids, tombstones included.
pub(crate) fn by_ids<H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = EventId>,
) -> Result<Vec<StoredEvent>, StoreError> {
    let list: Vec<Hex> = events.into_iter().map(Hex::of).collect();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "/* events_by_id */ SELECT {COLUMNS} FROM canonical_events WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1))"
    );
    ctx.query(&statement, &[bulk::list(list)?])?.iter().map(decode).collect()
}

/// The events of these origins in a calendar, tombstones included.
pub(crate) fn by_origins<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    origins: &[&str],
) -> Result<Vec<StoredEvent>, StoreError> {
    if origins.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "/* events_by_origin */ SELECT {COLUMNS} FROM canonical_events WHERE origin_calendar_id = ?1
           AND origin_key IN (SELECT value FROM json_each(?2))"
    );
    let found = ctx.query(&statement, &[id(calendar), keys::list(origins.iter().copied())?])?;
    let wanted: BTreeSet<&str> = origins.iter().copied().collect();
    let mut events = found.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
    events.retain(|event| wanted.contains(event.origin.as_str()));
    Ok(events)
}

/// The exceptions of these masters in a calendar, cancelled ones included.
pub(crate) fn exceptions_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    masters: &[&str],
) -> Result<Vec<StoredEvent>, StoreError> {
    if masters.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "/* exceptions_of */ SELECT {COLUMNS} FROM canonical_events WHERE origin_calendar_id = ?1
           AND recurring_event_id IN (SELECT value FROM json_each(?2))"
    );
    ctx.query(&statement, &[id(calendar), bulk::list(masters)?])?.iter().map(decode).collect()
}

/// A row of the statements below; each value is told by its place.
#[derive(Serialize)]
struct Written<'a>(
    /* 0 */ Hex,
    /* 1 */ Hex,
    /* 2 */ Hex,
    /* 3 */ &'a str,
    /* 4: title */ Option<&'a str>,
    /* 5 */ Option<&'a str>,
    /* 6 */ Option<&'a str>,
    /* 7: start */ i64,
    /* 8 */ i64,
    /* 9: zone */ Option<&'a str>,
    /* 10 */ Option<&'a str>,
    /* 11: all day */ u8,
    /* 12: status */ &'a str,
    /* 13 */ &'a str,
    /* 14 */ &'a str,
    /* 15: rule */ Option<String>,
    /* 16: last end */ Option<i64>,
    /* 17: version */ u32,
    /* 18: now */ i64,
    /* 19: type */ &'a str,
    /* 20 */ &'a str,
    /* 21: organizer */ &'a str,
    /* 22: UID */ Option<&'a str>,
    /* 23 */ i64,
    /* 24: master */ Option<&'a str>,
    /* 25 */ Option<String>,
    /* 26: lone */ u8,
    /* 27: etag */ &'a str,
    /* 28 */ u32,
    /* 29 */ u32,
    /* 30: deleted */ u8,
    /* 31: keys */ i64,
    /* 32 */ Option<i64>,
    /* 33: source */ &'a str,
);

fn written<'a>((stored, source): (&'a StoredEvent, Actor), now: Timestamp) -> Written<'a> {
    let content = &stored.content;
    let (zone, end_zone) = match &content.when {
        When::Timed { zone, end_zone, .. } => (zone.as_deref(), end_zone.as_deref()),
        When::AllDay { .. } => (None, None),
    };
    let exception = stored.exception();
    Written(
        Hex::of(stored.event),
        Hex::of(stored.account),
        Hex::of(stored.calendar),
        &stored.origin,
        content.title.as_deref(),
        content.description.as_deref(),
        content.location.as_deref(),
        content.when.start_key().millis(),
        content.when.end_key().millis(),
        zone,
        end_zone,
        u8::from(content.when.extent() == Extent::WholeDays),
        content.status.as_str(),
        content.visibility.as_str(),
        content.transparency.as_str(),
        stored.lines().map(|lines| lines.join("\n")),
        stored.last_end.map(Timestamp::millis),
        stored.version,
        now.millis(),
        content.event_type.as_str(),
        content.own_response.as_str(),
        content.organizer.as_str(),
        content.ical_uid.as_deref(),
        content.sequence,
        exception.map(|(master, _)| master),
        exception.map(|(_, occurrence)| occurrence.stamp()),
        u8::from(stored.lone),
        &stored.etag,
        stored.position.generation,
        stored.position.page,
        u8::from(stored.deleted),
        keys::key_of(&stored.origin),
        content.ical_uid.as_deref().map(keys::key_of),
        source.as_str(),
    )
}

/// Inserts events that are new, each with its source.
pub(crate) fn insert<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = (&'a StoredEvent, Actor)>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        &format!(
            "/* insert_events */ {ROWS} INSERT INTO canonical_events (
               canonical_event_id, origin_account_id, origin_calendar_id, origin_event_id, title, description, location,
               start_ts, end_ts, timezone, end_timezone, all_day, status, visibility, transparency,
               recurrence_rule, last_end_ts, version, created_at, updated_at, event_type, own_response, organizer,
               ical_uid, sequence, recurring_event_id, original_start, lone, etag, generation, page, deleted,
               origin_key, uid_key, source)
             SELECT unhex(v ->> 0), unhex(v ->> 1), unhex(v ->> 2), v ->> 3, v ->> 4, v ->> 5, v ->> 6,
               v ->> 7, v ->> 8, v ->> 9, v ->> 10, v ->> 11, v ->> 12, v ->> 13, v ->> 14,
               v ->> 15, v ->> 16, v ->> 17, v ->> 18, v ->> 18, v ->> 19, v ->> 20, v ->> 21,
               v ->> 22, v ->> 23, v ->> 24, v ->> 25, v ->> 26, v ->> 27, v ->> 28, v ->> 29, v ->> 30,
               v ->> 31, v ->> 32, v ->> 33
             FROM rows"
        ),
        events.into_iter().map(|event| written(event, ctx.now)),
        &[],
    )
}

/// Replaces what can change of events that are known; their source stays. `times` says whether what an index holds may have changed.
pub(crate) fn update<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = (&'a StoredEvent, Actor)>,
    times: Times,
) -> Result<(), StoreError> {
    let times = match times {
        Times::Kept => "",
        Times::Changed => {
            "start_ts = v ->> 7, end_ts = v ->> 8, ical_uid = v ->> 22, uid_key = v ->> 32, recurring_event_id = v ->> 24,"
        }
    };
    let statement = format!(
        "/* update_events */ {ROWS} UPDATE canonical_events SET {times}
           title = v ->> 4, description = v ->> 5, location = v ->> 6, timezone = v ->> 9, end_timezone = v ->> 10,
           all_day = v ->> 11, status = v ->> 12, visibility = v ->> 13, transparency = v ->> 14,
           recurrence_rule = v ->> 15, last_end_ts = v ->> 16, version = v ->> 17, updated_at = v ->> 18,
           event_type = v ->> 19, own_response = v ->> 20, organizer = v ->> 21, sequence = v ->> 23,
           original_start = v ->> 25, lone = v ->> 26, etag = v ->> 27, generation = v ->> 28, page = v ->> 29,
           deleted = v ->> 30, suspect_generation = NULL
         FROM rows WHERE canonical_event_id = unhex(v ->> 0)"
    );
    bulk::run(ctx, &statement, events.into_iter().map(|event| written(event, ctx.now)), &[])
}

/// Whether the columns of an index can have changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    /// None has.
    Kept,
    /// Start, end, UID or master may have.
    Changed,
}
