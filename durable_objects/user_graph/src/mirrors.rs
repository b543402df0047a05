//! Mirrors as rows.

use serde::Serialize;
use tminus_domain::dirty::Lane;
use tminus_domain::event::When;
use tminus_domain::ids::{AccountId, CalendarId, ClaimId, EventId};
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::{Anchor, Mirror, MirrorState};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::ProjectionHash;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::bulk::{self, ROWS};
use crate::columns::{Hex, id, read_id, read_id_opt, read_time, read_time_opt};
use crate::context::Context;

/// The columns that [`decode`] reads, in its order.
pub(crate) const COLUMNS: &str = "canonical_event_id, target_account_id, target_calendar_id, last_projected_hash, \
    state, error_message, desired_hash, desired_version, provider_etag, id_generation, in_doubt, attempts, \
    next_attempt_ts, claim_id, claim_until, restores, restore_day, lane, provider_updated, missed, occurrence, part, \
    dismissed, reason";

/// Where what is over stands in the order of claims: after everything else.
const OVER: i64 = 1 << 50;
/// What starts within two months is written in the order of its start.
const SOON: i64 = 60 * DAY;
const DAY: i64 = 86_400_000;
/// After every mirror in the order of claims.
pub(crate) const LAST_IN_ORDER: i64 = 1 << 52;

/// What tells a mirror from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MirrorKey {
    pub(crate) event: EventId,
    pub(crate) calendar: CalendarId,
    /// Which instance of a mirrored series; `None`: a mirror that stands on its own.
    pub(crate) occurrence: Option<Occurrence>,
}

/// What a mirror is to a series, in the order in which a series is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// It is of no series, or stands alone.
    Single,
    /// An instance that the series is to leave behind: it goes first.
    Stale,
    /// The series.
    Series,
    /// An instance that differs from the series.
    Instance,
}

impl Part {
    const fn number(self) -> u32 {
        match self {
            Self::Single => 0,
            Self::Stale => 1,
            Self::Series => 2,
            Self::Instance => 3,
        }
    }

    const fn of(number: u32) -> Self {
        match number {
            1 => Self::Stale,
            2 => Self::Series,
            3 => Self::Instance,
            _ => Self::Single,
        }
    }
}

/// A mirror as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredMirror {
    pub(crate) key: MirrorKey,
    /// The account that holds it.
    pub(crate) account: AccountId,
    pub(crate) part: Part,
    pub(crate) mirror: Mirror,
    pub(crate) lane: Lane,
    pub(crate) claim: Option<(ClaimId, Timestamp)>,
    pub(crate) restores: u32,
    pub(crate) restore_day: Option<String>,
    /// The user does not want it.
    pub(crate) dismissed: bool,
    /// Why nothing is wanted of it; `None`: it is wanted, or an instance of a series.
    pub(crate) reason: Option<FilterReason>,
    /// When a write was acknowledged just now; `None` keeps what is stored.
    pub(crate) written: Option<Timestamp>,
}

impl StoredMirror {
    /// As it is left to the purge of its account.
    pub(crate) fn buried(&self) -> Self {
        let mut buried = self.clone();
        buried.mirror.state = MirrorState::Tombstoned;
        buried.mirror.wanted = None;
        buried.mirror.acked = None;
        buried.mirror.error = None;
        buried.reason = self.key.occurrence.is_none().then_some(FilterReason::NoEdge);
        buried
    }

    /// The mark that its present id is the hash of; of an instance, that of its series.
    pub(crate) const fn mark(&self) -> Mark {
        Mark {
            event: self.key.event,
            target_account: self.account,
            target_calendar: self.key.calendar,
            id_generation: self.mirror.id_generation,
        }
    }

    /// Its id at the provider.
    pub(crate) fn provider_event_id(&self) -> String {
        self.mark().instance_id(self.key.occurrence)
    }
}

