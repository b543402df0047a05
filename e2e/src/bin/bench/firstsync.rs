//! The first sync of an account with a thousand events, two other accounts being linked already.
//!
//! Measured from the moment before the account is linked until all mirrors are at Google. A batch is one HTTP request;
//! its parts are write calls. Events are written, and looked at after a doubtful write, in batches only.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Value, json};
use tminus_e2e::federation::balance;
use tminus_e2e::figures::percentile;
use tminus_e2e::timeline::{Calls, calls};
use tminus_e2e::wait::{eventually_every, holds};
use tminus_e2e::world::World;

use crate::many::{Many, mirrored};
use crate::{Bench, Figures, Options, UNPACED, figures, number, profile};

const EVENTS: i64 = 1_000;
const IN_THE_FIRST_WEEK: i64 = 60;
/// So often without quotas; figures are medians.
const RUNS: usize = 3;
/// Google's default: queries a minute and user.
const QUOTA: u32 = 600;

/// Without Google's quotas, and with them: both Google's and the pace that T-Minus keeps for them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    QuotasOff,
    QuotasOn,
}

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let mut all = Figures::new();
    for (name, case) in [("quotas_off", Case::QuotasOff), ("quotas_on", Case::QuotasOn)] {
        if options.case.as_ref().is_none_or(|only| only == name) {
            // Quotas take minutes, and set the pace themselves.
            let runs = if case == Case::QuotasOn { 1 } else { RUNS };
            let runs = (0..runs).map(|_| measure(options, name, case)).collect::<Result<Vec<_>>>()?;
            all.insert(name, json!(medians(&runs)));
        }
    }
    Ok(all)
}

/// The median of each figure; none if it is missing in a run.
fn medians(runs: &[Figures]) -> Figures {
    let names = runs.iter().flat_map(|run| run.keys().copied());
    let of = |name: &str| -> Option<Vec<f64>> { runs.iter().map(|run| run.get(name)?.as_f64()).collect() };
    names.map(|name| (name, of(name).map_or(Value::Null, |all| number(percentile(&all, 0.5))))).collect()
}

fn measure(options: &Options, name: &str, case: Case) -> Result<Figures> {
    let pace = if case == Case::QuotasOn { QUOTA } else { UNPACED };
    let mut bench = Bench::linked(&format!("firstsync-{name}"), options, 2, pace)?;
    let world = &bench.world;
    if case == Case::QuotasOn {
        world.google.with(|google| google.settings.quota_per_minute_per_user = Some(u64::from(QUOTA)));
    }
    let many = Many::new(EVENTS, IN_THE_FIRST_WEEK);
    let email = format!("bench-many@{}", tminus_e2e::person::DOMAIN);
    world.create_account(&email);
    many.fill(world, &email)?;
    let limit = Duration::from_secs(if case == Case::QuotasOn { 360 } else { 180 });
    eprintln!("    {name}: {EVENTS} events into {} accounts ..", bench.overlays.len());

    let (before, refused_before) = (calls(world), refused(world));
    let started = Instant::now();
    bench.person.link_account(&email)?;
    let (mut week_s, mut all_s) = (None, None);
    let done = eventually_every(Duration::from_millis(50), "all events are mirrored", limit, || {
        let (mut week, mut all) = (0, 0);
        for overlay in &bench.overlays {
            week += mirrored(world, overlay, &many.week)?;
            all += mirrored(world, overlay, &many.all)?;
        }
        let elapsed = started.elapsed().as_secs_f64();
        if week == many.week.len() * bench.overlays.len() {
            week_s.get_or_insert(elapsed);
        }
        let whole = all == many.all.len() * bench.overlays.len();
        if whole {
            all_s = Some(elapsed);
        }
        holds(whole, || format!("{all} mirrors"))
    });
    if let Err(error) = done {
        eprintln!("    {name}: {error:#}");
    }
    let after = calls(world);
    // What is left to do (the last cursor, the channel) is no part of the figures, but has to end well.
    bench.person.wait_ready()?;
    let balance = balance(world, &bench.person)?;
    if options.profile {
        profile::show(&world.runtime.log, 1)?;
        eprintln!("    {:?}", since(&before, &after));
    }
    let missing = f64::NAN;
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    Ok(figures([
        ("events", EVENTS as f64),
        ("targets", bench.overlays.len() as f64),
        ("list_calls", sum(&before, &after, |name| name == "events.list") as f64),
        ("write_calls", sum(&before, &after, is_part) as f64),
        ("http_requests", sum(&before, &after, is_request) as f64),
        ("seconds", all_s.unwrap_or(missing)),
        ("first_week_seconds", week_s.unwrap_or(missing)),
        ("refused", (refused(world) - refused_before) as f64),
        ("peak_per_minute", world.google.with(|google| google.counters.peak_per_minute_user) as f64),
        ("wrong_mirrors", (balance.expected - balance.found + balance.surplus) as f64),
    ]))
}

/// Calls that go in batches only.
fn is_part(name: &str) -> bool {
    let own = ["events.list", "events.watch"];
    name.starts_with("events.") && !own.contains(&name)
}

/// HTTP requests that the Workers make. The consent page is opened by a browser; what a request holds (the parts of a
/// batch, a grant) is counted beside it.
fn is_request(name: &str) -> bool {
    let others = ["push.", "oauth.authorize", "oauth.decide", "batch.part", "token."];
    !is_part(name) && !others.iter().any(|other| name.starts_with(other))
}

fn since(before: &Calls, after: &Calls) -> Value {
    let more = |(name, count): (&String, &u64)| {
        let more = count - before.get(name).copied().unwrap_or_default();
        (more > 0).then(|| (name.clone(), json!(more)))
    };
    after.iter().filter_map(more).collect::<serde_json::Map<_, _>>().into()
}

fn sum(before: &Calls, after: &Calls, of: impl Fn(&str) -> bool) -> u64 {
    let counted =
        |calls: &Calls| -> u64 { calls.iter().filter(|(name, _)| of(name)).map(|(_, count)| count).sum() };
    counted(after) - counted(before)
}

/// Answers 403 and 429 so far.
fn refused(world: &World) -> u64 {
    world.google.with(|google| {
        let refused = |name: &str| name.ends_with(" 403") || name.ends_with(" 429");
        google.counters.failures.iter().filter(|(name, _)| refused(name)).map(|(_, count)| count).sum()
    })
}
