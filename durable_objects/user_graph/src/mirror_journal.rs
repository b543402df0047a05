//! The journal of mirrors: what became of each at the provider, what was wanted of it, and what somebody else made of it.
//!
//! Fifty mirrors are settled at once, so an entry holds what one command changed in one calendar: a row a mirror would be
//! billed, and would be the largest part of what a mirror takes. The history of one mirror is found by its event's id in
//! the entries of its calendar.

use std::collections::BTreeMap;

use json_patch::Patch;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value as Json;
use tminus_domain::actor::Actor;
use tminus_domain::authority::{Disagreement, disagreements};
use tminus_domain::ids::{CalendarId, EventId, JournalId, PrefixedId, TraceId, Ulid};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::{MirrorBody, ProjectionHash};
use tminus_domain::time::Timestamp;
use tminus_domain::words;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::bulk;
use crate::columns::{Hex, id, read_id, read_id_opt};
use crate::context::Context;
use crate::journal;
use crate::lenses::Lenses;
use crate::mirrors::{MirrorKey, StoredMirror};
use crate::project;

const CORRUPT: StoreError = StoreError::Corrupt { what: "journal of mirrors" };

words! {
    /// Why mirrors changed.
    Cause {
        /// A writer settled them.
        Written = "written",
        /// A page showed them otherwise than they were written.
        Seen = "seen",
        /// Someone deleted them.
        Removed = "removed",
        /// A whole list did not hold them.
        Missed = "missed",
        /// Someone changed what they show.
        Conflict = "conflict",
        /// Their event changed.
        Event = "event",
        /// The policy changed.
        Policy = "policy",
        /// A window moved on.
        Window = "window",
        /// The user dismissed them, or took that back.
        User = "user",
    }
}

impl Cause {
    /// What happened, as the journal tells it.
    pub(crate) const fn change(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Seen | Self::Removed | Self::Missed => "seen",
            Self::Conflict => "conflict",
            Self::Event | Self::Policy | Self::Window | Self::User => "wished",
        }
    }

    /// Who made the change.
    pub(crate) const fn actor(self) -> Actor {
        match self {
            Self::Seen | Self::Removed | Self::Missed | Self::Conflict => Actor::Provider,
            Self::User => Actor::Ui,
            Self::Written | Self::Event | Self::Policy | Self::Window => Actor::System,
        }
    }

    /// Why, in words.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Self::Written => "its writer settled it",
            Self::Seen => "a page showed it otherwise",
            Self::Removed => "deleted by hand",
            Self::Missed => "a whole list did not hold it",
            Self::Conflict => "changed by hand",
            Self::Event => "its event changed",
            Self::Policy => "the policy changed",
            Self::Window => "time passed",
            Self::User => "dismissed, or taken back",
        }
    }
}

/// One mirror in an entry: its event, the stamp of its occurrence, the way back. The first write of a mirror, which most
/// entries are about, is no more than the event's id: its way back is [`UNSHOWN`].
#[derive(Debug, Deserialize)]
struct Line(EventId, #[serde(default)] String, #[serde(default)] Option<Patch>);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self(event, stamp, Some(patch)) => (event, stamp, patch).serialize(serializer),
            Self(event, stamp, None) if stamp.is_empty() => (event,).serialize(serializer),
            Self(event, stamp, None) => (event, stamp).serialize(serializer),
        }
    }
}

/// The way back of a first write, which is not stored.
const UNSHOWN: &str = r#"[{"op":"remove","path":"/shown"}]"#;

/// Collects what a command changes of mirrors.
#[derive(Default)]
pub(crate) struct Recorder {
    lines: BTreeMap<CalendarId, Vec<Line>>,
    found: Vec<Found>,
}

/// A mirror that somebody changed, as it was found.
struct Found {
    key: MirrorKey,
    line: Line,
    theirs: MirrorBody,
}

