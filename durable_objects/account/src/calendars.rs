//! Calendars as rows: cursor, dirty level and lease of each.

use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{CalendarId, MessageId, RunId};
use tminus_domain::ordering::Position;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::context::Context;
use crate::contract::CalendarState;

/// After so many failures in a row a calendar is in error (protocol rule 11).
const FAILURES_TO_ERROR: u32 = 3;

tminus_domain::words! {
    /// Where the run of a calendar is.
    Phase {
        /// There is none.
        Idle = "idle",
        /// A page waits for a fetcher.
        Ready = "ready",
        /// A page is being fetched.
        Fetching = "fetching",
        /// A page's chunks are being applied.
        Applying = "applying",
    }
}

/// A calendar as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Calendar {
    pub(crate) calendar: CalendarId,
    pub(crate) provider_calendar_id: String,
    pub(crate) role: CalendarRole,
    pub(crate) push: bool,
    pub(crate) dirty: DirtyLevel,
    pub(crate) covering: DirtyLevel,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) sync_token: Option<String>,
    pub(crate) incarnation: u32,
    pub(crate) synced_at: Option<Timestamp>,
    pub(crate) failures: u32,
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    pub(crate) run: Option<RunId>,
    pub(crate) holder: Option<MessageId>,
    pub(crate) lease_until: Option<Timestamp>,
    pub(crate) takeovers: u32,
    pub(crate) full_run: bool,
    pub(crate) started_at: Option<Timestamp>,
    pub(crate) page: u32,
    pub(crate) attempt: u32,
    pub(crate) page_token: Option<String>,
    pub(crate) next_page_token: Option<String>,
    pub(crate) next_sync_token: Option<String>,
    pub(crate) applied: String,
    /// No writes before this.
    pub(crate) write_after: Option<Timestamp>,
    /// How often in a row it refused every write.
    pub(crate) refusals: u32,
    /// An empty list is no surprise (protocol rule 5).
    pub(crate) quiet: bool,
}

const COLUMNS: &str = "calendar_id, provider_calendar_id, role, push, dirty, covering, due_at, sync_token, incarnation, \
    synced_at, failures, generation, phase, run_id, holder, lease_until, takeovers, full_run, started_at, page, \
    attempt, page_token, next_page_token, next_sync_token, applied, write_after, quiet, refusals";

impl Calendar {
    /// Whether a run is under way.
    pub(crate) fn is_running(&self) -> bool {
        self.phase != Phase::Idle
    }

    /// The lane of the calendar's work: bulk for everything that nobody waits for.
    pub(crate) fn lane(&self) -> Lane {
        let level = if self.is_running() { self.covering } else { self.dirty };
        let bulk = self.role == CalendarRole::Overlay
            || level == DirtyLevel::Full
            || self.sync_token.is_none()
            || (self.is_running() && self.full_run);
        if bulk { Lane::Bulk } else { Lane::Live }
    }

    /// Where the run's page stands.
    pub(crate) const fn position(&self) -> Position {
        Position { generation: self.generation, page: self.page }
    }

    /// Whether this run, page and attempt are the present ones.
    pub(crate) fn is_at(&self, run: RunId, position: Position, attempt: u32) -> bool {
        self.run == Some(run) && self.position() == position && self.attempt == attempt
    }

    /// Gives the level that a run covered back to the calendar, so that a later run covers it.
    pub(crate) fn uncover(&mut self) {
        self.dirty = self.dirty.max(self.covering);
        self.covering = DirtyLevel::Clean;
    }

    /// How it stands, for its owner.
    pub(crate) const fn state(&self) -> CalendarState {
        if self.failures >= FAILURES_TO_ERROR { CalendarState::Error } else { CalendarState::Fine }
    }

    /// Ends the run, whatever became of it.
    pub(crate) fn end_run(&mut self) {
        self.phase = Phase::Idle;
        self.run = None;
        self.holder = None;
        self.lease_until = None;
        self.full_run = false;
        self.page = 0;
        self.attempt = 0;
        self.page_token = None;
        self.next_page_token = None;
        self.next_sync_token = None;
        self.applied = String::new();
    }
}

fn decode(row: &Row) -> Result<Calendar, StoreError> {
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    };
    let level = |column| -> Result<DirtyLevel, StoreError> { Ok(DirtyLevel::from_rank(row.get(column)?)) };
    Ok(Calendar {
        calendar: row.parse(0, "calendar id")?,
        provider_calendar_id: row.get(1)?,
        role: row.parse(2, "calendar role")?,
        push: row.get(3)?,
        dirty: level(4)?,
        covering: level(5)?,
        due_at: time(6)?,
        sync_token: row.get(7)?,
        incarnation: row.get(8)?,
        synced_at: time(9)?,
        failures: row.get(10)?,
        generation: row.get(11)?,
        phase: row.parse(12, "phase")?,
        run: row.parse_opt(13, "run id")?,
        holder: row.parse_opt(14, "message id")?,
        lease_until: time(15)?,
        takeovers: row.get(16)?,
        full_run: row.get(17)?,
        started_at: time(18)?,
        page: row.get(19)?,
        attempt: row.get(20)?,
        page_token: row.get(21)?,
        next_page_token: row.get(22)?,
        next_sync_token: row.get(23)?,
        applied: row.get(24)?,
        write_after: time(25)?,
        quiet: row.get(26)?,
        refusals: row.get(27)?,
    })
}

