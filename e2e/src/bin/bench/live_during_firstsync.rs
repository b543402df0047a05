//! Changes in the primary calendar of an account while its second calendar, of 20,000 events, is fetched and mirrored
//! for the first time: from sending the push until the block is in the other account.
//!
//! The first change is made as soon as the primary calendar is watched, when its own first fetch may not have ended;
//! the others come in a fixed rhythm, whatever became of those before them.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use tminus_e2e::figures::percentile;
use tminus_e2e::timeline::count;
use tminus_e2e::wait::{eventually, eventually_every, holds};
use tminus_e2e::world::{Edit, World};

use crate::many::{Many, Span, event, mirrored, span};
use crate::{Bench, Figures, Options, UNPACED, figures, profile};

const EVENTS: i64 = 20_000;
/// The rhythm of the changes.
const EVERY: Duration = Duration::from_millis(500);
/// A change that takes longer counts with this.
const PATIENCE: Duration = Duration::from_secs(60);
/// No more changes after this; what is mirrored by then is told.
const LIMIT: Duration = Duration::from_secs(300);

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let mut bench = Bench::linked("live_during_firstsync", options, 1, UNPACED)?;
    let world = &bench.world;
    let email = format!("bench-many@{}", tminus_e2e::person::DOMAIN);
    world.create_account(&email);
    let second = world.create_calendar(&email, "Second");
    let many = Many::new(EVENTS, 200);
    eprintln!("    filling a calendar with {EVENTS} events ..");
    many.fill(world, &second)?;
    let target = bench.overlays.first().context("no overlay calendar")?;
    let since = world.now_seq();
    let started = Instant::now();
    bench.person.link_account(&email)?;
    // Without a channel there is no push. The first sync begins before it.
    eventually("the primary calendar is watched", PATIENCE, || {
        let watched =
            world.google.with(|google| google.channels.values().any(|channel| channel.calendar == email));
        holds(watched, || "no channel".to_owned())
    })?;
    let watched_s = started.elapsed().as_secs_f64();
    let mut made = Vec::new();
    let mut next = Instant::now();
    while started.elapsed() < LIMIT && mirrored(world, target, &many.all)? < many.all.len() {
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
        next = Instant::now() + EVERY;
        // Far from all others.
        let time = span(Utc::now() + TimeDelta::days(200) + TimeDelta::hours(i64::try_from(made.len())?));
        made.push((started.elapsed(), world.insert(&email, &event(&time))?, time));
    }
    let seconds = started.elapsed().as_secs_f64();
    let mut all_ms = Vec::new();
    for (at, edit, time) in &made {
        let ms = written(world, edit, target, *time)?;
        eprintln!("    a change {:.1} s after linking is mirrored after {ms:.0} ms", at.as_secs_f64());
        all_ms.push(ms);
    }
    let done = mirrored(world, target, &many.all)?;
    if options.profile {
        profile::show(&world.runtime.log, all_ms.len())?;
    }
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    Ok(figures([
        ("events", EVENTS as f64),
        ("mirrored", done as f64),
        ("seconds", seconds),
        ("lists", count(&world.since(since), "list", &second) as f64),
        ("watched_after_s", watched_s),
        ("changes", all_ms.len() as f64),
        ("p50_ms", percentile(&all_ms, 0.5)),
        ("max_ms", percentile(&all_ms, 1.0)),
        ("first_ms", all_ms.first().copied().unwrap_or_default()),
        ("max_of_rest_ms", percentile(all_ms.get(1..).unwrap_or_default(), 1.0)),
    ]))
}

/// Milliseconds from sending the push of an edit until the block at `time` is written, on the fake Google's clock.
/// Other blocks are written all the time.
#[expect(clippy::cast_precision_loss, reason = "microseconds of a run are far below 2^53")]
fn written(world: &World, edit: &Edit, target: &str, time: Span) -> Result<f64> {
    let started = Instant::now();
    let found = eventually_every(Duration::from_millis(20), "the change is written", PATIENCE, || {
        let times = world.google.with(|google| {
            let mut entries = google.timeline.since(edit.seq.saturating_sub(1));
            let pushed = entries
                .find(|entry| entry.kind == "push_sent" && entry.calendar == edit.calendar)
                .map(|entry| entry.at_us)?;
            let calendar = google.calendars.get(target)?;
            let is_it = |id: &String| {
                calendar.events.get(id).is_some_and(|event| event.span_ms(calendar.zone) == time)
            };
            let written = google.timeline.since(edit.seq).find(|entry| {
                entry.kind == "write"
                    && entry.calendar == target
                    && entry.event_id.as_ref().is_some_and(is_it)
            })?;
            Some((pushed, written.at_us))
        });
        Ok(times.ok_or_else(|| "no write".to_owned()))
    });
    match found {
        Ok((pushed, written)) => Ok(written.saturating_sub(pushed) as f64 / 1000.0),
        Err(error) => {
            eprintln!("    {error:#}");
            Ok(started.elapsed().as_secs_f64() * 1000.0)
        }
    }
}
