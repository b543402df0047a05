//! The graph probe: UserGraphDO by itself on the real runtime, asked over HTTP.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use tminus_e2e::http::Http;
use tminus_e2e::runtime::{Runtime, RuntimeOptions, repo_root};

use crate::{Options, Scratch};

const CONFIG: &str = "e2e/graph_probe/wrangler.toml";
/// Nobody is there: the probe calls no provider.
const NO_GOOGLE: &str = "http://127.0.0.1:9";
/// What is in the figures, and not: the way of a command to the object.
pub(crate) const TIMED: &str =
    "decode, transaction, alarm, nudges (which wait for the commit), commit to disk, of each command";
/// Each question has a connection of its own: one that stood idle while another was answered may be closed by then.
const ALONE: [(&str, &str); 1] = [("connection", "close")];

/// What the probe measured of some commands.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Measured {
    /// From handing over the first command to the commit of the last, without what lies between two commands.
    pub(crate) ms: f64,
    /// The part of it that commits waited for the disk.
    pub(crate) commit_ms: f64,
    /// The part of it that nudges and alarms took.
    pub(crate) awaited_ms: f64,
    /// Queue messages.
    pub(crate) nudges: u32,
    /// The sum of what chunks came to.
    pub(crate) tally: Value,
    /// Mirrors settled.
    pub(crate) settled: u32,
    /// Rows, if they were counted.
    pub(crate) sql: Cost,
    /// The same by statement.
    pub(crate) by_name: std::collections::BTreeMap<String, Cost>,
    /// The database in bytes afterwards.
    pub(crate) size: u64,
    /// The client's own clock, with the making and the way of the commands.
    #[serde(skip)]
    pub(crate) wall_ms: f64,
}

/// What statements came to.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
pub(crate) struct Cost {
    pub(crate) runs: u32,
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) ms: f64,
}

/// The runtime with the probe.
pub(crate) struct Probe {
    http: Http,
    url: String,
    _runtime: Runtime,
    /// Dropped last.
    _state: Option<Scratch>,
}

/// One Durable Object of the probe.
pub(crate) struct Graph<'a> {
    probe: &'a Probe,
    name: String,
}

impl Probe {
    pub(crate) fn start(name: &str, options: &Options) -> Result<Self> {
        eprintln!("    starting workerd ..");
        let log = repo_root().join(format!("target/bench/{name}.log"));
        if let Some(folder) = log.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let _ = std::fs::remove_file(&log);
        let state = options.state.as_deref().map(Scratch::within);
        let persist: Option<PathBuf> = state.as_ref().map(|folder| folder.0.clone());
        let env = vec![("TMINUS_ALSO".to_owned(), CONFIG.to_owned())];
        let runtime = Runtime::start(&RuntimeOptions { google: NO_GOOGLE.to_owned(), persist, log, env })?;
        let http = Http::new()?;
        let ready: Value = http.get(&format!("{}/ready", runtime.ready.admin_url), &[])?.expect(200)?;
        let url = ready["urls"]["graph_probe"].as_str().context("the probe has no address")?.to_owned();
        Ok(Self { http, url, _runtime: runtime, _state: state })
    }

    /// A fresh object with three linked accounts.
    pub(crate) fn graph(&self, name: String) -> Result<(Graph<'_>, Measured)> {
        let graph = Graph { probe: self, name };
        let made = graph.measured(json!({"ask": "setup"}))?;
        Ok((graph, made))
    }

    /// The sizes of the first so many events.
    pub(crate) fn corpus(&self, events: u32) -> Result<Value> {
        Graph { probe: self, name: "corpus".to_owned() }.ask(&json!({"ask": "sizes", "events": events}))
    }
}

impl Graph<'_> {
    pub(crate) fn ask(&self, question: &Value) -> Result<Value> {
        let url = format!("{}/{}", self.probe.url, self.name);
        let reply = self.probe.http.post(&url, &ALONE, question)?;
        reply.expect(200).with_context(|| question.to_string())
    }

    fn measured(&self, question: Value) -> Result<Measured> {
        let started = Instant::now();
        let answer = self.ask(&question)?;
        let wall_ms = started.elapsed().as_secs_f64() * 1000.0;
        Ok(Measured { wall_ms, ..serde_json::from_value(answer)? })
    }

    /// Applies a step of the events with these numbers.
    pub(crate) fn apply(
        &self,
        step: &str,
        events: std::ops::Range<u32>,
        batch: u32,
        watch: Option<&str>,
    ) -> Result<Measured> {
        let count = events.end - events.start;
        self.measured(json!({
            "ask": "apply", "step": step, "first": events.start, "count": count, "batch": batch, "watch": watch,
        }))
    }

    /// Claims and settles mirrors until none is left, or `limit` are settled.
    pub(crate) fn settle(&self, limit: u32, watch: Option<&str>) -> Result<Measured> {
        self.measured(json!({"ask": "settle", "limit": limit, "watch": watch}))
    }
}
