//! The journal of mirrors: what became of each at the provider, and what was wanted of it where that changed by itself.
//!
//! Fifty mirrors are settled at once, so an entry holds what one command changed in one calendar: a row a mirror would be
//! billed, and would be the largest part of what a mirror takes. The history of one mirror is found by its event's id in
//! the entries of its calendar.

use std::collections::BTreeMap;

use json_patch::Patch;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use tminus_domain::ids::{CalendarId, EventId, JournalId, PrefixedId, TraceId, Ulid};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::{Hex, id, read_id, read_id_opt};
use crate::context::Context;
use crate::mirrors::StoredMirror;

const CORRUPT: StoreError = StoreError::Corrupt { what: "journal of mirrors" };

/// Why mirrors changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A writer settled them.
    Written,
    /// A page showed them otherwise than they were written.
    Seen,
    /// Something else was wanted of them.
    Wished,
}

impl Cause {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Seen => "seen",
            Self::Wished => "wished",
        }
    }
}

/// One mirror in an entry: its event, the stamp of its occurrence, the way back. Without one, nothing of it was shown
/// before: the first write of a mirror, which most are, is no more than the event's id.
#[derive(Debug, Deserialize)]
struct Line(Hex, #[serde(default)] String, #[serde(default)] Option<Patch>);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self(event, stamp, Some(patch)) => (event, stamp, patch).serialize(serializer),
            Self(event, stamp, None) if stamp.is_empty() => (event,).serialize(serializer),
            Self(event, stamp, None) => (event, stamp).serialize(serializer),
        }
    }
}

/// Collects what a command changes of mirrors, by their calendars.
#[derive(Default)]
pub(crate) struct Recorder(BTreeMap<CalendarId, Vec<Line>>);

impl Recorder {
    /// Records how a mirror differs from what it was; nothing if it does not. `None`: there was no mirror.
    pub(crate) fn record(
        &mut self,
        before: Option<&StoredMirror>,
        after: &StoredMirror,
    ) -> Result<(), StoreError> {
        let (was, is) = (before.map(facts).unwrap_or_default(), facts(after));
        if was == is {
            return Ok(());
        }
        let way_back = json_patch::diff(&json(&is)?, &json(&was)?);
        let is_first = Facts { shown: None, ..is } == was;
        let stamp = after.key.occurrence.map(Occurrence::stamp).unwrap_or_default();
        let line = Line(Hex::of(after.key.event), stamp, (!is_first).then_some(way_back));
        self.0.entry(after.key.calendar).or_default().push(line);
        Ok(())
    }

    /// Appends what was recorded: an entry a calendar.
    pub(crate) fn append<H: ObjectHost>(self, ctx: &Context<'_, H>, cause: Cause) -> Result<(), StoreError> {
        let trace = ctx.trace.parse::<TraceId>().ok().map(|trace| trace.ulid().to_bytes().to_vec());
        for (calendar, entries) in self.0 {
            ctx.run(
                "/* append_mirror_journal */ INSERT INTO mirror_journal
                   (target_calendar_id, journal_id, change_type, entries_json, trace_id) VALUES (?1, ?2, ?3, ?4, ?5)",
                &[
                    id(calendar),
                    id(ctx.id::<JournalId>()),
                    cause.as_str().into(),
                    serde_json::to_string(&entries).map_err(|_| CORRUPT)?.into(),
                    trace.clone().into(),
                ],
            )?;
        }
        Ok(())
    }
}

/// What the journal keeps of a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Facts {
    /// What is wanted; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<ProjectionHash>,
    /// Why nothing is wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FilterReason>,
    /// What the provider holds, as it last acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<ProjectionHash>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What the journal keeps of a mirror as it is.
pub(crate) fn facts(stored: &StoredMirror) -> Facts {
    let mirror = &stored.mirror;
    Facts {
        wanted: mirror.wanted.clone(),
        reason: stored.reason,
        shown: mirror.acked.clone(),
        error: mirror.error.clone(),
    }
}

fn json(facts: &Facts) -> Result<Json, StoreError> {
    serde_json::to_value(facts).map_err(|_| CORRUPT)
}

/// An entry of the journal, as far as it is about one event.
pub(crate) struct Read {
    pub(crate) journal: JournalId,
    pub(crate) cause: String,
    pub(crate) trace: Option<TraceId>,
    /// The mirrors of the event that changed, with their way back.
    pub(crate) lines: Vec<(Option<Occurrence>, Option<Patch>)>,
}

impl Read {
    pub(crate) fn at(&self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.journal.ulid().timestamp_ms()).unwrap_or(i64::MAX))
    }
}

/// What the journal says of an event's mirrors in a calendar after a time, the newest first.
pub(crate) fn of_event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
    calendar: CalendarId,
    after: Timestamp,
) -> Result<Vec<Read>, StoreError> {
    // The last id of that millisecond: ids are in order of time.
    let after = u64::try_from(after.millis()).unwrap_or_default();
    let last = JournalId::from_ulid(Ulid::from_parts(after, u128::MAX));
    let digits = serde_json::to_string(&Hex::of(event)).map_err(|_| CORRUPT)?;
    let rows = ctx.query(
        "/* mirror_journal_of_event */ SELECT journal_id, change_type, entries_json, trace_id FROM mirror_journal
         WHERE target_calendar_id = ?1 AND journal_id > ?2 AND instr(entries_json, ?3) > 0
         ORDER BY journal_id DESC",
        &[id(calendar), id(last), digits.into()],
    )?;
    rows.iter()
        .map(|row| {
            let lines: Vec<Line> = serde_json::from_str(&row.get::<String>(2)?).map_err(|_| CORRUPT)?;
            let own = lines.into_iter().filter(|Line(of, ..)| of.id::<EventId>() == event);
            let line = |Line(_, stamp, patch): Line| {
                let occurrence = Some(stamp).filter(|stamp| !stamp.is_empty());
                let occurrence = occurrence.map(|stamp| Occurrence::from_stamp(&stamp)).transpose();
                Ok((occurrence.map_err(|_| CORRUPT)?, patch))
            };
            Ok(Read {
                journal: read_id(row, 0)?,
                cause: row.get(1)?,
                trace: read_id_opt(row, 3)?,
                lines: own.map(line).collect::<Result<_, StoreError>>()?,
            })
        })
        .collect()
}

/// Leads what is known of a mirror one entry back.
pub(crate) fn step_back(facts: Facts, patch: Option<&Patch>) -> Result<Facts, StoreError> {
    let Some(patch) = patch else { return Ok(Facts { shown: None, ..facts }) };
    let mut json = json(&facts)?;
    json_patch::patch(&mut json, patch).map_err(|_| CORRUPT)?;
    serde_json::from_value(json).map_err(|_| CORRUPT)
}
