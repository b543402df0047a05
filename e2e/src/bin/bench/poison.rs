//! A bad message with good work behind it: how much later is the good work done than without?
//!
//! The launcher hands batches to a queue's consumer as the platform does: the next when the one before is done. Two
//! places behind are measured: in the same batch, and in the next batch. Good work is, on the queues of sync, a
//! nudge for a calendar with a new event, and on those of deltas the chunk with the new event; both are done when the
//! block is written. A writer's nudge is done when its batch is.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use fake_google::faults::{Effect, Fault, Match};
use serde_json::{Value, json};
use tminus_e2e::figures::percentile;
use tminus_e2e::rows;
use tminus_e2e::timeline::count;
use tminus_e2e::wait::{eventually_every, holds};

use crate::many::{event, span};
use crate::{Bench, Figures, Options, figures, number};

const QUEUES: [(&str, &str); 6] = [
    ("sync", "tminus-sync"),
    ("backfill", "tminus-backfill"),
    ("delta", "tminus-delta"),
    ("delta_bulk", "tminus-delta-bulk"),
    ("mirror", "tminus-mirror"),
    ("mirror_bulk", "tminus-mirror-bulk"),
];
const REPETITIONS: usize = 7;
/// More than a queue's message may hold.
const OVERSIZE: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// No entry at Google for this long: the last measurement is over.
const QUIET: Duration = Duration::from_millis(100);

/// What is wrong with a message.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Undecodable,
    UnknownVersion,
    Oversize,
    /// Well formed, but what it asks for cannot be done: Google answers 503 to all of the account's calls, or the graph
    /// does not know the account. The pauses that T-Minus keeps then are part of how it handles it.
    Failing,
}

const KINDS: [(&str, Kind); 4] = [
    ("undecodable", Kind::Undecodable),
    ("unknown_version", Kind::UnknownVersion),
    ("oversize", Kind::Oversize),
    ("failing", Kind::Failing),
];

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let bench = Bench::start("poison", options)?;
    let mut poison = Poison::new(&bench)?;
    let mut all = Figures::new();
    let mut worst: BTreeMap<&'static str, f64> = BTreeMap::new();
    for (name, queue) in QUEUES {
        if options.case.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        eprintln!("    {name} ..");
        poison.healthy(queue, &[], false)?;
        let healthy = median(|| poison.healthy(queue, &[], false))?;
        let mut found = figures([("healthy_ms", healthy)]);
        for (kind_name, kind) in KINDS {
            let bad = poison.bad(queue, kind);
            let same = median(|| poison.healthy(queue, std::slice::from_ref(&bad), true))? - healthy;
            let next = median(|| poison.healthy(queue, std::slice::from_ref(&bad), false))? - healthy;
            let delay = same.max(next);
            found.insert(kind_name, json!({"same_batch_ms": number(same), "next_batch_ms": number(next)}));
            let worst = worst.entry(kind_name).or_insert(delay);
            *worst = worst.max(delay);
        }
        all.insert(name, json!(found));
    }
    let max = worst.values().copied().fold(0.0, f64::max);
    all.extend(worst.into_iter().map(|(kind, delay)| (kind, number(delay))));
    all.insert("max_delay_ms", number(max));
    Ok(all)
}

fn median(mut measure: impl FnMut() -> Result<f64>) -> Result<f64> {
    let all = (0..REPETITIONS).map(|_| measure()).collect::<Result<Vec<_>>>()?;
    Ok(percentile(&all, 0.5))
}

/// What messages are made of.
struct Poison<'a> {
    bench: &'a Bench,
    /// Our ids of the primary calendars of the first account, where the good work is, and of the third.
    calendar: String,
    bad_calendar: String,
    made: i64,
    messages: u32,
}

impl<'a> Poison<'a> {
    fn new(bench: &'a Bench) -> Result<Self> {
        let (world, person) = (&bench.world, &bench.person);
        let status = person.status()?;
        let primary = |n: usize| -> Result<String> {
            let account = status.accounts.iter().find(|a| a.account_id == person.accounts[n].account);
            let mut calendars = account.into_iter().flat_map(|account| &account.calendars);
            let primary = calendars.find(|calendar| calendar.role == "PRIMARY").context("no calendar")?;
            Ok(primary.calendar.clone())
        };
        let (calendar, bad_calendar) = (primary(0)?, primary(2)?);
        // Every change is told by the messages below alone. The third account neither reads nor writes.
        world.google.with(|google| {
            google.settings.pushes_enabled = false;
            let bad = [person.primary(2).to_owned(), bench.overlays[2].clone()];
            google.faults.extend(bad.map(|calendar| Fault {
                matches: Match { calendar: Some(calendar), times: Some(0), ..Match::default() },
                effect: Effect { status: Some(503), ..Effect::default() },
                seen: 0,
            }));
        });
        Ok(Self { bench, calendar, bad_calendar, made: 0, messages: 0 })
    }

