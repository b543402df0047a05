//! Canonical events as rows.

use tminus_domain::event::{EventContent, Organizer, SeriesPart, When};
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::ordering::{Known, Position};
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::context::Context;

/// The columns that [`decode`] reads, in its order.
pub(crate) const COLUMNS: &str = "canonical_event_id, origin_account_id, origin_calendar_id, title, description, \
    location, start_ts, end_ts, timezone, all_day, status, visibility, transparency, recurrence_rule, version, \
    event_type, own_response, ical_uid, sequence, recurring_event_id, original_start, etag, generation, page, deleted";

/// Where an event comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) account: AccountId,
    pub(crate) calendar: CalendarId,
    /// The provider's id.
    pub(crate) id: &'a str,
}

/// A canonical event as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredEvent {
    pub(crate) event: EventId,
    pub(crate) account: AccountId,
    pub(crate) calendar: CalendarId,
    pub(crate) content: EventContent,
    pub(crate) version: u32,
    pub(crate) etag: String,
    pub(crate) position: Position,
    pub(crate) deleted: bool,
}

impl StoredEvent {
    /// What the ordering rule needs.
    pub(crate) fn known(&self) -> Known<'_> {
        Known { position: self.position, etag: &self.etag, deleted: self.deleted }
    }
}

/// Decodes a row of [`COLUMNS`].
pub(crate) fn decode(row: &Row) -> Result<StoredEvent, StoreError> {
    let zone: Option<String> = row.get(8)?;
    let when = When::from_texts(&row.get::<String>(6)?, &row.get::<String>(7)?, zone, row.get(9)?)
        .ok_or(StoreError::Corrupt { what: "event time" })?;
    let rule: Option<String> = row.get(13)?;
    let master: Option<String> = row.get(19)?;
    let series = match (rule, master) {
        (_, Some(master)) => {
            SeriesPart::Exception { master, original_start: row.parse(20, "original start")? }
        }
        (Some(rule), None) => SeriesPart::Master { lines: rule.lines().map(str::to_owned).collect() },
        (None, None) => SeriesPart::Single,
    };
    Ok(StoredEvent {
        event: row.parse(0, "event id")?,
        account: row.parse(1, "account id")?,
        calendar: row.parse(2, "calendar id")?,
        content: EventContent {
            title: row.get(3)?,
            description: row.get(4)?,
            location: row.get(5)?,
            when,
            status: row.parse(10, "status")?,
            visibility: row.parse(11, "visibility")?,
            transparency: row.parse(12, "transparency")?,
            event_type: row.parse(15, "event type")?,
            own_response: row.parse(16, "own response")?,
            organizer: Organizer::Own,
            series,
            ical_uid: row.get(17)?,
            sequence: row.get(18)?,
        },
        version: row.get(14)?,
        etag: row.get(21)?,
        position: Position { generation: row.get(22)?, page: row.get(23)? },
        deleted: row.get(24)?,
    })
}

/// The event of this origin, tombstones included.
pub(crate) fn by_origin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    origin: Origin<'_>,
) -> Result<Option<StoredEvent>, StoreError> {
    ctx.first(
        &format!(
            "/* event_by_origin */ SELECT {COLUMNS} FROM canonical_events
             WHERE origin_account_id = ?1 AND origin_calendar_id = ?2 AND origin_event_id = ?3"
        ),
        &[Value::text(origin.account), Value::text(origin.calendar), origin.id.into()],
    )?
    .map(|row| decode(&row))
    .transpose()
}

/// The event of this id, tombstones included.
pub(crate) fn by_id<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
) -> Result<Option<StoredEvent>, StoreError> {
    ctx.first(
        &format!("/* event_by_id */ SELECT {COLUMNS} FROM canonical_events WHERE canonical_event_id = ?1"),
        &[Value::text(event)],
    )?
    .map(|row| decode(&row))
    .transpose()
}

/// Writes an event: inserted if its id is new, else every column that can change is replaced.
pub(crate) fn put<H: ObjectHost>(
    ctx: &Context<'_, H>,
    origin: Origin<'_>,
    stored: &StoredEvent,
) -> Result<(), StoreError> {
    let content = &stored.content;
    let (rule, master, original) = match &content.series {
        SeriesPart::Single => (Value::Null, Value::Null, Value::Null),
        SeriesPart::Master { lines } => (lines.join("\n").into(), Value::Null, Value::Null),
        SeriesPart::Exception { master, original_start } => {
            (Value::Null, master.as_str().into(), Value::text(original_start))
        }
    };
    let now = ctx.now.to_rfc3339();
    ctx.run(
        "/* put_event */ INSERT INTO canonical_events (
           canonical_event_id, origin_account_id, origin_calendar_id, origin_event_id, title, description, location,
           start_ts, end_ts, timezone, all_day, status, visibility, transparency, recurrence_rule, source, version,
           created_at, updated_at, event_type, own_response, ical_uid, sequence, recurring_event_id, original_start,
           etag, generation, page, deleted)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 'provider', ?16, ?17, ?17, ?18,
           ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)
         ON CONFLICT (canonical_event_id) DO UPDATE SET
           title = excluded.title, description = excluded.description, location = excluded.location,
           start_ts = excluded.start_ts, end_ts = excluded.end_ts, timezone = excluded.timezone,
           all_day = excluded.all_day, status = excluded.status, visibility = excluded.visibility,
           transparency = excluded.transparency, recurrence_rule = excluded.recurrence_rule,
           version = excluded.version, updated_at = excluded.updated_at, event_type = excluded.event_type,
           own_response = excluded.own_response, ical_uid = excluded.ical_uid, sequence = excluded.sequence,
           recurring_event_id = excluded.recurring_event_id, original_start = excluded.original_start,
           etag = excluded.etag, generation = excluded.generation, page = excluded.page, deleted = excluded.deleted,
           suspect_generation = NULL",
        &[
            Value::text(stored.event),
            Value::text(origin.account),
            Value::text(origin.calendar),
            origin.id.into(),
            content.title.clone().into(),
            content.description.clone().into(),
            content.location.clone().into(),
            content.when.start_text().into(),
            content.when.end_text().into(),
            content.when.zone().into(),
            matches!(content.when, When::AllDay { .. }).into(),
            content.status.as_str().into(),
            content.visibility.as_str().into(),
            content.transparency.as_str().into(),
            rule,
            stored.version.into(),
            now.into(),
            content.event_type.as_str().into(),
            content.own_response.as_str().into(),
            content.ical_uid.clone().into(),
            content.sequence.into(),
            master,
            original,
            stored.etag.as_str().into(),
            stored.position.generation.into(),
            stored.position.page.into(),
            stored.deleted.into(),
        ],
    )
}
