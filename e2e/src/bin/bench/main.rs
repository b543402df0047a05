//! `cargo xtask bench NAME`: figures taken on the real runtime, with the settings that are deployed.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    reason = "a developer tool, never deployed"
)]

mod calls;
mod coalesce;
mod explain;
mod firstsync;
mod growth;
mod ingest;
mod live_during_firstsync;
mod many;
mod poison;
mod probe;
mod profile;
mod propagation;
mod range;
mod rows;
mod series;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde_json::{Value, json};
use tminus_e2e::federation::overlay;
use tminus_e2e::figures::{mean, percentile};
use tminus_e2e::machine::machine;
use tminus_e2e::person::Person;
use tminus_e2e::runtime::repo_root;
use tminus_e2e::world::World;

/// Figures by name; those of a case are an object.
type Figures = BTreeMap<&'static str, Value>;

/// Which benchmark.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Name {
    /// From the push to both written mirrors, of isolated changes.
    Propagation,
    /// Google calls a change.
    Calls,
    /// Fetches and messages of a thousand pushes at once.
    Coalesce,
    /// An account with a thousand events, linked to two others.
    Firstsync,
    /// Changes while another calendar of the account is fetched for the first time.
    #[value(name = "live_during_firstsync")]
    LiveDuringFirstsync,
    /// How long a bad message holds up the good ones behind it.
    Poison,
    /// Events a second into the canonical store by itself.
    Ingest,
    /// The same while it grows to a hundred thousand.
    Growth,
    /// Rows and bytes of an event.
    Rows,
    /// Why, what was, and what would be, in a store of a hundred thousand events.
    Explain,
    /// A month of a hundred thousand events, and when it leaves its owner free.
    Range,
    /// Google writes of a weekly series, made, moved and deleted.
    Series,
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
    /// The only case of a benchmark to be run; all by default.
    #[arg(long)]
    case: Option<String>,
    /// Also show, on stderr, where the time goes.
    #[arg(long)]
    profile: bool,
    /// Keep the objects' state here instead of in the temporary folder. A command to an object is answered when its
    /// change is on the disk, so the disk is a large part of the time; a folder in memory leaves it out.
    #[arg(long)]
    state: Option<PathBuf>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let (figures, name) = match options.name {
        Name::Propagation => (propagation::run(&options)?, "propagation"),
        Name::Calls => (calls::run(&options)?, "calls"),
        Name::Coalesce => (coalesce::run(&options)?, "coalesce"),
        Name::Firstsync => (firstsync::run(&options)?, "firstsync"),
        Name::LiveDuringFirstsync => (live_during_firstsync::run(&options)?, "live_during_firstsync"),
        Name::Poison => (poison::run(&options)?, "poison"),
        Name::Ingest => (ingest::run(&options)?, "ingest"),
        Name::Growth => (growth::run(&options)?, "growth"),
        Name::Explain => (explain::run(&options)?, "explain"),
        Name::Range => (range::run(&options)?, "range"),
        Name::Rows => (rows::run(&options)?, "rows"),
        Name::Series => (series::run(&options)?, "series"),
    };
    println!("{}", json!({"bench": name, "machine": machine(), "figures": figures}));
    Ok(())
}

/// Figures from numbers.
fn figures<const N: usize>(all: [(&'static str, f64); N]) -> Figures {
    all.into_iter().map(|(name, figure)| (name, number(figure))).collect()
}

/// A whole number without its point.
#[expect(clippy::cast_possible_truncation, reason = "figures are small")]
fn number(figure: f64) -> Value {
    if !figure.is_finite() {
        Value::Null
    } else if figure.fract() == 0.0 {
        json!(figure as i64)
    } else {
        json!(tminus_e2e::figures::rounded(figure))
    }
}

/// The median of some figures with the least and the greatest.
fn spread(all: &[f64]) -> Value {
    let of = |share| number(percentile(all, share));
    json!({"median": of(0.5), "min": of(0.0), "max": of(1.0)})
}

/// A quota that nothing comes near: what is measured is not how T-Minus spares Google.
const UNPACED: u32 = 1_000_000;

/// Accounts of one person, linked, synced, watched and quiet; echo pushes off.
struct Bench {
    world: World,
    person: Person,
    overlays: Vec<String>,
    /// Dropped last, when nobody uses it any more.
    _state: Option<Scratch>,
}

/// A folder that is ours to remove.
struct Scratch(PathBuf);

impl Scratch {
    /// One of this process in a folder.
    fn within(folder: &Path) -> Self {
        Self(folder.join(format!("tminus-bench-{}", std::process::id())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Bench {
    /// Three accounts.
    fn start(name: &str, options: &Options) -> Result<Self> {
        Self::linked(name, options, 3, UNPACED)
    }

    /// The same with another number of accounts, and writes paced by a quota of so many calls a minute.
    fn linked(name: &str, options: &Options, accounts: usize, quota: u32) -> Result<Self> {
        let log = repo_root().join(format!("target/bench/{name}.log"));
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let _ = std::fs::remove_file(&log);
        let state = options.state.as_deref().map(Scratch::within);
        eprintln!("    starting workerd and the fake Google, linking {accounts} accounts ..");
        let env = vec![("GOOGLE_QUOTA_PER_MINUTE".to_owned(), quota.to_string())];
        let world = World::start_with(log, state.as_ref().map(|folder| folder.0.clone()), env)?;
        world.google.with(|google| google.settings.echo_pushes = false);
        let person = Person::ready(&world, "bench", accounts)?;
        let overlays = person.accounts.iter().map(|account| overlay(&world, &account.email));
        let overlays = overlays.collect::<Result<_>>()?;
        world.quiet(Duration::from_millis(500), Duration::from_secs(30))?;
        Ok(Self { world, person, overlays, _state: state })
    }

    /// The mean time that the disk takes to keep a page, where the objects' state is.
    fn sync_ms(&self) -> Result<f64> {
        let path = self.world.runtime.ready.persist.join("sync-probe");
        let mut file = std::fs::File::create(&path)?;
        let mut all = Vec::new();
        for _ in 0..100 {
            // Not in a row: a disk that is kept busy answers sooner than one that is asked now and then.
            std::thread::sleep(Duration::from_millis(5));
            file.write_all(&[0; 4096])?;
            let started = Instant::now();
            file.sync_data()?;
            all.push(started.elapsed().as_secs_f64() * 1000.0);
        }
        std::fs::remove_file(path)?;
        Ok(mean(&all))
    }

    /// The overlay calendars of the accounts other than the n-th.
    fn targets(&self, n: usize) -> Vec<String> {
        let others = self.overlays.iter().enumerate().filter(|(other, _)| *other != n);
        others.map(|(_, calendar)| calendar.clone()).collect()
    }
}
