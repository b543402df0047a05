//! What a panic takes with it: its own request, message, command or alarm, and nothing else.
//!
//! The product has no switch that makes it panic. `e2e/panic_probe` is a Worker of the same shells and the same build,
//! and runs beside it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::http::{Http, Reply};
use tminus_e2e::wait::{eventually, holds};

use crate::stage::{SOON, Stage};

const CONFIG: &str = "e2e/panic_probe/wrangler.toml";
/// What a panic may take to be answered: much less than a deadline.
const AT_ONCE: Duration = Duration::from_secs(2);

struct Probe {
    http: Http,
    url: String,
}

impl Probe {
    fn post(&self, path: &str, body: &str) -> Result<Reply> {
        self.http.send("POST", &format!("{}/{path}", self.url), &[], body.as_bytes().to_vec())
    }

    /// What the object was told, and how many commands its memory knows of.
    fn list(&self) -> Result<(Vec<String>, u64)> {
        let answer: Value = self.post("list", "")?.expect(200)?;
        let listed = answer.get("Ok").with_context(|| format!("no list: {answer}"))?;
        let told = serde_json::from_value(listed["told"].clone())?;
        Ok((told, listed["commands"].as_u64().unwrap_or_default()))
    }

    /// Has `act` done while a request and a command of the same isolate are in flight, both of which then finish.
    fn beside_neighbours(&self, name: &str, act: impl FnOnce() -> Result<()>) -> Result<()> {
        std::thread::scope(|scope| {
            let request = scope.spawn(|| self.post("slow_request", ""));
            let command = scope.spawn(|| self.post("slow", name));
            std::thread::sleep(Duration::from_millis(300));
            let started = Instant::now();
            act()?;
            ensure!(started.elapsed() < AT_ONCE, "{name}: answered after {:?}", started.elapsed());
            ensure!(!request.is_finished() && !command.is_finished(), "{name}: no neighbour was in flight");
            for neighbour in [request, command] {
                let reply = neighbour.join().ok().context("a neighbour's thread panicked")??;
                ensure!(reply.status == 200, "{name}: a neighbour ended with {}", reply.shown());
            }
            ensure!(self.list()?.0.iter().any(|told| told == name), "{name}: the command wrote nothing");
            Ok(())
        })
    }
}

pub(crate) fn isolated(stage: &Stage) -> Result<()> {
    let world = stage.apart("panics", vec![("TMINUS_ALSO".to_owned(), CONFIG.to_owned())])?;
    let ready: Value =
        stage.http().get(&format!("{}/ready", world.runtime.ready.admin_url), &[])?.expect(200)?;
    let url = ready["urls"]["panic_probe"].as_str().context("the probe has no address")?.to_owned();
    let probe = Probe { http: stage.http().clone(), url };
    probe.post("tell", "first")?.expect::<Value>(200)?;

    probe.beside_neighbours("beside a request", || {
        let status = probe.post("panic", "")?.status;
        ensure!(status == 500, "a request that panics is answered with {status}");
        Ok(())
    })?;
    probe.beside_neighbours("beside a transaction", || panics(&probe, "panic_in_transaction", "torn"))?;
    probe.beside_neighbours("beside a lock", || panics(&probe, "panic_under_lock", "whole"))?;
    probe.post("take_lock", "lock taken")?.expect::<Value>(200)?;

    let (told, commands) = probe.list()?;
    ensure!(!told.contains(&"torn".to_owned()), "a transaction that panicked was kept: {told:?}");
    for kept in ["first", "whole", "lock taken"] {
        ensure!(told.contains(&kept.to_owned()), "{kept} is gone: {told:?}");
    }
    // One instance all along: nothing was begun anew. 4 lists, 3 slow ones, 4 others.
    ensure!(commands == 11, "the object remembers {commands} commands");

    messages(&probe)?;
    probe.post("arm", "armed")?.expect::<Value>(200)?;
    eventually("the alarm came and panicked", SOON, || {
        let told = probe.list()?.0;
        holds(told.iter().any(|told| told == "alarm"), || format!("{told:?}"))
    })?;
    // Armed by hand it comes again.
    probe.post("arm", "armed again")?.expect::<Value>(200)?;
    eventually("the alarm comes again", SOON, || {
        let told = probe.list()?.0;
        holds(told.iter().filter(|told| *told == "alarm").count() == 2, || format!("{told:?}"))
    })
}

/// The command is answered at once, with an error.
fn panics(probe: &Probe, command: &str, what: &str) -> Result<()> {
    let answer: Value = probe.post(command, what)?.expect(200)?;
    ensure!(answer.get("Err").is_some(), "{command} panicked and was answered with {answer}");
    Ok(())
}

/// One batch: a message that panics between one that is through and one that is under way.
fn messages(probe: &Probe) -> Result<()> {
    let messages = [
        json!({"what": "quick"}),
        json!({"what": "panicking", "panics": true, "millis": 200}),
        json!({"what": "lasting", "millis": 800}),
    ];
    probe.post("send", &messages.map(|message| message.to_string()).join("\n"))?.expect::<Value>(200)?;
    let of_messages = |told: Vec<String>| -> Vec<String> {
        let mut told: Vec<_> = told.into_iter().filter(|what| what.ends_with(char::is_numeric)).collect();
        told.sort();
        told
    };
    // Once each; only the one that panicked came twice, and was not handled the first time.
    let wanted = ["lasting 1", "panicking 2", "quick 1"];
    eventually("all messages are handled", SOON, || {
        let told = of_messages(probe.list()?.0);
        holds(told == wanted, || format!("{told:?}"))
    })
}
