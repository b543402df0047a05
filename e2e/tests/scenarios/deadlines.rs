//! A provider that never answers.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fake_google::faults::{Effect, Fault, Match};
use serde_json::json;
use tminus_e2e::federation::rest;
use tminus_e2e::person::Person;

use crate::stage::{SOON, Stage, timed};

/// The longest wait for a provider's answer: `shared/cloudflare/src/http.rs`.
const DEADLINE: Duration = Duration::from_secs(10);

/// The first pause after a failed run, and the run.
const RETRIED: Duration = Duration::from_secs(90);

/// Two nudges in one batch, of two people; Google never answers the first.
pub(crate) fn provider(stage: &Stage) -> Result<()> {
    let (world, hung, free) = (&stage.world, stage.person("hung", 2)?, stage.person("free", 2)?);
    // Without pushes nothing is under way but what is delivered here.
    world.google.with(|google| {
        google.settings.pushes_enabled = false;
        let matches =
            Match { calendar: Some(hung.primary(0).to_owned()), times: Some(0), ..Match::default() };
        let matches = Match { operation: Some("events.list".to_owned()), ..matches };
        let effect = Effect { delay_ms: 120_000, ..Effect::default() };
        google.faults.push(Fault { matches, effect, seen: 0 });
    });
    for person in [&hung, &free] {
        world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    }
    let batch = [nudge(&hung, 'A')?, nudge(&free, 'B')?];
    let started = Instant::now();
    let (answer, took) = std::thread::scope(|scope| {
        let batch = scope.spawn(|| {
            let answer = world.deliver("tminus-sync", 1, &batch);
            answer.map(|answer| (answer, started.elapsed()))
        });
        rest(world, &free, DEADLINE.saturating_sub(started.elapsed()))?;
        ensure!(!batch.is_finished(), "Google was not waited for");
        batch.join().ok().context("the thread of the batch panicked")?
    })?;
    ensure!(took < DEADLINE + SOON, "the batch took {took:?}");
    let acked = answer["explicitAcks"].as_array().map_or(0, Vec::len);
    ensure!(acked == 2, "what failed is kept by the object, not by the queue: {answer}");
    let failures = |person: &Person| -> Result<u32> {
        let status = person.status()?;
        Ok(status.accounts.iter().flat_map(|account| &account.calendars).map(|c| c.failures).sum())
    };
    ensure!((failures(&hung)?, failures(&free)?) == (1, 0), "a failed run of the one who hung, none other");

    // Nobody nudges: the object's own timer brings the run again.
    stage.reset();
    rest(world, &hung, RETRIED).map(drop)
}

/// A nudge for a person's first calendar, which says by itself that there is something to fetch.
fn nudge(person: &Person, last: char) -> Result<String> {
    let status = person.status()?;
    let account = &person.accounts.first().context("no account")?.account;
    let known = status.accounts.iter().find(|known| known.account_id == *account).context("no status")?;
    let source = known.calendars.iter().find(|calendar| calendar.role == "PRIMARY").context("no calendar")?;
    Ok(json!({
        "v": 1, "id": format!("msg_01J0000000000000000000000{last}"), "trace": "trc_01J00000000000000000000000",
        "enqueued_at": 0,
        "body": {"kind": "calendar", "account": account, "calendar": source.calendar, "mark": "incremental"},
    })
    .to_string())
}
