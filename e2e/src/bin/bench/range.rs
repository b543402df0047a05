//! How fast a large store answers what takes place in a month, and when its owner is free.

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tminus_e2e::figures::percentile;

use crate::probe::{Graph, Probe};
use crate::{Figures, Options, number, spread};

/// Events of three accounts, over two years.
pub(crate) const EVENTS: u32 = 100_000;
const ACCOUNTS: u32 = 3;
const SERIES: u32 = 500;
const BATCH: u32 = 500;
/// One question is answered within the client's patience.
const ASKED_AT_ONCE: u32 = 5_000;
const MONTH: u32 = 31;
/// Months that are looked at, spread over the two years.
const MONTHS: u32 = 20;
/// How often each page is read.
const TIMES: u32 = 10;
/// Pages of a month that are read.
const PAGES: u32 = 5;
const LIMITS: [(u32, &str); 3] = [(50, "pages_of_50"), (100, "pages_of_100"), (500, "pages_of_500")];

/// What the probe measured of one page, or of one answer.
#[derive(Debug, Deserialize)]
struct Read {
    ms: f64,
    first_ms: f64,
    items: u32,
    bytes: f64,
}

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let probe = Probe::start("range", options)?;
    let (graph, _) = probe.graph("range".to_owned())?;
    fill(&graph)?;
    let mut all = Figures::new();
    // Nothing is remembered of the first month.
    let cold: Vec<Read> = ask(
        &graph,
        json!({"ask": "range", "day": 360, "days": MONTH, "limit": 100, "pages": 1, "times": 1}),
    )?;
    all.insert("cold_ms", number(cold[0].first_ms));
    for (limit, name) in LIMITS {
        eprintln!("    pages of {limit} ..");
        let mut pages: Vec<Read> = Vec::new();
        for day in days() {
            let question = json!({
                "ask": "range", "day": day, "days": MONTH, "limit": limit, "pages": PAGES, "times": TIMES,
            });
            pages.extend(ask::<Vec<Read>>(&graph, question)?);
        }
        ensure!(pages.iter().all(|page| page.items == limit), "a page is not full");
        let case = case(&pages);
        if limit == 100 {
            all.insert("p50_ms", case["p50_ms"].clone());
        }
        all.insert(name, Value::Object(case));
    }
    eprintln!("    free and busy ..");
    let mut answers: Vec<Read> = Vec::new();
    for day in days() {
        answers.push(ask(&graph, json!({"ask": "free_busy", "day": day, "days": MONTH, "times": TIMES}))?);
    }
    let case = case(&answers);
    all.insert("free_busy_ms", case["p50_ms"].clone());
    all.insert("free_busy", Value::Object(case));
    all.insert("timed", json!("decode, statements, answer as text, inside the object"));
    Ok(all)
}

fn days() -> impl Iterator<Item = u32> {
    (0..MONTHS).map(|nth| 5 + nth * 34)
}

fn ask<T: for<'de> Deserialize<'de>>(graph: &Graph<'_>, question: Value) -> Result<T> {
    Ok(serde_json::from_value(graph.ask(&question)?)?)
}

fn case(reads: &[Read]) -> Map<String, Value> {
    let ms: Vec<f64> = reads.iter().map(|read| read.ms).collect();
    let bytes: Vec<f64> = reads.iter().map(|read| read.bytes).collect();
    let items: Vec<f64> = reads.iter().map(|read| f64::from(read.items)).collect();
    let first: Vec<f64> = reads.iter().map(|read| read.first_ms).collect();
    let mut case = Map::new();
    case.insert("p50_ms".to_owned(), number(percentile(&ms, 0.5)));
    case.insert("p95_ms".to_owned(), number(percentile(&ms, 0.95)));
    case.insert("ms".to_owned(), spread(&ms));
    case.insert("first_ms".to_owned(), spread(&first));
    case.insert("items".to_owned(), spread(&items));
    case.insert("bytes".to_owned(), spread(&bytes));
    case
}

/// A third of the events and of the series in each account.
pub(crate) fn fill(graph: &Graph<'_>) -> Result<()> {
    for account in 0..ACCOUNTS {
        let share = |all: u32| {
            all / ACCOUNTS * account..if account + 1 == ACCOUNTS {
                all
            } else {
                all / ACCOUNTS * (account + 1)
            }
        };
        eprintln!("    filling account {account} ..");
        for (step, events) in [("new", share(EVENTS)), ("series", share(SERIES))] {
            let mut start = events.start;
            while start < events.end {
                let end = events.end.min(start + ASKED_AT_ONCE);
                let made = graph.ask(&json!({
                    "ask": "apply", "step": step, "account": account, "first": start, "count": end - start, "batch": BATCH,
                }))?;
                ensure!(made["tally"]["created"] == end - start, "not all are created: {}", made["tally"]);
                start = end;
            }
        }
    }
    Ok(())
}
