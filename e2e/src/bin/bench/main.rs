//! `cargo xtask bench NAME`: figures taken on the real runtime, with the settings that are deployed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a developer tool, never deployed"
)]

mod calls;
mod profile;
mod propagation;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use tminus_e2e::federation::overlay;
use tminus_e2e::machine::machine;
use tminus_e2e::person::Person;
use tminus_e2e::runtime::repo_root;
use tminus_e2e::world::World;

/// Figures by name.
type Figures = BTreeMap<&'static str, f64>;

/// Which benchmark.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// From the push to both written mirrors, of isolated changes.
    Propagation,
    /// Google calls a change.
    Calls,
}

/// Takes figures on the real runtime.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Options {
    /// Which benchmark.
    name: Name,
    /// Nothing but the one JSON line on stdout, which is the default too.
    #[arg(long)]
    json: bool,
    /// How many changes `propagation` measures.
    #[arg(long, default_value_t = 300)]
    changes: usize,
    /// Also show, on stderr, where the time goes.
    #[arg(long)]
    profile: bool,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (figures, name) = match options.name {
        Name::Propagation => (propagation::run(options.changes, options.profile)?, "propagation"),
        Name::Calls => (calls::run()?, "calls"),
    };
    let figures: BTreeMap<_, Value> =
        figures.into_iter().map(|(name, figure)| (name, number(figure))).collect();
    println!("{}", json!({"bench": name, "machine": machine(), "figures": figures}));
    Ok(())
}

/// A whole number without its point.
#[expect(clippy::cast_possible_truncation, reason = "figures are small")]
fn number(figure: f64) -> Value {
    if figure.fract() == 0.0 { json!(figure as i64) } else { json!(tminus_e2e::figures::rounded(figure)) }
}

/// Three accounts of one person, linked, synced, watched and quiet; echo pushes off.
struct Bench {
    world: World,
    person: Person,
    overlays: Vec<String>,
}

impl Bench {
    fn start(name: &str) -> Result<Self> {
        let log = repo_root().join(format!("target/bench/{name}.log"));
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let _ = std::fs::remove_file(&log);
        eprintln!("    starting workerd and the fake Google, linking three accounts ..");
        let world = World::start(log, None)?;
        world.google.with(|google| google.settings.echo_pushes = false);
        let person = Person::ready(&world, "bench", 3)?;
        let overlays = person.accounts.iter().map(|account| overlay(&world, &account.email));
        let overlays = overlays.collect::<Result<_>>()?;
        world.quiet(Duration::from_millis(500), Duration::from_secs(30))?;
        Ok(Self { world, person, overlays })
    }

    /// The overlay calendars of the accounts other than the n-th.
    fn targets(&self, n: usize) -> Vec<String> {
        let others = self.overlays.iter().enumerate().filter(|(other, _)| *other != n);
        others.map(|(_, calendar)| calendar.clone()).collect()
    }
}
