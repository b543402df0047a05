//! Whether a full store takes new events as fast as an empty one.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use crate::probe::{Graph, Measured, Probe};
use crate::{Figures, Options, spread};

const MARKS: [(u32, &str, &str); 3] = [
    (1_000, "new_per_s_at_1000", "read_per_new_at_1000"),
    (10_000, "new_per_s_at_10000", "read_per_new_at_10000"),
    (100_000, "new_per_s_at_100000", "read_per_new_at_100000"),
];
/// What is measured ahead of a mark, in pieces of so many events.
const WINDOW: u32 = 5_000;
const PIECE: u32 = 1_000;
const BATCHES: [u32; 2] = [500, 100];
/// One question is answered within the client's patience.
const ASKED_AT_ONCE: u32 = 5_000;
const WARM_UP: u32 = 2_000;
/// The first mark has few events ahead of it: it is passed by so many objects.
const OBJECTS: u32 = 5;

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let probe = Probe::start("growth", options)?;
    let mut all = Figures::new();
    for (batch, name) in BATCHES.into_iter().zip(["batches_of_500", "batches_of_100"]) {
        let mut case = Map::new();
        grow(&probe, batch, &mut case, options.profile)?;
        if batch == BATCHES[0] {
            for (_, rate, read) in MARKS {
                all.insert(rate, case[rate]["median"].clone());
                all.insert(read, case[read].clone());
            }
            all.insert("kept_at_100000", case["kept_at_100000"]["median"].clone());
        }
        all.insert(name, Value::Object(case));
    }
    all.insert("corpus", probe.corpus(MARKS[2].0)?);
    all.insert("timed", json!(crate::probe::TIMED));
    Ok(all)
}

fn grow(probe: &Probe, batch: u32, case: &mut Map<String, Value>, profile: bool) -> Result<()> {
    let (warm, _) = probe.graph(format!("growth-{batch}-warm"))?;
    fill(&warm, 0..WARM_UP, batch, WARM_UP)?;
    let mut objects = 0;
    let mut fresh = || -> Result<f64> {
        objects += 1;
        let (graph, _) = probe.graph(format!("growth-{batch}-fresh-{objects}"))?;
        rate(&fill(&graph, 0..PIECE, batch, PIECE)?)
    };
    let (graph, _) = probe.graph(format!("growth-{batch}"))?;
    let mut at = 0;
    for (mark, name, read) in MARKS {
        eprintln!("    {mark} events, {batch} a command ..");
        let from = at.max(mark.saturating_sub(WINDOW));
        fill(&graph, at..from, batch, ASKED_AT_ONCE)?;
        let (mut rates, mut kept) = (Vec::new(), Vec::new());
        for start in (from..mark).step_by(PIECE as usize) {
            rates.push(rate(&fill(&graph, start..start + PIECE, batch, PIECE)?)?);
            // In turns, so that what else the machine does slows both.
            let small = fresh()?;
            kept.extend(rates.last().map(|rate| rate / small));
            if mark == MARKS[0].0 {
                rates.push(small);
                rates.extend((1..OBJECTS).map(|_| fresh()).collect::<Result<Vec<_>>>()?);
            }
        }
        case.insert(name.to_owned(), spread(&rates));
        if mark == MARKS[2].0 {
            case.insert("kept_at_100000".to_owned(), spread(&kept));
        }
        // Beside what is timed: counting takes time.
        let watch = if profile { "statements" } else { "rows" };
        let counted = graph.apply("new", mark..mark + batch, batch, Some(watch))?;
        if profile {
            crate::ingest::show(name, &counted);
        }
        case.insert(read.to_owned(), crate::number(counted.sql.read as f64 / f64::from(batch)));
        at = mark + batch;
    }
    Ok(())
}

/// New events a second.
fn rate(pieces: &[Measured]) -> Result<f64> {
    let [piece] = pieces else { bail!("{} pieces instead of one", pieces.len()) };
    Ok(f64::from(PIECE) / piece.ms * 1000.0)
}

/// Applies new events in questions of so many.
fn fill(graph: &Graph<'_>, events: std::ops::Range<u32>, batch: u32, at_once: u32) -> Result<Vec<Measured>> {
    let mut all = Vec::new();
    let mut start = events.start;
    while start < events.end {
        let end = events.end.min(start + at_once);
        let measured = graph.apply("new", start..end, batch, None)?;
        ensure!(measured.tally["created"] == end - start, "not all are created: {}", measured.tally);
        all.push(measured);
        start = end;
    }
    Ok(all)
}
