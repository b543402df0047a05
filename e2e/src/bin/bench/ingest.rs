//! How many events a second UserGraphDO takes: new ones, the same again, with another title, at another time, deleted.

use anyhow::{Result, ensure};
use serde_json::{Map, Value, json};

use crate::probe::{Graph, Measured, Probe};
use crate::{Figures, Options, number, spread};

const EVENTS: u32 = 1_000;
/// What a command holds: much, and what fits a message.
const BATCHES: [u32; 2] = [500, 100];
const ROUNDS: usize = 9;
/// Code is slow until it has run for a while.
const WARM_UP: usize = 3;

/// A step, its figure, what it does to each event, and whether its writers are to be nudged.
const STEPS: [(&str, &str, &str, bool); 6] = [
    ("new", "new_per_s", "created", true),
    ("new", "unchanged_per_s", "unchanged", false),
    ("refetched", "refetched_per_s", "unchanged", false),
    ("retitled", "retitle_per_s", "updated", false),
    ("moved", "move_per_s", "updated", true),
    ("deleted", "delete_per_s", "deleted", true),
];

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let probe = Probe::start("ingest", options)?;
    let mut all = Figures::new();
    for batch in BATCHES {
        let case = measure(&probe, batch, options.profile)?;
        if batch == BATCHES[0] {
            all.extend(STEPS.iter().map(|(_, name, ..)| (*name, case[*name]["median"].clone())));
            all.insert("retitle_nudges", case["retitle_per_s"]["nudges"].clone());
        }
        all.insert(if batch == BATCHES[0] { "batches_of_500" } else { "batches_of_100" }, case);
    }
    all.insert("corpus", probe.corpus(EVENTS)?);
    all.insert("timed", json!(crate::probe::TIMED));
    Ok(all)
}

fn measure(probe: &Probe, batch: u32, profile: bool) -> Result<Value> {
    let mut rounds: Vec<Vec<Measured>> = Vec::new();
    for round in 0..WARM_UP + ROUNDS {
        let (graph, _) = probe.graph(format!("ingest-{batch}-{round}"))?;
        let steps = one(&graph, batch, None)?;
        if round >= WARM_UP {
            rounds.push(steps);
        }
    }
    let mut figures = Map::new();
    for (place, (_, name, ..)) in STEPS.iter().enumerate() {
        let of = |figure: &dyn Fn(&Measured) -> f64| -> Vec<f64> {
            rounds.iter().map(|steps| figure(&steps[place])).collect()
        };
        let mut case = spread(&of(&|step| f64::from(EVENTS) / step.ms * 1000.0));
        case["ms"] = spread(&of(&|step| step.ms))["median"].clone();
        case["commit_ms"] = spread(&of(&|step| step.commit_ms))["median"].clone();
        case["awaited_ms"] = spread(&of(&|step| step.awaited_ms))["median"].clone();
        case["client_ms"] = spread(&of(&|step| step.wall_ms))["median"].clone();
        case["nudges"] = number(of(&|step| f64::from(step.nudges)).into_iter().fold(0.0, f64::max));
        figures.insert((*name).to_owned(), case);
    }
    if profile {
        let (graph, _) = probe.graph(format!("ingest-{batch}-profile"))?;
        for ((_, name, ..), step) in STEPS.iter().zip(one(&graph, batch, Some("statements"))?) {
            show(name, &step);
        }
    }
    Ok(Value::Object(figures))
}

/// All steps on a fresh object. What is edited was written before: its mirrors are at rest.
fn one(graph: &Graph<'_>, batch: u32, watch: Option<&str>) -> Result<Vec<Measured>> {
    let mut all = Vec::new();
    for (step, name, does, nudged) in STEPS {
        let measured = graph.apply(step, 0..EVENTS, batch, watch)?;
        ensure!(measured.tally[does] == EVENTS, "{name}: not all are {does}: {}", measured.tally);
        ensure!(nudged == (measured.nudges > 0), "{name}: {} nudges", measured.nudges);
        let settled = graph.settle(u32::MAX, None)?.settled;
        ensure!(settled == if nudged { 2 * EVENTS } else { 0 }, "{name}: {settled} mirrors were written");
        all.push(measured);
    }
    Ok(all)
}

/// Shows where the time went, on stderr.
pub(crate) fn show(name: &str, step: &Measured) {
    let rest = step.ms - step.commit_ms - step.awaited_ms - step.sql.ms;
    eprintln!(
        "    {name}: {:.1} ms; {} statements {:.1}, commit {:.1}, nudges and alarms {:.1}, the rest {rest:.1}",
        step.ms, step.sql.runs, step.sql.ms, step.commit_ms, step.awaited_ms
    );
    let mut statements: Vec<_> = step.by_name.iter().collect();
    statements.sort_by(|a, b| b.1.ms.total_cmp(&a.1.ms));
    for (name, cost) in statements {
        eprintln!(
            "        {name:<24} {:>6} x {:>8.1} ms, {:>6} read, {:>6} written",
            cost.runs, cost.ms, cost.read, cost.written
        );
    }
}
