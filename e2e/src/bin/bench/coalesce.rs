//! A thousand pushes for one calendar, all accepted before the first list is answered: how often is it fetched, and
//! how many queue messages are there, up to the graph? (A writer's nudge for each target follows the change, not the
//! pushes; it is counted beside them.)
//!
//! Messages are counted by their own ids in the consumers' log: sync and canonicalize say at least one thing of each
//! message. A writer's nudge is counted where it is sent. Counted until nothing has been listed for 15 s.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fake_google::faults::{Effect, Fault, Match};
use fake_google::push::Push;
use serde_json::{Value, json};
use tminus_e2e::timeline::count;
use tminus_e2e::wait::{eventually_every, holds};
use tminus_e2e::{http::Reply, logs};

use crate::propagation::event;
use crate::{Bench, Figures, Options, UNPACED, figures};

const PUSHES: usize = 1_000;
/// Pushes under way at a time.
const LANES: usize = 8;
/// How long the first list is held: longer than the pushes take, shorter than a fetch waits for its answer.
const HOLD: Duration = Duration::from_secs(5);
/// A later look would come within this.
const AFTERMATH: Duration = Duration::from_secs(15);
const PATIENCE: Duration = Duration::from_secs(60);
/// Under which the messages of both of the writers' queues are counted.
const WRITERS: &str = "writers";

/// `unchanged`: the pushes alone. `changed`: they tell of an event that was made before them.
pub(crate) fn run(options: &Options) -> Result<Figures> {
    let bench = Bench::linked("coalesce", options, 2, UNPACED)?;
    let mut all = Figures::new();
    for case in ["unchanged", "changed"] {
        if options.case.as_ref().is_none_or(|only| only == case) {
            all.insert(case, json!(measure(&bench, case)?));
        }
    }
    // The worse of the cases.
    for name in ["pushes", "fetches", "queue_messages"] {
        let worst = all.values().filter_map(|case| case[name].as_u64()).max();
        all.insert(name, json!(worst));
    }
    Ok(all)
}

fn measure(bench: &Bench, case: &str) -> Result<Figures> {
    let (world, calendar) = (&bench.world, bench.person.primary(0).to_owned());
    eprintln!("    {case}: {PUSHES} pushes while the first list is held for {} s ..", HOLD.as_secs());
    let pushes = pushes(bench, &calendar)?;
    world.google.with(|google| {
        let matches = Match {
            calendar: Some(calendar.clone()),
            operation: Some("events.list".to_owned()),
            times: Some(1),
            ..Match::default()
        };
        let delay_ms = u64::try_from(HOLD.as_millis()).unwrap_or_default();
        google.faults.push(Fault { matches, effect: Effect { delay_ms, ..Effect::default() }, seen: 0 });
    });
    if case == "changed" {
        // Told by the pushes below alone.
        world.google.with(|google| google.settings.pushes_enabled = false);
        world.insert(&calendar, &event(1, 9))?;
        world.google.with(|google| google.settings.pushes_enabled = true);
    }
    let known = messages(bench)?;
    let since = world.now_seq();
    let begun_us = world.google.state.now_us();
    let accepted = send(bench, &pushes)?;
    let accepted_us = world.google.state.now_us();
    eventually_every(Duration::from_millis(20), "the calendar is listed", PATIENCE, || {
        holds(count(&world.since(since), "list", &calendar) > 0, || "no list".to_owned())
    })?;
    let listed_us = world.since(since).iter().find(|entry| entry.kind == "list").map(|entry| entry.at_us);
    let held_us = u64::try_from(HOLD.as_micros())?;
    ensure!(
        listed_us.is_some_and(|at| accepted_us < at + held_us),
        "the first list was answered before all pushes were accepted"
    );
    // The held answer, then the silence.
    world.quiet(HOLD + AFTERMATH, PATIENCE * 2)?;
    bench.person.wait_settled(PATIENCE)?;
    world.google.with(|google| google.faults.clear());
    let fetches = count(&world.since(since), "list", &calendar);
    let mut messages = messages(bench)?;
    for (queue, ids) in &mut messages {
        let before = known.get(queue).cloned().unwrap_or_default();
        ids.retain(|id| !before.contains(id));
    }
    let of = |queue: &str| messages.get(queue).map_or(0, BTreeSet::len);
    let total: usize = messages.values().map(BTreeSet::len).sum::<usize>() - of(WRITERS);
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    Ok(figures([
        ("pushes", PUSHES as f64),
        ("accepted", accepted as f64),
        ("accepted_within_s", (accepted_us - begun_us) as f64 / 1e6),
        ("fetches", fetches as f64),
        ("queue_messages", total as f64),
        ("sync_messages", of("tminus-sync") as f64),
        ("backfill_messages", of("tminus-backfill") as f64),
        ("delta_messages", (of("tminus-delta") + of("tminus-delta-bulk")) as f64),
        ("mirror_messages", of(WRITERS) as f64),
    ]))
}

/// Pushes as Google sends them on the calendar's channel, each with a number of its own.
fn pushes(bench: &Bench, calendar: &str) -> Result<Vec<Push>> {
    bench.world.google.with(|google| {
        let channel = google.channels.values_mut().find(|channel| channel.calendar == calendar);
        let channel = channel.context("the calendar is not watched")?;
        let first = channel.message_number;
        channel.message_number += PUSHES as u64;
        let mut channel = channel.clone();
        for n in 0..PUSHES as u64 {
            channel.message_number = first + n + 1;
            google.push_by_hand(&channel, "exists");
        }
        Ok(google.take_pushes())
    })
}

/// Sends them, some at a time; answers how many were accepted.
fn send(bench: &Bench, pushes: &[Push]) -> Result<usize> {
    let accepted = AtomicUsize::new(0);
    std::thread::scope(|scope| -> Result<()> {
        let lanes: Vec<_> = (0..LANES)
            .map(|lane| {
                let (http, accepted) = (bench.world.http.clone(), &accepted);
                scope.spawn(move || -> Result<()> {
                    for push in pushes.iter().skip(lane).step_by(LANES) {
                        let headers: Vec<(&str, &str)> = push
                            .headers
                            .iter()
                            .map(|(name, value)| (name.as_str(), value.as_str()))
                            .collect();
                        let Reply { status, .. } = http.send("POST", &push.url, &headers, Vec::new())?;
                        accepted.fetch_add(usize::from(status == 200), Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        lanes
            .into_iter()
            .try_for_each(|lane| lane.join().unwrap_or_else(|_| anyhow::bail!("a lane panicked")))
    })?;
    Ok(accepted.into_inner())
}

/// The ids of all messages so far, by queue.
fn messages(bench: &Bench) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let lines = logs::lines(&bench.world.runtime.log)?;
    for (at, line) in lines.iter().enumerate() {
        let text = |key: &str| line.get(key).and_then(Value::as_str);
        if text("message") == Some("a writer is nudged") {
            found.entry(WRITERS.to_owned()).or_default().insert(at.to_string());
        }
        if let (Some(queue), Some(id)) = (text("queue"), text("message_id"))
            && !queue.starts_with("tminus-mirror")
        {
            found.entry(queue.to_owned()).or_default().insert(id.to_owned());
        }
    }
    Ok(found)
}