/// Decodes a row of [`COLUMNS`].
pub(crate) fn decode(row: &Row) -> Result<StoredMirror, StoreError> {
    let hash = |column| read_hash(row, column);
    let claim: Option<ClaimId> = read_id_opt(row, 13)?;
    let occurrence = occurrence(&row.get::<String>(20)?)?;
    Ok(StoredMirror {
        key: MirrorKey { event: read_id(row, 0)?, calendar: read_id(row, 2)?, occurrence },
        account: read_id(row, 1)?,
        part: Part::of(row.get(21)?),
        mirror: Mirror {
            anchor: if occurrence.is_some() { Anchor::Instance } else { Anchor::Own },
            acked: hash(3)?,
            state: row.parse(4, "mirror state")?,
            error: row.get(5)?,
            wanted: hash(6)?,
            version: row.get(7)?,
            etag: row.get(8)?,
            updated: read_time_opt(row, 18)?,
            id_generation: row.get(9)?,
            claimed: claim.is_some(),
            in_doubt: row.get(10)?,
            missed: row.get(19)?,
            attempts: row.get(11)?,
            next_attempt: read_time(row, 12)?,
        },
        claim: claim.zip(read_time_opt(row, 14)?),
        restores: row.get(15)?,
        restore_day: row.get(16)?,
        dismissed: row.get(22)?,
        reason: row.parse_opt(23, "reason")?,
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

/// Where a mirror stands among those that wait: what is under way or soon to come in order of its start, then what is far
/// away, then what is over, both in the order they came. So the index of those that wait grows in a few places, and not in
/// as many as there are mirrors.
pub(crate) fn order_key(now: Timestamp, when: &When, last_end: Option<Timestamp>) -> i64 {
    let start = when.start_key().millis();
    let end = last_end.unwrap_or_else(|| when.end_key());
    let far = now.millis().saturating_add(SOON).div_euclid(DAY).saturating_mul(DAY);
    if end < now { OVER } else { start.min(far) }
}

/// What tells whether a mirror is as it is wanted, without what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sketch {
    pub(crate) key: MirrorKey,
    pub(crate) part: Part,
    pub(crate) wanted: Option<ProjectionHash>,
    pub(crate) state: MirrorState,
    /// The user does not want it.
    pub(crate) dismissed: bool,
    /// Why nothing is wanted of it.
    pub(crate) reason: Option<FilterReason>,
}

/// The mirrors of these events, instances included, without what became of them: most are as they are wanted.
pub(crate) fn sketches<H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = EventId>,
) -> Result<Vec<Sketch>, StoreError> {
    let list: Vec<Hex> = events.into_iter().map(Hex::of).collect();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let rows = ctx.query(
        "/* mirror_sketches */ SELECT json_array(hex(canonical_event_id), hex(target_calendar_id), occurrence, part,
           lower(hex(desired_hash)), state, dismissed, reason)
         FROM event_mirrors WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1))",
        &[bulk::list(list)?],
    )?;
    rows.iter().map(sketch).collect()
}

fn sketch(row: &Row) -> Result<Sketch, StoreError> {
    type Read<'a> = (Hex, Hex, &'a str, u32, &'a str, MirrorState, u8, Option<FilterReason>);
    let text = row.get::<String>(0)?;
    let (event, calendar, stamp, part, wanted, state, dismissed, reason): Read<'_> =
        serde_json::from_str(&text).map_err(|_| StoreError::Corrupt { what: "mirror" })?;
    Ok(Sketch {
        key: MirrorKey { event: event.id(), calendar: calendar.id(), occurrence: occurrence(stamp)? },
        part: Part::of(part),
        wanted: Some(wanted).filter(|digits| !digits.is_empty()).map(ProjectionHash::from_text),
        state,
        dismissed: dismissed != 0,
        reason,
    })
}

fn read_hash(row: &Row, column: usize) -> Result<Option<ProjectionHash>, StoreError> {
    Ok(row.get::<Option<[u8; 16]>>(column)?.map(ProjectionHash::from_bytes))
}

fn hash(hash: Option<&ProjectionHash>) -> Value {
    hash.map(|hash| hash.bytes().to_vec()).into()
}

fn occurrence(stamp: &str) -> Result<Option<Occurrence>, StoreError> {
    if stamp.is_empty() {
        return Ok(None);
    }
    Occurrence::from_stamp(stamp).map(Some).map_err(|_| StoreError::Corrupt { what: "occurrence" })
}

/// The mirrors of these events, instances included.
pub(crate) fn of_events<H: ObjectHost>(
    ctx: &Context<'_, H>,
    events: impl IntoIterator<Item = EventId>,
) -> Result<Vec<StoredMirror>, StoreError> {
    let list: Vec<Hex> = events.into_iter().map(Hex::of).collect();
    if list.is_empty() {
        return Ok(Vec::new());
    }
    let statement = format!(
        "/* mirrors_of_events */ SELECT {COLUMNS} FROM event_mirrors
         WHERE canonical_event_id IN (SELECT unhex(value) FROM json_each(?1))"
    );
    ctx.query(&statement, &[bulk::list(list)?])?.iter().map(decode).collect()
}

/// The mirror of this key.
pub(crate) fn get<H: ObjectHost>(
    ctx: &Context<'_, H>,
    key: MirrorKey,
) -> Result<Option<StoredMirror>, StoreError> {
    let statement = format!("/* mirror */ SELECT {COLUMNS} FROM event_mirrors WHERE {OF_KEY}");
    ctx.first(&statement, &key_params(key))?.map(|row| decode(&row)).transpose()
}

const OF_KEY: &str = "canonical_event_id = ?1 AND target_calendar_id = ?2 AND occurrence = ?3";

