//! Runs a history, then the laws; shrinks a history that fails.
//!
//! Failures: a law of `laws.rs` that does not hold after the provider is well again and the world had three hours
//! to settle; a handler that never ends; a world that goes round in circles; a panic.
//!
//! Not failures:
//! - a push that was lost for good leaves its calendar as it was until the next push or fetch. The daily reconcile
//!   comes later; here one push on every channel stands for it, in histories that lost one;
//! - a mirror that people change more than three times in a day is given up (protocol rule 23): histories change
//!   fewer;
//! - a nudge that marks its calendar dirty, since the object was out of reach when the push came, is one more list
//!   each time it is delivered: it is left out of the last repeat of everything;
//! - where what hands remove is to stay away, whether the hand or a write under way came first is nobody's business:
//!   what it removed may show or not;
//! - dead letters: everything that they say is found again by timers.
//!
//! Known nondeterminism: none. Ids, keys, jitter, and the order of interleaved handlers follow from the seed, the
//! time from the operations. Hash maps in handlers are only looked up, never walked.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fake_google::faults::{Effect, Fault};
use tminus_account::contract::MarkDirty;
use tminus_domain::dirty::DirtyLevel;
use tminus_ports::ObjectClass;

use crate::generate::History;
use crate::laws::{self, Violations};
use crate::model::{Calls, Model, Op, Trouble};
use crate::people;
use crate::stage::{SETTLE_MS, Stage};
use crate::world::Idle;

/// How often the cron Worker runs.
const CRON_MS: i64 = 15 * 60_000;
/// How often a person who got no answer asks again, of a provider that is well.
const ASKS: u32 = 10;
/// Most runs that shrinking may take.
const SHRINKS: u32 = 400;