impl Recorder {
    /// Records how a mirror differs from what it was; nothing if it does not. `None`: there was no mirror, there is none.
    pub(crate) fn record(
        &mut self,
        key: MirrorKey,
        before: Option<&StoredMirror>,
        after: Option<&StoredMirror>,
    ) -> Result<(), StoreError> {
        if let Some(line) = line(key, before, after)? {
            self.lines.entry(key.calendar).or_default().push(line);
        }
        Ok(())
    }

    /// Records how a mirror that was found at the provider differs from what it was. `theirs` is what it shows, if somebody
    /// changed that; found so again, it is no news.
    pub(crate) fn record_found(
        &mut self,
        before: Option<&StoredMirror>,
        after: &StoredMirror,
        theirs: Option<&MirrorBody>,
    ) -> Result<(), StoreError> {
        let acked = before.and_then(|before| before.mirror.acked.as_ref());
        let Some(theirs) = theirs.filter(|_| after.mirror.acked.as_ref() != acked) else {
            return self.record(after.key, before, Some(after));
        };
        if let Some(line) = line(after.key, before, Some(after))? {
            self.found.push(Found { key: after.key, line, theirs: theirs.clone() });
        }
        Ok(())
    }

    /// Appends what was recorded: an entry a calendar, and one for each mirror that somebody changed, with what is wanted of
    /// it instead.
    pub(crate) fn append<H: ObjectHost>(
        mut self,
        ctx: &Context<'_, H>,
        cause: Cause,
    ) -> Result<(), StoreError> {
        if !self.found.is_empty() {
            let events = self.found.iter().map(|found| found.key.event).collect();
            let wanted = project::wanted(ctx, &Lenses::load(ctx)?, &events)?;
            for Found { key, line, theirs } in self.found {
                let ours = wanted.get(&key).and_then(|wish| wish.shown.as_ref()).map(|shown| &shown.body);
                let fields = disagreements(ours, &theirs);
                if fields.is_empty() {
                    self.lines.entry(key.calendar).or_default().push(line);
                    continue;
                }
                let fields = serde_json::to_string(&fields).map_err(|_| CORRUPT)?;
                append(ctx, key.calendar, Cause::Conflict, &[line], fields.into())?;
            }
        }
        let mut lines = self.lines.into_iter();
        lines.try_for_each(|(calendar, lines)| append(ctx, calendar, cause, &lines, Value::Null))
    }
}

fn line(
    key: MirrorKey,
    before: Option<&StoredMirror>,
    after: Option<&StoredMirror>,
) -> Result<Option<Line>, StoreError> {
    let (was, is) = (before.map(facts).unwrap_or_default(), after.map(facts).unwrap_or_default());
    if was == is {
        return Ok(None);
    }
    let way_back = json_patch::diff(&json(&is)?, &json(&was)?);
    let is_first = was == (Facts { shown: None, ..is });
    let stamp = key.occurrence.map(Occurrence::stamp).unwrap_or_default();
    Ok(Some(Line(key.event, stamp, (!is_first).then_some(way_back))))
}

/// Appends an entry. One with a conflict is about one mirror, so that it can be erased by itself.
fn append<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    cause: Cause,
    lines: &[Line],
    conflict: Value,
) -> Result<(), StoreError> {
    ctx.run(
        "/* append_mirror_journal */ INSERT INTO mirror_journal
           (target_calendar_id, journal_id, cause, entries_json, conflict_json, trace_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        &[
            id(calendar),
            id(next_id(ctx, calendar)?),
            cause.as_str().into(),
            serde_json::to_string(lines).map_err(|_| CORRUPT)?.into(),
            conflict,
            ctx.trace.parse::<TraceId>().map_or(Value::Null, id),
        ],
    )
}

/// An id behind all others of the calendar.
fn next_id<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<JournalId, StoreError> {
    let row = ctx.first(
        "/* last_mirror_entry */ SELECT MAX(journal_id) FROM mirror_journal WHERE target_calendar_id = ?1",
        &[id(calendar)],
    )?;
    let last = row.map_or(Ok(None), |row| read_id_opt(&row, 0))?;
    journal::id_after(ctx, last)
}

/// Forgets what was said in conflicts about an event: its account was unlinked.
pub(crate) fn forget_conflicts_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    event: EventId,
) -> Result<(), StoreError> {
    ctx.run(
        "/* forget_conflicts_of_event */ UPDATE mirror_journal SET conflict_json = NULL
         WHERE conflict_json IS NOT NULL AND instr(entries_json, ?1) > 0",
        &[Value::text(event)],
    )
}