    /// Milliseconds from delivering `bad` and good work behind it until the good work is done.
    fn healthy(&mut self, queue: &str, bad: &[String], same_batch: bool) -> Result<f64> {
        let (world, target) = (&self.bench.world, &self.bench.overlays[1]);
        world.quiet(QUIET, PATIENCE)?;
        let since = world.now_seq();
        let good = self.good(queue)?;
        let started = Instant::now();
        if same_batch {
            let both: Vec<String> = bad.iter().cloned().chain([good]).collect();
            world.deliver(queue, 1, &both)?;
        } else {
            if !bad.is_empty() {
                world.deliver(queue, 1, bad)?;
            }
            world.deliver(queue, 1, &[good])?;
        }
        if !queue.starts_with("tminus-mirror") {
            eventually_every(Duration::from_millis(1), "the good work is done", PATIENCE, || {
                holds(count(&world.since(since), "write", target) > 0, || "no write".to_owned())
            })?;
        }
        Ok(started.elapsed().as_secs_f64() * 1000.0)
    }

    fn good(&mut self, queue: &str) -> Result<String> {
        let (world, person) = (&self.bench.world, &self.bench.person);
        let (user, account) = (&person.user, &person.accounts[0].account);
        if queue.starts_with("tminus-mirror") {
            let body = json!({"user": user, "account": person.accounts[1].account});
            return Ok(self.message(1, &body));
        }
        self.made += 1;
        let time = span(Utc::now() + TimeDelta::days(1) + TimeDelta::hours(self.made));
        let edit = world.insert(person.primary(0), &event(&time))?;
        if !queue.starts_with("tminus-delta") {
            let body = json!({
                "kind": "calendar", "account": account, "calendar": self.calendar, "mark": "incremental",
            });
            return Ok(self.message(1, &body));
        }
        let item = world.google.with(|google| {
            let event = google.calendars.get(&edit.calendar)?.events.get(&edit.id)?;
            Some(Value::Object(event.full()))
        });
        let body = self.delta(account, &self.calendar, &[item.context("no event")?])?;
        Ok(self.message(1, &body))
    }

    /// A chunk of the calendar's last run, as a page that came late.
    fn delta(&self, account: &str, calendar: &str, items: &[Value]) -> Result<Value> {
        let query = format!(
            "SELECT run_id, generation FROM sync_runs WHERE calendar_id = '{}' ORDER BY generation DESC LIMIT 1",
            self.calendar
        );
        let runs = rows::column(&self.bench.world.runtime.ready.persist, &query)?;
        let [run, generation] = runs.first().context("no run")?.as_slice() else { anyhow::bail!("columns") };
        Ok(json!({
            "user": self.bench.person.user, "account": account, "calendar": calendar, "role": "PRIMARY",
            "chunk": {
                "run": run, "position": {"generation": generation.parse::<u32>()?, "page": 0},
                "attempt": 0, "index": 0,
            },
            "full": false, "lane": "live", "items": items,
        }))
    }

    fn bad(&mut self, queue: &str, kind: Kind) -> String {
        let person = &self.bench.person;
        let account = &person.accounts[2].account;
        let body = match kind {
            Kind::Undecodable => return "{\"v\":1,\"no message".to_owned(),
            Kind::Oversize => {
                return json!({"v": 1, "id": "x".repeat(OVERSIZE)}).to_string();
            }
            Kind::UnknownVersion => return self.message(9, &json!({"account": account})),
            Kind::Failing if queue.starts_with("tminus-mirror") => {
                json!({"user": person.user, "account": account})
            }
            Kind::Failing if queue.starts_with("tminus-delta") => {
                // Of a graph that is there, but an account that it does not know.
                let unknown = "acc_01J00000000000000000000000";
                self.delta(unknown, &self.bad_calendar, &[json!({"id": "x"})]).unwrap_or_default()
            }
            Kind::Failing => {
                json!({
                    "kind": "calendar", "account": account, "calendar": self.bad_calendar, "mark": "full",
                })
            }
        };
        self.message(1, &body)
    }

    fn message(&mut self, version: u32, body: &Value) -> String {
        self.messages += 1;
        json!({
            "v": version, "id": format!("msg_01J0000000000000000000{:04}", self.messages),
            "trace": "trc_01J00000000000000000000000", "enqueued_at": 0, "body": body,
        })
        .to_string()
    }
}
