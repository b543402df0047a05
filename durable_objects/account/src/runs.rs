//! Runs: one a calendar, from the first fetched page to the committed cursor (protocol rules 6 to 9 and 13).

use tminus_domain::backoff::doubled;
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{CalendarId, MessageId, RunId, UserId};
use tminus_domain::lease;
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::calendars::{self, Calendar, Phase};
use crate::context::{Context, Effects, Nudge};
use crate::contract::{
    AppliedPage, ChunkApplied, CommitRun, Cursor, Next, PageFetched, Progress, RunFailed, RunFailure,
    RunGrant, RunStart, TokenGrant,
};
use crate::takeover::{fetch_again, is_of_another_graph, overtaken, take_over};
use crate::timers::{self, Kind};
use crate::{again, dirty, looks};

/// How soon a page that waits for a fetcher is nudged again.
pub(crate) const READY_AGAIN_MS: i64 = 5_000;
/// How soon a calendar with suspects is fetched wholly once more (protocol rule 14).
const SECOND_SIGHT_MS: i64 = 30_000;
/// The first pause after a calendar could not be read; doubles up to six hours.
const UNREADABLE_PAUSE_MS: i64 = 60_000;
const MAX_UNREADABLE_PAUSE_MS: i64 = 21_600_000;
/// The pause after the first refused token; grows with every refusal in a row.
const UNAUTHORIZED_PAUSE_MS: i64 = 1_000;

/// What a fetcher may do now.
pub(crate) enum Start {
    Fetch(Box<Calendar>),
    Coalesced,
    NotNow,
    /// The lease ended while a page was applied: first the graph is asked how far it got.
    Ask(Box<Calendar>),
    /// The last page of a full run is whole.
    Conclude(Box<Calendar>),
}

/// Gives the calendar's run to `holder`: a new one, the next page of one under way, or its own again.
pub(crate) fn begin<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    holder: MessageId,
) -> Result<Start, StoreError> {
    let Some(mut known) = calendars::get(ctx, calendar)? else { return Ok(Start::Coalesced) };
    let own = known.holder == Some(holder) && matches!(known.phase, Phase::Fetching | Phase::Applying);
    if own {
        // The message came again: its first fetch may have gone wrong, or may still be under way. What that one
        // sends is older than what is fetched now.
        fetch_again(&mut known);
    } else if known.due_at.is_some_and(|due| due > ctx.now) {
        return Ok(Start::NotNow);
    }
    match known.phase {
        Phase::Ready => {}
        Phase::Fetching | Phase::Applying if lease::holds(known.lease_until, ctx.now) => {
            return Ok(Start::Coalesced);
        }
        Phase::Fetching => take_over(&mut known),
        Phase::Applying => return Ok(Start::Ask(Box::new(known))),
        Phase::Idle if known.dirty == DirtyLevel::Clean => return Ok(Start::Coalesced),
        Phase::Idle => {
            known.run = Some(ctx.id::<RunId>());
            known.generation = known.generation.saturating_add(1);
            known.full_run = known.dirty == DirtyLevel::Full || known.sync_token.is_none();
            known.covering = known.dirty;
            known.dirty = DirtyLevel::Clean;
            known.started_at = Some(ctx.now);
            timers::clear(ctx, Kind::Nudge, calendar)?;
        }
    }
    fetch(ctx, known, holder)
}

pub(crate) fn fetch<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut known: Calendar,
    holder: MessageId,
) -> Result<Start, StoreError> {
    known.phase = Phase::Fetching;
    known.holder = Some(holder);
    known.due_at = None;
    hold(ctx, &mut known, lease::FETCHING_MS)?;
    calendars::update(ctx, &known)?;
    Ok(Start::Fetch(Box::new(known)))
}

