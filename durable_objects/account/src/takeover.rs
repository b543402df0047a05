//! Runs that change hands: whose lease ended, whose message came again, whose object was restored (protocol rules 6, 7, 12
//! and 13).

use tminus_domain::backoff::doubled;
use tminus_domain::ids::CalendarId;
use tminus_domain::lease;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::calendars::{self, Calendar, Phase};
use crate::context::{Context, Effects, Nudge};
use crate::contract::{Progress, TakeOver};
use crate::dirty;
use crate::runs::{READY_AGAIN_MS, Start, advance, count, fetch, record, restart_in_full};
use crate::timers::{self, Kind};

/// The longest pause between two nudges of a page that nobody takes.
const MAX_READY_PAUSE_MS: i64 = 3_600_000;

/// Takes a page over after the graph said how much of it is applied (protocol rule 6): what is there counts, and only
/// a page that is not whole is fetched again.
pub(crate) fn take_over_page<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &TakeOver,
    effects: &mut Effects,
) -> Result<Start, StoreError> {
    let page = &command.page;
    let known = calendars::get(ctx, command.calendar)?
        .filter(|known| known.is_at(page.run, page.position, page.attempt) && known.phase == Phase::Applying);
    let Some(mut known) = known else { return Ok(Start::Coalesced) };
    if lease::holds(known.lease_until, ctx.now) {
        // A chunk was counted meanwhile, or someone else took it over.
        return Ok(Start::Coalesced);
    }
    if is_of_another_graph(&mut known, command.incarnation) {
        return restart_in_full(ctx, known, effects, "graph_restored").map(|()| Start::Coalesced);
    }
    for index in &command.applied {
        count(&mut known, *index);
    }
    if known.applied.contains('0') {
        take_over(&mut known);
        tracing::warn!(calendar = %known.calendar, takeovers = known.takeovers, "a run is taken over");
        return fetch(ctx, known, command.holder);
    }
    let calendar = known.clone();
    Ok(match advance(ctx, known, effects)? {
        Progress::Conclude => Start::Conclude(Box::new(calendar)),
        _ => Start::Coalesced,
    })
}

/// The graph knows a higher generation of the calendar than its own lease holder: this object was restored to an
/// earlier state. What it fetches would be taken for old for ever, so it goes on above that (protocol rule 12).
pub(crate) fn overtaken<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mut calendar: Calendar,
    generation: u32,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    tracing::error!(calendar = %calendar.calendar, generation, "the graph knows a higher generation; it is raised");
    record(ctx, &calendar, "overtaken")?;
    calendar.uncover();
    calendar.end_run();
    calendar.generation = generation;
    timers::clear(ctx, Kind::Lease, calendar.calendar)?;
    calendars::update(ctx, &calendar)?;
    dirty::nudge(ctx, &calendar, 0, effects)
}

/// Whether the graph was restored since the calendar was last applied to it: what the cursor stands for, and what a full
/// run applied so far, is no longer there (rule 13).
pub(crate) const fn is_of_another_graph(calendar: &mut Calendar, incarnation: u32) -> bool {
    let known = calendar.incarnation;
    calendar.incarnation = incarnation;
    known != 0 && known != incarnation
}

/// The timer of a run: its lease has ended, or its page still waits for a fetcher.
pub(crate) fn on_lease<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    tries: u32,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let known = calendars::get(ctx, calendar)?.filter(Calendar::is_running);
    let Some(mut known) = known else { return timers::clear(ctx, Kind::Lease, calendar) };
    let held = known.lease_until.filter(|until| known.phase != Phase::Ready && *until > ctx.now);
    if let Some(until) = held {
        return timers::set(ctx, Kind::Lease, calendar, until, 0);
    }
    if known.phase == Phase::Fetching {
        take_over(&mut known);
        calendars::update(ctx, &known)?;
        tracing::warn!(%calendar, takeovers = known.takeovers, "a run's lease ended; it is taken over");
    }
    // A page that was being applied stays as it is: whoever takes it over asks the graph first.
    effects.push(Nudge::Calendar(calendar, known.lane()));
    let due = ctx.now.plus_millis(doubled(READY_AGAIN_MS, tries, MAX_READY_PAUSE_MS));
    timers::set(ctx, Kind::Lease, calendar, due, tries.saturating_add(1))
}

/// The page goes to another fetcher. What the old one still sends applies, but does not count.
pub(crate) fn take_over(calendar: &mut Calendar) {
    fetch_again(calendar);
    calendar.takeovers = calendar.takeovers.saturating_add(1);
    calendar.failures = calendar.failures.saturating_add(1);
}

/// The page is fetched once more, under a higher generation: whatever an earlier fetch still sends is older.
pub(crate) fn fetch_again(calendar: &mut Calendar) {
    calendar.phase = Phase::Ready;
    calendar.holder = None;
    calendar.generation = calendar.generation.saturating_add(1);
    calendar.attempt = calendar.attempt.saturating_add(1);
    calendar.next_page_token = None;
    calendar.next_sync_token = None;
    calendar.applied = String::new();
}
