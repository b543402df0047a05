//! `cargo xtask chaos`: edits under load, everything of ours killed in the middle of them, again and again.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    reason = "a developer tool, never deployed"
)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::Parser;
use serde_json::{Value, json};
use tminus_e2e::chaos::{Chaos, LIMIT, Round};
use tminus_e2e::federation::{Toll, toll};
use tminus_e2e::figures::{percentile, rounded};
use tminus_e2e::machine::machine;
use tminus_e2e::person::Person;
use tminus_e2e::runtime::repo_root;
use tminus_e2e::world::World;

/// After this many rounds that went wrong the rest would show nothing new.
const ENOUGH: usize = 3;

/// Edits calendars under load, kills the whole runtime at a random moment, starts it again on its state, and looks
/// whether every mirror comes right by itself.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask chaos")]
struct Options {
    /// How often everything is killed.
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// What is edited and when is killed; any by default, and told.
    #[arg(long)]
    seed: Option<u64>,
    /// Nothing but the one JSON line on stdout, which is the default too.
    #[arg(long)]
    json: bool,
}

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    let seed = options.seed.unwrap_or_else(any_seed);
    let state = Scratch(std::env::temp_dir().join(format!("tminus-chaos-{}", std::process::id())));
    let log = repo_root().join("target/chaos/workers.log");
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let _ = std::fs::remove_file(&log);
    eprintln!("    seed {seed}; starting workerd and the fake Google, linking three accounts ..");
    let mut world = World::start(log, Some(state.0.clone()))?;
    let person = Person::ready(&world, "chaos", 3)?;
    let mut chaos = Chaos::new(&world, seed);
    let mut rounds: Vec<Round> = Vec::new();
    for n in 1..=options.rounds {
        let round = chaos.round(&mut world, &person)?;
        let Round { edits, told_again, killed_at_ms, toll, converge_s } = &round;
        eprintln!(
            "    round {n} of {}: {edits} edits, killed at {killed_at_ms} ms, {told_again} calendars told again, \
             all right after {converge_s:.1} s{}",
            options.rounds,
            if toll.is_nothing() { String::new() } else { format!(": NO, {toll:?}") },
        );
        rounds.push(round);
        if rounds.iter().filter(|round| !round.toll.is_nothing()).count() >= ENOUGH {
            break;
        }
    }
    // What is under way when all is as it should be must not spoil it.
    if let Err(error) = person.wait_settled(LIMIT).and_then(|()| world.quiet(Duration::from_secs(3), LIMIT)) {
        eprintln!("    not at rest: {error:#}");
    }
    let at_rest = toll(&world, &person)?;
    println!("{}", report(seed, &rounds, at_rest));
    let good = at_rest.is_nothing() && rounds.iter().all(|round| round.toll.is_nothing());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The sums of all rounds and of the rest; an event that stays lost counts in each.
fn report(seed: u64, rounds: &[Round], at_rest: Toll) -> Value {
    let sum = |part: fn(&Toll) -> usize| {
        rounds.iter().map(|round| part(&round.toll)).sum::<usize>() + part(&at_rest)
    };
    let times: Vec<f64> = rounds.iter().map(|round| round.converge_s).collect();
    json!({
        "rounds": rounds.len(),
        "edits": rounds.iter().map(|round| round.edits).sum::<usize>(),
        "lost": sum(|toll| toll.lost),
        "duplicated": sum(|toll| toll.duplicated),
        "orphaned": sum(|toll| toll.orphaned),
        "max_converge_s": rounded(percentile(&times, 1.0)),
        "p50_converge_s": rounded(percentile(&times, 0.5)),
        "limit_s": LIMIT.as_secs(),
        "told_again": rounds.iter().map(|round| round.told_again).sum::<usize>(),
        "seed": seed,
        "machine": machine(),
    })
}

fn any_seed() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() % 1_000_000
}

/// The state's folder, removed at the end.
struct Scratch(PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