/// What the fetcher gets.
pub(crate) fn answer<H: ObjectHost>(
    ctx: &Context<'_, H>,
    start: Start,
    user: UserId,
    token: TokenGrant,
) -> Result<RunStart, StoreError> {
    let page = |calendar: Calendar| {
        let (position, attempt) = (calendar.position(), calendar.attempt);
        calendar.run.map(|run| Box::new(AppliedPage { user, run, position, attempt }))
    };
    Ok(match start {
        Start::Fetch(calendar) => {
            let again = again::of_run(ctx, &calendar)?;
            grant(*calendar, user, token, again)
        }
        Start::Coalesced => RunStart::Coalesced,
        Start::NotNow => RunStart::NotNow,
        Start::Ask(calendar) => page(*calendar).map_or(RunStart::Coalesced, RunStart::Ask),
        Start::Conclude(calendar) => page(*calendar).map_or(RunStart::Coalesced, RunStart::Conclude),
    })
}

fn grant(calendar: Calendar, user: UserId, token: TokenGrant, again: Vec<String>) -> RunStart {
    let (position, lane) = (calendar.position(), calendar.lane());
    let Some(run) = calendar.run else { return RunStart::Coalesced };
    RunStart::Granted(Box::new(RunGrant {
        run,
        user,
        provider_calendar_id: calendar.provider_calendar_id,
        role: calendar.role,
        position,
        attempt: calendar.attempt,
        cursor: Cursor {
            sync_token: if calendar.full_run { None } else { calendar.sync_token },
            page_token: calendar.page_token,
        },
        lane,
        again,
        token,
    }))
}

/// Records how many chunks a fetched page was cut into.
pub(crate) fn page_fetched<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &PageFetched,
    effects: &mut Effects,
) -> Result<Progress, StoreError> {
    let Some(mut calendar) = calendars::get(ctx, command.calendar)? else { return Ok(Progress::Stale) };
    if !calendar.is_at(command.run, command.position, command.attempt) {
        return Ok(Progress::Stale);
    }
    match calendar.phase {
        Phase::Fetching => {}
        // A repeat: its chunks may be on their way already.
        Phase::Applying => return Ok(Progress::Waiting),
        Phase::Idle | Phase::Ready => return Ok(Progress::Stale),
    }
    expect(&mut calendar, &command.next, command.chunks);
    advance(ctx, calendar, effects)
}

/// Counts an applied chunk.
pub(crate) fn chunk_applied<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ChunkApplied,
    effects: &mut Effects,
) -> Result<Progress, StoreError> {
    let Some(mut calendar) = calendars::get(ctx, command.calendar)? else { return Ok(Progress::Stale) };
    if !calendar.is_at(command.run, command.position, command.attempt) {
        return Ok(Progress::Stale);
    }
    match (calendar.phase, &command.whole) {
        (Phase::Applying, _) => {}
        (Phase::Fetching, Some(next)) => expect(&mut calendar, next, 1),
        _ => return Ok(Progress::Stale),
    }
    if command.generation > command.position.generation {
        return overtaken(ctx, calendar, command.generation, effects).map(|()| Progress::Stale);
    }
    if is_of_another_graph(&mut calendar, command.incarnation) {
        return restart_in_full(ctx, calendar, effects, "graph_restored").map(|()| Progress::Stale);
    }
    count(&mut calendar, command.index);
    advance(ctx, calendar, effects)
}

pub(crate) fn count(calendar: &mut Calendar, index: u32) {
    let index = usize::try_from(index).unwrap_or(usize::MAX);
    calendar.applied =
        calendar.applied.chars().enumerate().map(|(at, mark)| if at == index { '1' } else { mark }).collect();
}

/// The page was cut into this many chunks.
fn expect(calendar: &mut Calendar, next: &Next, chunks: u32) {
    (calendar.next_page_token, calendar.next_sync_token) = match next {
        Next::Page(token) => (Some(token.clone()), None),
        Next::Cursor(token) => (None, Some(token.clone())),
    };
    calendar.phase = Phase::Applying;
    calendar.applied = "0".repeat(usize::try_from(chunks).unwrap_or_default());
}

