//! The messages of a history delivered again, twice: no row changes, nothing is written.
//!
//! The Workers, the objects and their rows are the real ones, and so is the history. The messages are rebuilt, since
//! nothing keeps those that were handled, and are handed to the consumers past the queues:
//! - nudges from the log: id, trace, account and calendar are those of the message, the time is not;
//! - deltas, one chunk for each run that was recorded: run, calendar and generation are the run's; id, trace and time
//!   are made up, page, attempt and index are 0. The items are what the stand-in held after the edit that caused the
//!   run (an account's calendar), what it holds now (an overlay), or none (a full run).

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::federation::{overlay, rest, sources};
use tminus_e2e::person::Person;
use tminus_e2e::timeline::wait_listed;
use tminus_e2e::world::World;
use tminus_e2e::{logs, rows};

use crate::stage::{SOON, Stage, timed};

pub(crate) fn redelivery(stage: &Stage) -> Result<()> {
    let world = stage.apart("redelivery", Vec::new())?;
    let person = Person::ready(&world, "redelivery", 3)?;
    let history = live(&world, &person)?;
    rest(&world, &person, SOON)?;
    world.quiet(Duration::from_secs(3), Duration::from_secs(60))?;

    let messages = messages(&world, &person, &history)?;
    let kinds: BTreeMap<&str, usize> =
        messages.iter().map(|(queue, all)| (queue.as_str(), all.len())).collect();
    for queue in ["tminus-sync", "tminus-delta", "tminus-mirror", "tminus-backfill", "tminus-delta-bulk"] {
        ensure!(kinds.contains_key(queue), "no message of {queue} in {kinds:?}");
    }
    let before = rows::read(&world.runtime.ready.persist)?;
    let seq = world.now_seq();
    for _ in 0..2 {
        for (queue, all) in &messages {
            for batch in all.chunks(5) {
                let answer = world.deliver(queue, 2, batch)?;
                let retried = answer["retryMessages"].as_array().map_or(0, Vec::len);
                ensure!(retried == 0, "{queue}: {answer}");
            }
        }
    }
    rest(&world, &person, SOON)?;
    world.quiet(Duration::from_secs(3), Duration::from_secs(60))?;
    let written = world.since(seq).into_iter().filter(|entry| entry.kind == "write").count();
    ensure!(written == 0, "{written} writes");
    let changed = rows::differences(&before, &rows::read(&world.runtime.ready.persist)?);
    ensure!(changed.is_empty(), "rows have changed:\n    {}", changed.join("\n    "));
    stage.collect(&world);
    Ok(())
}

/// The resource that each edit of a calendar left behind, in their order.
type History = BTreeMap<String, Vec<Value>>;

/// Creates, moves, retitles and deletes, one edit a run.
fn live(world: &World, person: &Person) -> Result<History> {
    let mut history = History::new();
    for n in 0..3 {
        let calendar = person.primary(n).to_owned();
        let mut note = |edit: tminus_e2e::world::Edit| -> Result<String> {
            let whole = world.google.with(|google| {
                let stored = google.calendars.get(&calendar)?.events.get(&edit.id)?;
                Some(if stored.cancelled() { stored.stub(false) } else { stored.full() })
            });
            history.entry(calendar.clone()).or_default().push(Value::Object(whole.context("no event")?));
            wait_listed(world, &edit, SOON)?;
            rest(world, person, SOON)?;
            Ok(edit.id)
        };
        let first = note(world.insert(&calendar, &timed("2026-04-01", 9, 10))?)?;
        note(world.insert(&calendar, &timed("2026-04-02", 9, 10))?)?;
        note(world.patch(&calendar, &first, &timed("2026-04-03", 9, 10))?)?;
        note(world.patch(&calendar, &first, &json!({"summary": "planted-secret again"}))?)?;
        note(world.delete(&calendar, &first)?)?;
    }
    Ok(history)
}

/// The messages by queue, rebuilt: nudges from the log, deltas from the runs and what Google held then.
fn messages(world: &World, person: &Person, history: &History) -> Result<BTreeMap<String, Vec<String>>> {
    let mut messages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let lines = logs::lines(&world.runtime.log)?;
    let mut seen = std::collections::BTreeSet::new();
    for line in &lines {
        let text = |key: &str| line[key].as_str();
        let (Some(worker), Some(id), Some(queue)) = (text("worker"), text("message_id"), text("queue"))
        else {
            continue;
        };
        let (Some(account), Some(trace)) = (text("account"), text("trace")) else { continue };
        let body = match (worker, text("calendar")) {
            ("sync", Some(calendar)) => json!({"kind": "calendar", "account": account, "calendar": calendar}),
            ("sync", None) => json!({"kind": "maintain", "account": account}),
            ("mirror", _) => json!({"user": person.user, "account": account}),
            _ => continue,
        };
        if seen.insert(id.to_owned()) {
            messages.entry(queue.to_owned()).or_default().push(message(id, trace, &body));
        }
    }
    for delta in deltas(world, person, history)? {
        let queue = if delta["lane"] == "bulk" { "tminus-delta-bulk" } else { "tminus-delta" };
        let all = messages.entry(queue.to_owned()).or_default();
        let id = format!("msg_01J0000000000000000000{:04}", all.len());
        all.push(message(&id, "trc_01J00000000000000000000000", &delta));
    }
    Ok(messages)
}

fn message(id: &str, trace: &str, body: &Value) -> String {
    json!({"v": 1, "id": id, "trace": trace, "enqueued_at": 0, "body": body}).to_string()
}

/// One chunk of every run.
fn deltas(world: &World, person: &Person, history: &History) -> Result<Vec<Value>> {
    let persist = &world.runtime.ready.persist;
    let query = "SELECT r.run_id, r.calendar_id, r.generation, r.full_run, c.provider_calendar_id, c.role, a.account_id
                 FROM sync_runs r JOIN calendars c USING (calendar_id), account a ORDER BY r.generation";
    let mut found = Vec::new();
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for run in rows::column(persist, query)? {
        let [run, calendar, generation, full, provider, role, account] =
            run.try_into().ok().context("columns")?;
        let full = full == "1";
        let items: Vec<Value> = if role == "BUSY_OVERLAY" {
            world.events(&provider)?.into_iter().map(Value::Object).collect()
        } else if full {
            Vec::new()
        } else {
            let at = taken.entry(provider.clone()).or_default();
            *at += 1;
            history.get(&provider).and_then(|all| all.get(*at - 1)).cloned().into_iter().collect()
        };
        let bulk = full || role == "BUSY_OVERLAY";
        found.push(json!({
            "user": person.user, "account": account, "calendar": calendar, "role": role,
            "chunk": {
                "run": run, "position": {"generation": generation.parse::<u32>()?, "page": 0},
                "attempt": 0, "index": 0,
            },
            "full": full, "lane": if bulk { "bulk" } else { "live" }, "items": items,
        }));
    }
    for account in &person.accounts {
        // The overlay calendar is never a source.
        ensure!(
            !sources(world, &account.email).contains(&overlay(world, &account.email)?),
            "an overlay as source"
        );
    }
    Ok(found)
}
