//! `cargo xtask demo`: one person, three accounts, a dozen changes, on the real runtime against a fake Google.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a developer tool, never deployed"
)]

mod script;
mod table;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use serde_json::json;
use tminus_e2e::federation::{self, Balance};
use tminus_e2e::figures::{percentile, rounded};
use tminus_e2e::person::Person;
use tminus_e2e::runtime::repo_root;
use tminus_e2e::timeline::{latency, wait_listed, wait_written};
use tminus_e2e::world::{Edit, World};

use crate::script::Script;
use crate::table::Table;

/// How long a change may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long it may take until all is at rest, echoes included.
const REST: Duration = Duration::from_secs(30);

/// Links three Google accounts of one person, changes events, and shows how long each change takes.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask demo")]
struct Options {
    /// Stop after the script instead of staying up.
    #[arg(long)]
    once: bool,
    /// End the script with one JSON line on stdout; all else goes to stderr.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let log = repo_root().join("target/demo/workers.log");
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let _ = std::fs::remove_file(&log);

    let step = step("starting workerd and the fake Google");
    let mut world = World::start(log, None)?;
    step();
    let person = link(&world)?;
    let table = Table::new(&person, options.json);
    let (changes, latencies) = play(&world, &person, &table)?;
    let step = self::step("waiting until everything is at rest, our own echoes included");
    let outcome = federation::rest(&world, &person, REST);
    step();
    if let Err(error) = &outcome {
        eprintln!("not converged: {error:#}");
    }
    let balance = federation::balance(&world, &person)?;
    let converged = outcome.is_ok() && latencies.iter().all(|latency| latency.is_finite());
    report(
        &world,
        &options,
        &Outcome { accounts: person.accounts.len(), changes, balance, latencies, converged },
    );
    if !options.once {
        stay(&mut world, &person, &table)?;
    }
    Ok(if converged { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Tells that a step begins; the answer tells that it is done.
fn step(what: &str) -> impl FnOnce() + use<> {
    let started = Instant::now();
    let what = what.to_owned();
    eprintln!("    {what} ..");
    move || eprintln!("    {what}: {:.1} s", started.elapsed().as_secs_f64())
}

fn link(world: &World) -> Result<Person> {
    let emails = ["ada@work.example", "ada@home.example", "ada@club.example"];
    let step = self::step("signing in and linking three accounts through the consent pages");
    let person = Person::link(world, &emails.map(str::to_owned))?;
    step();
    let step = self::step("first sync, overlay calendars, push channels");
    person.wait_ready()?;
    world.quiet(Duration::from_millis(200), PATIENCE)?;
    step();
    Ok(person)
}

/// Plays the script: how many changes, and the latency of each write; infinite for one that never came.
fn play(world: &World, person: &Person, table: &Table) -> Result<(usize, Vec<f64>)> {
    let mut script = Script::default();
    let mut latencies = Vec::new();
    table.head();
    while let Some(change) = script.next(world, person)? {
        let targets = others(world, person, change.account)?;
        if !change.writes {
            wait_listed(world, &change.edit, PATIENCE)?;
            person.wait_settled(PATIENCE)?;
            let silent = latency(&world.since(change.edit.seq - 1), &change.edit, &targets).is_none();
            table.row(change.account, &change.label, &[if silent { "no write" } else { "WRITTEN" }; 2]);
            continue;
        }
        let cells = match wait_written(world, &change.edit, &targets, PATIENCE) {
            Ok(latency) => latency.targets_ms,
            Err(_) => vec![f64::INFINITY; targets.len()],
        };
        table.row(change.account, &change.label, &cells.iter().map(|ms| shown(*ms)).collect::<Vec<_>>());
        latencies.extend(cells);
        world.quiet(Duration::from_millis(50), PATIENCE)?;
    }
    Ok((script.played(), latencies))
}

/// The overlay calendars of the other accounts.
fn others(world: &World, person: &Person, account: usize) -> Result<Vec<String>> {
    let others = person.accounts.iter().enumerate().filter(|(n, _)| *n != account);
    others.map(|(_, other)| federation::overlay(world, &other.email)).collect()
}

fn shown(ms: f64) -> String {
    if ms.is_finite() { format!("{ms:.1} ms") } else { "NEVER".to_owned() }
}

struct Outcome {
    accounts: usize,
    changes: usize,
    balance: Balance,
    latencies: Vec<f64>,
    converged: bool,
}

fn report(world: &World, options: &Options, outcome: &Outcome) {
    let Outcome { accounts, changes, balance, latencies, converged } = outcome;
    let writes: u64 = world.google.with(|google| google.counters.writes.values().sum());
    let finite: Vec<f64> = latencies.iter().copied().filter(|ms| ms.is_finite()).collect();
    let (p50, p95) = (rounded(percentile(&finite, 0.5)), rounded(percentile(&finite, 0.95)));
    let Balance { expected, found, duplicates, .. } = balance;
    if options.json {
        let line = json!({
            "accounts": accounts, "changes": changes, "mirrors_expected": expected, "mirrors_found": found,
            "duplicates": duplicates, "provider_writes": writes, "p50_ms": p50, "p95_ms": p95,
            "converged": converged,
        });
        println!("{line}");
    } else {
        println!(
            "\n{changes} changes: {found} of {expected} blocks in place, {duplicates} duplicates, {writes} writes \
             at Google; from push to written p50 {p50} ms, p95 {p95} ms"
        );
    }
}

/// Shows what else is changed, until Ctrl-C.
fn stay(world: &mut World, person: &Person, table: &Table) -> Result<()> {
    let (asked, ask) = mpsc::channel();
    ctrlc::set_handler(move || {
        let _ = asked.send(());
    })?;
    let (google, ready) = (world.google.url(), &world.runtime.ready);
    table.line(&format!(
        "\nUp until Ctrl-C.\n  \
         api             {api}\n  \
         status          {api}/v1/admin/users/{user}/status   (authorization: Bearer {token})\n  \
         webhook         {webhook}\n  \
         fake Google     {google}/control/calendars?email={email}\n  \
         Workers' log    {log}\n\n\
         Make an event and watch it here:\n  \
         curl -s {google}/control/events -d '{{\"email\":\"{email}\",\"event\":{{\"summary\":\"Lunch\",\
         \"start\":{{\"dateTime\":\"2026-06-01T12:00:00Z\"}},\"end\":{{\"dateTime\":\"2026-06-01T13:00:00Z\"}}}}}}'\n",
        api = ready.urls.api,
        user = person.user,
        token = ready.admin_token,
        webhook = ready.urls.webhook,
        email = person.primary(0),
        log = world.runtime.log.display(),
    ));
    let mut seen = world.now_seq();
    while ask.recv_timeout(Duration::from_millis(50)).is_err() {
        anyhow::ensure!(world.runtime.is_running(), "the runtime ended by itself; see its log");
        let Some(entry) = world.since(seen).into_iter().find(|entry| entry.kind == "change") else {
            seen = world.now_seq().max(seen);
            continue;
        };
        seen = entry.seq;
        let Some(account) = person
            .accounts
            .iter()
            .position(|account| federation::sources(world, &account.email).contains(&entry.calendar))
        else {
            continue;
        };
        let id = entry.event_id.unwrap_or_default();
        let edit = Edit { calendar: entry.calendar, id, seq: entry.seq };
        let cells = match wait_written(world, &edit, &others(world, person, account)?, Duration::from_secs(3))
        {
            Ok(latency) => latency.targets_ms.iter().map(|ms| shown(*ms)).collect(),
            Err(_) => vec!["no write".to_owned(); 2],
        };
        table.row(account, &entry.what.unwrap_or_default(), &cells);
    }
    Ok(())
}