/// Goes on as far as the applied chunks allow.
pub(crate) fn advance<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    effects: &mut Effects,
) -> Result<Progress, StoreError> {
    let whole = !calendar.applied.contains('0');
    if whole && let Some(token) = calendar.next_page_token.take() {
        calendar.phase = Phase::Ready;
        calendar.page = calendar.page.saturating_add(1);
        calendar.attempt = 0;
        calendar.page_token = Some(token);
        calendar.holder = None;
        calendar.applied = String::new();
        // A run that makes progress is not the one that was taken over.
        calendar.takeovers = 0;
        calendar.failures = 0;
        effects.push(Nudge::Calendar(calendar.calendar, calendar.lane()));
        hold(ctx, &mut calendar, READY_AGAIN_MS)?;
        calendars::update(ctx, &calendar)?;
        return Ok(Progress::NextPage);
    }
    if whole && !calendar.full_run {
        return commit(ctx, calendar, effects);
    }
    hold(ctx, &mut calendar, lease::APPLYING_MS)?;
    calendars::update(ctx, &calendar)?;
    Ok(if whole { Progress::Conclude } else { Progress::Waiting })
}

/// Commits a full run whose absences were concluded; suspects are looked for once more by a second full run.
pub(crate) fn commit_run<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: CommitRun,
    effects: &mut Effects,
) -> Result<Progress, StoreError> {
    let Some(calendar) = calendars::get(ctx, command.calendar)? else { return Ok(Progress::Stale) };
    let whole = calendar.phase == Phase::Applying && !calendar.applied.contains('0');
    if calendar.run != Some(command.run) || !whole || calendar.next_sync_token.is_none() {
        return Ok(Progress::Stale);
    }
    if command.suspects > 0 {
        timers::set(ctx, Kind::Resync, command.calendar, ctx.now.plus_millis(SECOND_SIGHT_MS), 0)?;
    }
    commit(ctx, calendar, effects)
}

/// The cursor is committed last.
fn commit<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    effects: &mut Effects,
) -> Result<Progress, StoreError> {
    record(ctx, &calendar, "committed")?;
    tracing::info!(calendar = %calendar.calendar, pages = calendar.page.saturating_add(1), "a cursor is committed");
    let pause_ms = looks::after_run(ctx, &mut calendar)?;
    if again::fetched(ctx, &calendar)? {
        // Not at once: each of them is a call of its own.
        timers::set(ctx, Kind::Look, calendar.calendar, ctx.now.plus_millis(looks::REPLICA_LAG_MS), 0)?;
    }
    calendar.sync_token = calendar.next_sync_token.take();
    calendar.synced_at = Some(ctx.now);
    calendar.covering = DirtyLevel::Clean;
    calendar.failures = 0;
    calendar.takeovers = 0;
    calendar.end_run();
    calendar.due_at = pause_ms.map(|pause| ctx.now.plus_millis(pause));
    timers::clear(ctx, Kind::Lease, calendar.calendar)?;
    calendars::update(ctx, &calendar)?;
    if calendar.role == CalendarRole::Primary {
        roll_up(ctx, &calendar)?;
    }
    if calendar.dirty != DirtyLevel::Clean {
        dirty::nudge(ctx, &calendar, 0, effects)?;
    }
    Ok(Progress::Committed)
}

/// A page could not be fetched.
pub(crate) fn failed<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &RunFailed,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let Some(mut calendar) = calendars::get(ctx, command.calendar)? else { return Ok(()) };
    if !calendar.is_at(command.run, command.position, command.attempt) || calendar.phase != Phase::Fetching {
        return Ok(());
    }
    calendar.failures = calendar.failures.saturating_add(1);
    match &command.failure {
        RunFailure::CursorExpired => restart_in_full(ctx, calendar, effects, "cursor_expired"),
        RunFailure::TryAfter { seconds } => wait(ctx, calendar, i64::from(*seconds).saturating_mul(1000)),
        RunFailure::Unauthorized { .. } => {
            // The token is refreshed before the next fetch; if that does not help, haste does not either.
            let pause = UNAUTHORIZED_PAUSE_MS.saturating_mul(i64::from(calendar.failures.min(600)));
            wait(ctx, calendar, pause)
        }
        RunFailure::Unreadable { .. } => {
            record(ctx, &calendar, "failed")?;
            calendar.uncover();
            calendar.end_run();
            calendar.due_at = Some(unreadable_until(ctx, &calendar));
            timers::clear(ctx, Kind::Lease, calendar.calendar)?;
            calendars::update(ctx, &calendar)?;
            dirty::nudge(ctx, &calendar, 0, effects)
        }
    }
}