/// The calendar of this id.
pub(crate) fn get<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
) -> Result<Option<Calendar>, StoreError> {
    ctx.first(
        &format!("/* calendar */ SELECT {COLUMNS} FROM calendars WHERE calendar_id = ?1"),
        &[Value::text(calendar)],
    )?
    .map(|row| decode(&row))
    .transpose()
}

/// Every calendar, in order of their ids.
pub(crate) fn all<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Vec<Calendar>, StoreError> {
    ctx.query(&format!("/* calendars */ SELECT {COLUMNS} FROM calendars ORDER BY calendar_id"), &[])?
        .iter()
        .map(decode)
        .collect()
}

/// Adds a calendar that is to be fetched wholly, or stores what the provider now says of a known one.
pub(crate) fn put<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    provider_calendar_id: &str,
    role: CalendarRole,
    time_zone: Option<&str>,
) -> Result<(), StoreError> {
    let dirty = if role.is_watched() { DirtyLevel::Full } else { DirtyLevel::Clean };
    let replaced = get(ctx, calendar)?.filter(|stored| stored.provider_calendar_id != provider_calendar_id);
    ctx.run(
        // A calendar that was unlinked and comes back begins above its old generations (protocol rule 12).
        "/* put_calendar */ INSERT INTO calendars
           (calendar_id, provider_calendar_id, role, time_zone, dirty, generation)
         VALUES (?1, ?2, ?3, ?4, ?5, (SELECT COALESCE(MAX(generation_floor), 0) FROM account))
         ON CONFLICT (calendar_id) DO UPDATE
         SET provider_calendar_id = excluded.provider_calendar_id, role = excluded.role,
             time_zone = excluded.time_zone
         WHERE provider_calendar_id <> excluded.provider_calendar_id OR role <> excluded.role
            OR time_zone IS NOT excluded.time_zone",
        &[
            Value::text(calendar),
            provider_calendar_id.into(),
            role.as_str().into(),
            time_zone.into(),
            dirty.rank().into(),
        ],
    )?;
    let Some(mut stored) = replaced else { return Ok(()) };
    // Another calendar at the provider under the same id: nothing that was read of the old one holds.
    stored.end_run();
    stored.covering = DirtyLevel::Clean;
    stored.dirty = dirty;
    stored.sync_token = None;
    stored.due_at = None;
    stored.failures = 0;
    stored.takeovers = 0;
    stored.push = true;
    stored.write_after = None;
    stored.refusals = 0;
    update(ctx, &stored)
}

/// Stores everything of a calendar that a run changes.
pub(crate) fn update<H: ObjectHost>(ctx: &Context<'_, H>, calendar: &Calendar) -> Result<(), StoreError> {
    let time = |at: Option<Timestamp>| Value::from(at.map(Timestamp::millis));
    ctx.run(
        "/* update_calendar */ UPDATE calendars
         SET push = ?2, dirty = ?3, covering = ?4, due_at = ?5, sync_token = ?6, incarnation = ?7, synced_at = ?8,
             failures = ?9, generation = ?10, phase = ?11, run_id = ?12, holder = ?13, lease_until = ?14,
             takeovers = ?15, full_run = ?16, started_at = ?17, page = ?18, attempt = ?19, page_token = ?20,
             next_page_token = ?21, next_sync_token = ?22, applied = ?23, write_after = ?24, quiet = ?25, refusals = ?26
         WHERE calendar_id = ?1",
        &[
            Value::text(calendar.calendar),
            calendar.push.into(),
            calendar.dirty.rank().into(),
            calendar.covering.rank().into(),
            time(calendar.due_at),
            calendar.sync_token.clone().into(),
            calendar.incarnation.into(),
            time(calendar.synced_at),
            calendar.failures.into(),
            calendar.generation.into(),
            calendar.phase.as_str().into(),
            Value::opt_text(calendar.run),
            Value::opt_text(calendar.holder),
            time(calendar.lease_until),
            calendar.takeovers.into(),
            calendar.full_run.into(),
            time(calendar.started_at),
            calendar.page.into(),
            calendar.attempt.into(),
            calendar.page_token.clone().into(),
            calendar.next_page_token.clone().into(),
            calendar.next_sync_token.clone().into(),
            calendar.applied.as_str().into(),
            time(calendar.write_after),
            calendar.quiet.into(),
            calendar.refusals.into(),
        ],
    )
}