fn key_params(key: MirrorKey) -> Vec<Value> {
    vec![id(key.event), id(key.calendar), stamp(key.occurrence).into()]
}

/// A key in the JSON of many rows.
fn key_row(key: MirrorKey) -> (Hex, Hex, String) {
    (Hex::of(key.event), Hex::of(key.calendar), stamp(key.occurrence))
}

fn stamp(occurrence: Option<Occurrence>) -> String {
    occurrence.map(Occurrence::stamp).unwrap_or_default()
}

/// A mirror and where it stands among those that wait.
pub(crate) struct Placed<'a> {
    pub(crate) mirror: &'a StoredMirror,
    pub(crate) lane: Lane,
    pub(crate) order: i64,
}

/// A row of the two statements below; each value is told by its place.
#[derive(Serialize)]
struct Wish<'a>(
    /* 0 */ Hex,
    /* 1 */ Hex,
    /* 2: occurrence */ String,
    /* 3: account */ Hex,
    /* 4: part */ u32,
    /* 5: wanted */ Option<&'a ProjectionHash>,
    /* 6 */ u32,
    /* 7: state */ &'a str,
    /* 8: attempts */ u32,
    /* 9 */ i64,
    /* 10: error */ Option<&'a str>,
    /* 11: lane */ u32,
    /* 12: order */ i64,
    /* 13: acknowledged */ Option<&'a ProjectionHash>,
    /* 14 */ u32,
    /* 15: reason */ Option<&'static str>,
    /* 16: now */ i64,
);

fn wish<'a>(placed: &Placed<'a>, now: Timestamp) -> Wish<'a> {
    let StoredMirror { key, account, part, mirror, reason, .. } = placed.mirror;
    Wish(
        Hex::of(key.event),
        Hex::of(key.calendar),
        stamp(key.occurrence),
        Hex::of(*account),
        part.number(),
        mirror.wanted.as_ref(),
        mirror.version,
        mirror.state.as_str(),
        mirror.attempts,
        mirror.next_attempt.millis(),
        mirror.error.as_deref(),
        lane_number(placed.lane),
        placed.order,
        mirror.acked.as_ref(),
        mirror.id_generation,
        reason.map(FilterReason::as_str),
        now.millis(),
    )
}

/// Inserts mirrors that are wanted for the first time.
pub(crate) fn insert<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    mirrors: impl IntoIterator<Item = Placed<'a>>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        &format!(
            "/* insert_mirrors */ {ROWS} INSERT INTO event_mirrors
               (canonical_event_id, target_calendar_id, occurrence, target_account_id, part, desired_hash, state, lane,
                start_ts, last_projected_hash, id_generation, reason, pending_since)
             SELECT unhex(v ->> 0), unhex(v ->> 1), v ->> 2, unhex(v ->> 3), v ->> 4, unhex(v ->> 5), v ->> 7, v ->> 11,
               v ->> 12, unhex(v ->> 13), v ->> 14, v ->> 15, CASE v ->> 7 WHEN 'PENDING' THEN v ->> 16 END
             FROM rows"
        ),
        mirrors.into_iter().map(|placed| wish(&placed, ctx.now)),
        &[],
    )
}

/// Stores changed wishes. The claim of a write that is under way is left as it is.
pub(crate) fn put_wishes<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    mirrors: impl IntoIterator<Item = Placed<'a>>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        &format!(
            "/* put_wishes */ {ROWS} UPDATE event_mirrors
             SET part = v ->> 4, desired_hash = unhex(v ->> 5), desired_version = v ->> 6, state = v ->> 7,
                 attempts = v ->> 8, next_attempt_ts = v ->> 9, error_message = v ->> 10, lane = v ->> 11,
                 start_ts = v ->> 12, reason = v ->> 15,
                 pending_since = CASE v ->> 7 WHEN 'PENDING' THEN COALESCE(pending_since, v ->> 16) END
             FROM rows
             WHERE canonical_event_id = unhex(v ->> 0) AND target_calendar_id = unhex(v ->> 1)
               AND occurrence = v ->> 2"
        ),
        mirrors.into_iter().map(|placed| wish(&placed, ctx.now)),
        &[],
    )
}

/// Stores why nothing is wanted of mirrors, where that alone changed.
pub(crate) fn put_reasons<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mirrors: impl IntoIterator<Item = (MirrorKey, FilterReason)>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        "/* put_reasons */ UPDATE event_mirrors SET reason = value ->> 3 FROM json_each(?1)
         WHERE canonical_event_id = unhex(value ->> 0) AND target_calendar_id = unhex(value ->> 1)
           AND occurrence = value ->> 2",
        mirrors.into_iter().map(|(key, reason)| {
            let (event, calendar, stamp) = key_row(key);
            (event, calendar, stamp, reason.as_str())
        }),
        &[],
    )
}