/// When a calendar that could not be read is tried again.
fn unreadable_until<H: ObjectHost>(ctx: &Context<'_, H>, calendar: &Calendar) -> Timestamp {
    let doublings = calendar.failures.saturating_sub(1);
    ctx.now.plus_millis(doubled(UNREADABLE_PAUSE_MS, doublings, MAX_UNREADABLE_PAUSE_MS))
}

/// The page is fetched again after a pause; the run keeps what it has.
fn wait<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    pause_ms: i64,
) -> Result<(), StoreError> {
    calendar.phase = Phase::Ready;
    calendar.holder = None;
    calendar.attempt = calendar.attempt.saturating_add(1);
    calendar.due_at = Some(ctx.now.plus_millis(pause_ms));
    hold(ctx, &mut calendar, pause_ms)?;
    calendars::update(ctx, &calendar)
}

/// Ends the run and asks for a full one: absence is judged only over one whole full run.
pub(crate) fn restart_in_full<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    effects: &mut Effects,
    why: &str,
) -> Result<(), StoreError> {
    record(ctx, &calendar, why)?;
    if calendar.full_run && calendar.failures > 0 {
        // There was no cursor to expire: haste does not help a list that goes on being refused.
        calendar.due_at = Some(unreadable_until(ctx, &calendar));
    }
    calendar.sync_token = None;
    calendar.dirty = DirtyLevel::Full;
    calendar.covering = DirtyLevel::Clean;
    calendar.end_run();
    timers::clear(ctx, Kind::Lease, calendar.calendar)?;
    calendars::update(ctx, &calendar)?;
    dirty::nudge(ctx, &calendar, 0, effects)
}

/// The account lost its consent: the run ends, what it covered waits for a new one.
pub(crate) fn suspend<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<(), StoreError> {
    let Some(mut known) = calendars::get(ctx, calendar)? else { return Ok(()) };
    if known.is_running() {
        known.uncover();
        known.end_run();
        calendars::update(ctx, &known)?;
    }
    timers::clear(ctx, Kind::Lease, calendar)?;
    timers::clear(ctx, Kind::Nudge, calendar)
}

/// Renews the lease and its timer.
pub(crate) fn hold<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: &mut Calendar,
    base_ms: i64,
) -> Result<(), StoreError> {
    let until = lease::until(ctx.now, base_ms, calendar.takeovers);
    calendar.lease_until = Some(until);
    timers::set(ctx, Kind::Lease, calendar.calendar, until, 0)
}

pub(crate) fn record<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: &Calendar,
    outcome: &str,
) -> Result<(), StoreError> {
    let started = calendar.started_at.unwrap_or(ctx.now);
    ctx.run(
        "/* record_run */ INSERT INTO sync_runs
           (run_id, calendar_id, generation, full_run, pages, started_at, ended_at, outcome)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (run_id) DO NOTHING",
        &[
            Value::opt_text(calendar.run),
            Value::text(calendar.calendar),
            calendar.generation.into(),
            calendar.full_run.into(),
            calendar.page.saturating_add(1).into(),
            started.millis().into(),
            ctx.now.millis().into(),
            outcome.into(),
        ],
    )
}

fn roll_up<H: ObjectHost>(ctx: &Context<'_, H>, primary: &Calendar) -> Result<(), StoreError> {
    let now = ctx.now.to_rfc3339();
    ctx.run(
        "/* roll_up */ UPDATE sync_state
         SET sync_token = ?1, last_sync_ts = ?2, last_success_ts = ?2, full_sync_needed = 0, updated_at = ?2",
        &[primary.sync_token.clone().into(), now.into()],
    )
}