/// Forgets what was said in conflicts in the calendars of an account that is unlinked.
pub(crate) fn forget_conflicts_in<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendars: &[CalendarId],
) -> Result<(), StoreError> {
    ctx.run(
        "/* forget_conflicts_in_calendars */ UPDATE mirror_journal SET conflict_json = NULL
         WHERE conflict_json IS NOT NULL AND target_calendar_id IN (SELECT unhex(value) FROM json_each(?1))",
        &[bulk::list(calendars.iter().copied().map(Hex::of))?],
    )
}

/// What the journal keeps of a mirror.
///
/// Every change of it is journalled, so that the facts of any time can be rebuilt exactly, of every mirror: also of an
/// instance that is not there any more. A mirror that is made with its event has no entry for that; it was wanted, or not,
/// as the first entry after says, or as it is. What is left out: attempts that changed none of these (a pause, a claim).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Facts {
    /// What is wanted; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<ProjectionHash>,
    /// Why nothing is wanted; never of an instance of a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<FilterReason>,
    /// What the provider holds, as it last acknowledged. Zeros of an instance that is as its series has it.
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
    pub(crate) cause: Cause,
    pub(crate) trace: Option<TraceId>,
    /// The mirrors of the event that changed, with their way back.
    pub(crate) lines: Vec<(Option<Occurrence>, Patch)>,
    /// What somebody changed, of an entry about that.
    pub(crate) conflict: Option<BTreeMap<String, Disagreement>>,
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
    ctx.query(
        "/* mirror_journal_of_event */ SELECT journal_id, cause, entries_json, conflict_json, trace_id
         FROM mirror_journal WHERE target_calendar_id = ?1 AND journal_id > ?2 AND instr(entries_json, ?3) > 0
         ORDER BY journal_id DESC",
        &[id(calendar), id(last), Value::text(event)],
    )?
    .iter()
    .map(|row| read(row, event))
    .collect()
}

fn read(row: &Row, event: EventId) -> Result<Read, StoreError> {
    let lines: Vec<Line> = decoded(&row.get::<String>(2)?)?;
    let own = lines.into_iter().filter(|Line(of, ..)| *of == event);
    let line = |Line(_, stamp, patch): Line| {
        let occurrence = Some(stamp).filter(|stamp| !stamp.is_empty());
        let occurrence = occurrence.map(|stamp| Occurrence::from_stamp(&stamp)).transpose();
        Ok((occurrence.map_err(|_| CORRUPT)?, patch.map_or_else(|| decoded(UNSHOWN), Ok)?))
    };
    Ok(Read {
        journal: read_id(row, 0)?,
        cause: row.parse(1, "cause")?,
        lines: own.map(line).collect::<Result<_, StoreError>>()?,
        conflict: row.get::<Option<String>>(3)?.map(|text| decoded(&text)).transpose()?,
        trace: read_id_opt(row, 4)?,
    })
}

fn decoded<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| CORRUPT)
}

/// Leads what is known of a mirror one entry back.
pub(crate) fn step_back(facts: &Facts, patch: &Patch) -> Result<Facts, StoreError> {
    let mut json = json(facts)?;
    json_patch::patch(&mut json, patch).map_err(|_| CORRUPT)?;
    serde_json::from_value(json).map_err(|_| CORRUPT)
}
