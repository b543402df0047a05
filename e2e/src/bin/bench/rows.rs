//! What an event costs in rows, which are billed, and in bytes.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::probe::{Graph, Measured, Probe};
use crate::{Figures, Options, number};

const EVENTS: u32 = 1_000;
/// Pages are 4096 bytes: enough events that the last page of each table does not matter.
const STORED: u32 = 5_000;
const BATCH: u32 = 500;
const SMALL_BATCH: u32 = 100;

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let probe = Probe::start("rows", options)?;
    let watch = Some(if options.profile { "statements" } else { "rows" });
    let mut all = Figures::new();
    let (graph, empty) = probe.graph("rows".to_owned())?;
    let mut count = |name: (&'static str, &'static str), measured: &Measured| {
        if options.profile {
            crate::ingest::show(name.0, measured);
        }
        all.insert(name.0, per_event(measured.sql.written));
        all.insert(name.1, per_event(measured.sql.read));
    };
    let new = step(&graph, "new", "created", BATCH, watch)?;
    count(("written_per_new", "read_per_new"), &new);
    let again = step(&graph, "new", "unchanged", BATCH, watch)?;
    count(("written_per_unchanged", "read_per_unchanged"), &again);
    let settled = graph.settle(u32::MAX, watch)?;
    ensure!(settled.settled == 2 * EVENTS, "{} mirrors are settled", settled.settled);
    count(("written_per_settled", "read_per_settled"), &settled);
    let refetched = step(&graph, "refetched", "unchanged", BATCH, watch)?;
    count(("written_per_refetched", "read_per_refetched"), &refetched);
    let retitled = step(&graph, "retitled", "updated", BATCH, watch)?;
    count(("written_per_retitled", "read_per_retitled"), &retitled);
    let moved = step(&graph, "moved", "updated", BATCH, watch)?;
    count(("written_per_moved", "read_per_moved"), &moved);
    graph.settle(u32::MAX, None)?;
    let deleted = step(&graph, "deleted", "deleted", BATCH, watch)?;
    count(("written_per_deleted", "read_per_deleted"), &deleted);
    let (small, _) = probe.graph("rows-small".to_owned())?;
    let new = step(&small, "new", "created", SMALL_BATCH, watch)?;
    count(("written_per_new_by_100", "read_per_new_by_100"), &new);
    bytes(&probe, empty.size, &mut all)?;
    all.insert("corpus", probe.corpus(STORED)?);
    Ok(all)
}

/// How large an event is with two mirrors, before and after these are written.
fn bytes(probe: &Probe, empty: u64, all: &mut Figures) -> Result<()> {
    let (graph, _) = probe.graph("bytes".to_owned())?;
    let applied = graph.apply("new", 0..STORED, BATCH, None)?;
    let mut settled = graph.settle(1_000, None)?;
    let mut mirrors = settled.settled;
    while mirrors < 2 * STORED {
        settled = graph.settle(1_000, None)?;
        ensure!(settled.settled > 0, "only {mirrors} mirrors are settled");
        mirrors += settled.settled;
    }
    let per_event = |size: u64| number((size - empty) as f64 / f64::from(STORED));
    all.insert("bytes_per_event", per_event(settled.size));
    all.insert("bytes_per_event_before_settling", per_event(applied.size));
    all.insert("bytes_of_empty", json!(empty));
    Ok(())
}

fn step(graph: &Graph<'_>, step: &str, does: &str, batch: u32, watch: Option<&str>) -> Result<Measured> {
    let measured = graph.apply(step, 0..EVENTS, batch, watch)?;
    ensure!(measured.tally[does] == EVENTS, "{step}: not all are {does}: {}", measured.tally);
    Ok(measured)
}

fn per_event(rows: u64) -> serde_json::Value {
    number(rows as f64 / f64::from(EVENTS))
}