/// Mirrors in a calendar of an account that was unlinked are left to the purge of that account. Their claims stay: until
/// they end a write may be under way, and the purge waits for that.
pub(crate) fn bury<H: ObjectHost>(
    ctx: &Context<'_, H>,
    keys: impl IntoIterator<Item = MirrorKey>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        "/* bury_mirrors */ UPDATE event_mirrors
         SET state = 'TOMBSTONED', desired_hash = NULL, last_projected_hash = NULL, provider_etag = NULL,
             in_doubt = 0, error_message = NULL, pending_since = NULL,
             reason = CASE occurrence WHEN '' THEN 'no_edge' END
         FROM json_each(?1)
         WHERE canonical_event_id = unhex(value ->> 0) AND target_calendar_id = unhex(value ->> 1)
           AND occurrence = value ->> 2 AND state <> 'TOMBSTONED'",
        keys.into_iter().map(key_row),
        &[],
    )
}

/// Forgets instances of a mirrored series: those that went with it, and those that nothing was ever written of.
pub(crate) fn forget<H: ObjectHost>(
    ctx: &Context<'_, H>,
    keys: impl IntoIterator<Item = MirrorKey>,
) -> Result<(), StoreError> {
    bulk::run(
        ctx,
        "/* forget_instances */ DELETE FROM event_mirrors WHERE occurrence <> '' AND
           (canonical_event_id, target_calendar_id, occurrence) IN
           (SELECT unhex(value ->> 0), unhex(value ->> 1), value ->> 2 FROM json_each(?1))",
        keys.into_iter().map(key_row),
        &[],
    )
}

/// Stores a wish that was corrected at its claim; lane and order stay as they are.
pub(crate) fn put_corrected<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
) -> Result<(), StoreError> {
    let mut params = key_params(stored.key);
    params.extend([
        hash(stored.mirror.wanted.as_ref()),
        stored.mirror.version.into(),
        stored.reason.map(FilterReason::as_str).into(),
    ]);
    ctx.run(
        &format!(
            "/* put_corrected */ UPDATE event_mirrors SET desired_hash = ?4, desired_version = ?5, reason = ?6
             WHERE {OF_KEY}"
        ),
        &params,
    )
}

/// Stores a claim, with the id that is about to be sent. No column of an index is touched.
pub(crate) fn put_claim<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
) -> Result<(), StoreError> {
    let mut params = key_params(stored.key);
    params.extend([
        stored.claim.map_or(Value::Null, |(claim, _)| id(claim)),
        stored.claim.map(|(_, until)| until.millis()).into(),
        stored.provider_event_id().into(),
        stored.mirror.in_doubt.into(),
    ]);
    ctx.run(
        &format!(
            "/* put_claim */ UPDATE event_mirrors
             SET claim_id = ?4, claim_until = ?5, provider_event_id = ?6, in_doubt = ?7 WHERE {OF_KEY}"
        ),
        &params,
    )
}

/// Stores what was learnt of a mirror at the provider, with its claim (`None` releases it).
pub(crate) fn put_fact<H: ObjectHost>(ctx: &Context<'_, H>, stored: &StoredMirror) -> Result<(), StoreError> {
    let mirror = &stored.mirror;
    let mut params = key_params(stored.key);
    params.extend([
        hash(mirror.acked.as_ref()),
        mirror.etag.clone().into(),
        mirror.id_generation.into(),
        mirror.in_doubt.into(),
        mirror.attempts.into(),
        mirror.next_attempt.millis().into(),
        mirror.state.as_str().into(),
        mirror.error.clone().into(),
        stored.claim.map_or(Value::Null, |(claim, _)| id(claim)),
        stored.claim.map(|(_, until)| until.millis()).into(),
        stored.restores.into(),
        stored.restore_day.clone().into(),
        stored.provider_event_id().into(),
        stored.written.map(Timestamp::millis).into(),
        mirror.updated.map(Timestamp::millis).into(),
        mirror.missed.into(),
        stored.dismissed.into(),
        ctx.now.millis().into(),
    ]);
    ctx.run(
        &format!(
            "/* put_fact */ UPDATE event_mirrors
             SET last_projected_hash = ?4, provider_etag = ?5, id_generation = ?6, in_doubt = ?7, attempts = ?8,
                 next_attempt_ts = ?9, state = ?10, error_message = ?11, claim_id = ?12, claim_until = ?13,
                 restores = ?14, restore_day = ?15, provider_event_id = ?16,
                 last_write_ts = COALESCE(?17, last_write_ts), provider_updated = ?18, missed = ?19, dismissed = ?20,
                 pending_since = CASE ?10 WHEN 'PENDING' THEN COALESCE(pending_since, ?21) END
             WHERE {OF_KEY}"
        ),
        &params,
    )
}