/// Runs a history; answers the laws that it breaks.
#[must_use]
pub fn run(history: &History) -> Violations {
    match catch_unwind(AssertUnwindSafe(|| run_unguarded(history))) {
        Ok(violations) => violations,
        Err(panic) => vec![format!("panic: {}", message(panic.as_ref()))],
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Calls that Google grants a user in any minute.
const QUOTA: u64 = 600;

/// Most events that one operation makes us write in one account, taken over a whole history: a storm is no way to converge.
const WRITES: u64 = 6;

/// Where a history begins.
fn begun(history: &History) -> (Stage, Model) {
    let stage = if history.unsettled {
        Stage::linked(history.seed, history.accounts)
    } else {
        Stage::settled(history.seed, history.accounts)
    };
    stage.world.google(|google| {
        google.settings.page_size_cap = history.page_size;
        google.settings.reverse_full_list = history.habits.backwards;
        google.settings.reverse_delta = history.habits.backwards;
        google.settings.tombstone_exceptions = history.habits.tombstones;
        google.settings.keep_orphaned_exceptions = !history.habits.cancels_orphans;
        google.settings.quota_per_minute_per_user = Some(QUOTA);
    });
    let mut model = Model::new(&stage);
    model.dismisses = history.ops.contains(&Op::Dismissing(true));
    (stage, model)
}

/// Runs a history without asking whether it keeps the laws. Whoever watches looks at the world after each operation, and
/// when it has settled in the end; answers that world.
///
/// # Panics
/// If it never settles.
pub fn watch(history: &History, mut watch: impl FnMut(&mut Stage)) -> Stage {
    let (mut stage, mut model) = begun(history);
    for op in &history.ops {
        apply(&mut stage, &mut model, *op);
        watch(&mut stage);
    }
    stage.world.google(|google| google.faults.clear());
    stage.world.no_crash();
    let unsettled = settle(&mut stage);
    assert!(unsettled.is_empty(), "{unsettled:?}");
    watch(&mut stage);
    stage
}

/// Runs a history; a panic passes through.
#[must_use]
pub fn run_unguarded(history: &History) -> Violations {
    let (mut stage, mut model) = begun(history);
    for op in &history.ops {
        let mut found = Violations::new();
        laws::untouched(&stage, &model, &mut found);
        if !found.is_empty() {
            return found;
        }
        apply(&mut stage, &mut model, *op);
    }
    stage.world.google(|google| google.faults.clear());
    stage.world.no_crash();
    let mut found = check(&mut stage, &mut model);
    let writes: u64 =
        ["events.insert", "events.update", "events.delete"].map(|name| stage.world.calls(name)).iter().sum();
    let bound = WRITES * (history.accounts as u64) * (history.ops.len() as u64 + 1);
    if writes > bound {
        found.push(format!("writes: {writes} events were written in {} operations", history.ops.len()));
    }
    found
}

/// Lets the world settle, as the platform would: the cron Worker runs too.
fn settle(stage: &mut Stage) -> Violations {
    let mut left = SETTLE_MS;
    while left > 0 {
        if stage.world.settle(CRON_MS) == Idle::Settled && stage.world.next_event().is_none() {
            break;
        }
        stage.world.run_cron();
        left -= CRON_MS;
    }
    match stage.world.settle(CRON_MS) {
        Idle::Settled => Violations::new(),
        Idle::Busy => vec![format!("unsettled: {:?}", stage.world.waiting())],
    }
}

fn check(stage: &mut Stage, model: &mut Model) -> Violations {
    let mut found = Violations::new();
    // A person who got no answer asks again, and nobody is linked again before the unlinking has ended.
    for _ in 0..ASKS {
        if model.links.iter().any(|link| !link.is_answered) && found.is_empty() {
            // An unlinking that broke off is taken up by maintenance, which cron asks for.
            stage.world.run_cron();
            found.extend(settle(stage));
            people::ask_again(stage, model);
        }
    }
    for (link, email) in model.links.iter().zip(&stage.emails).filter(|(link, _)| !link.is_answered) {
        found.push(format!("unanswered: {email} asked {ASKS} times: {link:?}"));
    }
    if !found.is_empty() {
        return found;
    }
    if stage.world.lost_pushes() {
        stage.world.push_all();
    }
    stage.world.run_cron();
    found.extend(settle(stage));
    found.extend(laws::settled(stage, model));
    if !found.is_empty() {
        return found;
    }
    let writes = stage.world.writes();
    stage.world.push_all();
    found.extend(settle(stage));
    if stage.world.writes() != writes {
        found.push(format!("loop: {writes:?} became {:?}", stage.world.writes()));
    }
    let (state, writes) = (known(stage), stage.world.writes());
    for (binding, text) in stage.world.delivered() {
        if !text.contains(r#""mark":"#) {
            stage.world.redeliver(binding, text);
        }
    }
    found.extend(settle(stage));
    found.extend(laws::same("repeat", &state, &known(stage)));
    if stage.world.writes() != writes {
        found.push(format!("repeat: {writes:?} became {:?}", stage.world.writes()));
    }
    found.extend(laws::settled(stage, model));
    found
}

/// Everything that is stored, but for when a calendar was last fetched: a chunk that comes again asks again for what its
/// consumer may have died over, which is one more list.
fn known(stage: &Stage) -> Vec<String> {
    let fetched = [" calendars ", " sync_runs ", " sync_state ", " applied_pages ", " generation_floors "];
    let mut state = stage.world.state();
    state.retain(|line| !fetched.iter().any(|table| line.contains(table)));
    state
}

/// The law that fails first.
fn law(violations: &Violations) -> Option<String> {
    violations.first().and_then(|first| first.split(':').next()).map(str::to_owned)
}

/// The smallest history found that still breaks the same law, by leaving out operations.
#[must_use]
pub fn shrink(history: &History) -> History {
    let mut best = history.clone();
    let broken = law(&run(history));
    let (mut runs, mut size) = (0, best.ops.len().div_ceil(2).max(1));
    loop {
        let mut at = 0;
        let mut shrunk = false;
        while at < best.ops.len() && runs < SHRINKS {
            let mut fewer = best.clone();
            fewer.ops.drain(at..(at + size).min(best.ops.len()));
            runs += 1;
            if law(&run(&fewer)) == broken {
                best = fewer;
                shrunk = true;
            } else {
                at += size;
            }
        }
        if runs >= SHRINKS || (size == 1 && !shrunk) {
            return best;
        }
        size = size.div_ceil(2).max(1);
    }
}

fn apply(stage: &mut Stage, model: &mut Model, op: Op) {
    let world = &mut stage.world;
    match op {
        Op::MoveMirror(..)
        | Op::DeleteMirror(..)
        | Op::CopyMirror(..)
        | Op::MoveMirrorInstance(..)
        | Op::DeleteMirrorInstance(..) => people::meddle(stage, model, op),
        Op::Dismissing(is_on) => {
            let becomes = if is_on { "dismiss" } else { "restore" };
            let _ = stage.graph(&format!("/* by hand */ UPDATE policies SET hand_deleted = '{becomes}'"));
        }
        Op::Unlink(account) => people::unlink(stage, model, usize::from(account)),
        Op::Relink(account) => people::relink(stage, model, usize::from(account)),
        Op::Deliver(nth) => {
            if let Some(seq) = pick(&world.ready(), nth) {
                world.deliver(seq);
            }
        }
        Op::DeliverNext(count) => {
            for _ in 0..count {
                if let Some(seq) = world.ready().first() {
                    world.deliver(*seq);
                }
            }
        }
        Op::Together(count) => {
            let ready: Vec<u64> = world.ready().into_iter().take(usize::from(count)).collect();
            world.deliver_together(&ready);
        }
        Op::Redeliver(nth) => {
            if let Some((binding, text)) = pick(&world.delivered(), nth) {
                world.redeliver(binding, text);
            }
        }
        Op::Lose(nth) => {
            if let Some(seq) = pick(&world.ready(), nth) {
                world.lose(seq);
            }
        }
        Op::Push(nth) => {
            if let Some(seq) = pick(&world.pushes(), nth) {
                world.deliver_push(seq);
            }
        }
        Op::Pushes => world.pushes().into_iter().for_each(|seq| world.deliver_push(seq)),
        Op::LosePush(nth) => {
            if let Some(seq) = pick(&world.pushes(), nth) {
                world.lose_push(seq);
            }
        }
        Op::Alarms => {
            world.run_alarms();
        }
        Op::Wait(seconds) => world.advance_millis(i64::from(seconds) * 1000),
        Op::Live(seconds) => {
            world.settle(i64::from(seconds) * 1000);
        }
        Op::Fault(calls, trouble, times) => {
            world.google(|google| google.faults.push(fault(calls, trouble, times)));
        }
        Op::ExpireAccess(account) => {
            let email = &stage.emails[usize::from(account) % stage.emails.len()];
            stage.world.google(|google| google.expire_access_tokens(email));
        }
        Op::ExpireCursor(calendar) => {
            let (_, id) = &model.calendars[usize::from(calendar) % model.calendars.len()];
            stage.world.google(|google| google.expire_sync_tokens(id));
        }
        Op::Crash(effects, side) => world.crash_at(u32::from(effects), side),
        Op::Restart(lose) => world.restart(lose),
        Op::Cron => world.run_cron(),
        Op::Resync(account) => {
            let account = stage.accounts[usize::from(account) % stage.accounts.len()].to_string();
            let statement = "/* calendars */ SELECT calendar_id FROM calendars ORDER BY calendar_id";
            for row in stage.world.rows(ObjectClass::Account, &account, statement) {
                let calendar = row.parse(0, "calendar").expect("an id");
                let command = MarkDirty { calendar, level: DirtyLevel::Full };
                let body = serde_json::to_string(&command).expect("a command encodes");
                // Its timer nudges; the object may crash.
                let _ = stage.world.raw(ObjectClass::Account, &account, "mark_dirty", &body);
            }
        }
        _ => people::edit(stage, model, op),
    }
}

pub(crate) fn pick<T: Clone>(from: &[T], nth: u16) -> Option<T> {
    from.get(usize::from(nth).checked_rem(from.len())?).cloned()
}

fn fault(calls: Calls, trouble: Trouble, times: u8) -> Fault {
    let operation = match calls {
        Calls::List => "events.list",
        Calls::Batch => "batch",
        Calls::Insert => "events.insert",
        Calls::Update => "events.update",
        Calls::Delete => "events.delete",
        Calls::Token => "oauth.token",
        Calls::CalendarList => "calendarList.list",
        Calls::CalendarInsert => "calendars.insert",
        Calls::Watch => "events.watch",
    };
    let status = |status| Effect { status: Some(status), ..Effect::default() };
    let in_a_batch = matches!(calls, Calls::Insert | Calls::Update | Calls::Delete);
    let effect = match trouble {
        Trouble::Error => status(500),
        Trouble::TooMany => status(429),
        Trouble::RateLimited => Effect {
            status: Some(403),
            reason: Some("userRateLimitExceeded".to_owned()),
            ..Effect::default()
        },
        Trouble::Unavailable => status(503),
        // Parts of a batch have no connection of their own.
        Trouble::Unreached | Trouble::AnswerLost if in_a_batch => status(503),
        Trouble::Unreached => Effect { drop_connection_before: true, ..Effect::default() },
        Trouble::AnswerLost => Effect { drop_answer_after: true, ..Effect::default() },
    };
    Fault::on(operation, u64::from(times), effect)
}
