//! How fast a large store answers why an event is or is not mirrored, why a time is or is not blocked, whether every event
//! is accounted for, what an event was, and what a change of the policy would do.

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use tminus_e2e::figures::percentile;

use crate::probe::{Graph, Probe};
use crate::{Figures, Options, number, range, spread};

/// Events that are explained, and times.
const ASKED: i64 = 20;
/// How often each is asked: the platform's clock shows whole milliseconds.
const TIMES: u32 = 10;
/// Entries of the journal of one event.
const ENTRIES: u32 = 1_000;
/// 2026-01-01, when the corpus begins.
const FIRST_DAY_MS: i64 = 1_767_225_600_000;
const DAY_MS: i64 = 86_400_000;
const OWN_EVENT: &str = "evt_01KE4A2B3C4D5E6F7G8H9JKMNP";

/// What the probe measured of one command.
#[derive(Debug, Deserialize)]
struct Read {
    ms: f64,
    first_ms: f64,
}

pub(crate) fn run(options: &Options) -> Result<Figures> {
    let probe = Probe::start("explain", options)?;
    let (graph, _) = probe.graph("explain".to_owned())?;
    range::fill(&graph)?;
    let mut all = Figures::new();
    let (mut events, mut slots) = (Vec::new(), Vec::new());
    for nth in 0..ASKED {
        let at = FIRST_DAY_MS + (10 + nth * 35) * DAY_MS + 12 * 3_600_000;
        let range = json!({"from": at, "to": at + DAY_MS, "limit": 1, "after": null, "filter": {}});
        let (_, page) = ask(&graph, "list_events", &range, 0)?;
        let event = &page["events"][0]["event"];
        let (read, why) = ask(&graph, "explain_event", &json!({"event": event}), TIMES)?;
        events.push(read.ms);
        let calendar = &why["edges"][0]["calendar"];
        ensure!(calendar.is_string(), "an event without an edge: {why}");
        let (read, slot) = ask(&graph, "explain_slot", &json!({"calendar": calendar, "at": at}), TIMES)?;
        ensure!(slot["events"].is_array(), "{slot}");
        slots.push(read.ms);
    }
    all.insert("event_ms", number(percentile(&events, 0.5)));
    all.insert("event", spread(&events));
    all.insert("slot_ms", number(percentile(&slots, 0.5)));
    all.insert("slot", spread(&slots));
    eprintln!("    conservation ..");
    let (read, report) = ask(&graph, "get_conservation", &json!({}), TIMES)?;
    ensure!(report["balanced"] == true, "{report}");
    all.insert("conservation_ms", number(read.ms));
    all.insert("conservation_first_ms", number(read.first_ms));
    all.insert("pairs", report["expected"].clone());
    preview(&graph, &mut all)?;
    as_of(&graph, &mut all)?;
    all.insert("timed", json!("decode, statements, answer as text, inside the object"));
    Ok(all)
}

/// Every event of one account shown with its title in another, step by step.
fn preview(graph: &Graph<'_>, all: &mut Figures) -> Result<()> {
    eprintln!("    preview ..");
    let (_, policy) = ask(graph, "get_policy", &json!({}), 0)?;
    let edges = policy["edges"].as_array().cloned().unwrap_or_default();
    let own = |edge: &&Value| edge["from"] != "acc_00000000000000000000000000";
    let mut edge = edges.iter().find(own).cloned().unwrap_or_default();
    edge["detail"] = json!("TITLE");
    let mut so_far = Value::Null;
    let mut steps = Vec::new();
    loop {
        let question = json!({"change": {"put_edge": {"edge": edge}}, "so_far": so_far});
        let (read, preview) = ask(graph, "preview_policy", &question, 0)?;
        steps.push(read.first_ms);
        let is_done = preview["next"].is_null();
        so_far = preview;
        if is_done {
            break;
        }
    }
    ensure!(so_far["done"] == so_far["of"], "{so_far}");
    all.insert("preview_ms", number(steps.iter().sum()));
    all.insert("preview_step", spread(&steps));
    let mirrors =
        ["created", "changed", "deleted"].iter().filter_map(|kind| so_far[*kind].as_u64()).sum::<u64>();
    ensure!(mirrors > 0, "nothing would change: {so_far}");
    all.insert("preview_mirrors", json!(mirrors));
    Ok(())
}

/// What an event was before a thousand changes.
fn as_of(graph: &Graph<'_>, all: &mut Figures) -> Result<()> {
    eprintln!("    as of ..");
    let when = json!({"timed": {"start": FIRST_DAY_MS, "end": FIRST_DAY_MS + 3_600_000}});
    let create = json!({"event": OWN_EVENT, "by": "ui", "content": {"title": "0", "when": when}});
    ask(graph, "create_own_event", &create, 0)?;
    for nth in 1..ENTRIES {
        let change = json!({"event": OWN_EVENT, "by": "ui", "patch": {"title": nth.to_string()}});
        ask(graph, "change_own_event", &change, 0)?;
    }
    let at = created(graph)?;
    let (read, was) = ask(graph, "get_as_of", &json!({"event": OWN_EVENT, "at": at}), TIMES)?;
    // Those of the same millisecond are in it.
    let title = was["known"]["content"]["title"].as_str().and_then(|title| title.parse::<u32>().ok());
    ensure!(title.is_some_and(|title| title < ENTRIES / 10), "{was}");
    all.insert("as_of_ms", number(read.ms));
    all.insert("as_of_entries", json!(ENTRIES));
    Ok(())
}

/// When the event was created.
fn created(graph: &Graph<'_>) -> Result<i64> {
    let (_, was) = ask(graph, "get_as_of", &json!({"event": OWN_EVENT, "at": 0}), 0)?;
    let since = was.pointer("/not_yet/since").or_else(|| was.get("since")).and_then(Value::as_i64);
    since.ok_or_else(|| anyhow::anyhow!("{was}"))
}

/// Sends a command once, and so many times more; what was measured, and the answer.
fn ask(graph: &Graph<'_>, name: &str, body: &Value, times: u32) -> Result<(Read, Value)> {
    let question = json!({"ask": "command", "name": name, "body": body.to_string(), "times": times});
    let (read, answer): (Read, String) = serde_json::from_value(graph.ask(&question)?)?;
    let answer: Value = serde_json::from_str(&answer)?;
    ensure!(answer.get("Ok").is_some(), "{name}: {answer}");
    Ok((read, answer["Ok"].clone()))
}
