//! The protocol's rules of runs, on the real runtime: what a kill at a certain moment leaves behind, and what the objects
//! make of it by themselves. `docs/PROTOCOL.md` says what each rule is.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fake_google::faults::{Effect, Fault};
use serde_json::json;
use tminus_e2e::federation::{converge, rest};
use tminus_e2e::logs;
use tminus_e2e::person::Person;
use tminus_e2e::rows::{self, change};
use tminus_e2e::timeline::count;
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{SOON, Stage, timed};

/// Longer than the lease of a page that is fetched or applied, and what follows it.
const LEASE: Duration = Duration::from_secs(90);
/// As many events as take two pages of several chunks each.
const MANY: usize = 1_200;
/// Tries to kill a run in the middle of a page.
const TRIES: usize = 10;

/// Rules 1 and 27: what was answered is done, though everything that was queued is gone and nobody pushes again.
pub(crate) fn a_push_outlives_a_kill(stage: &Stage) -> Result<()> {
    let mut world = stage.apart("push_outlives", Vec::new())?;
    let person = Person::ready(&world, "push-outlives", 2)?;
    rest(&world, &person, SOON)?;
    let fault = Fault::on("events.list", 1, Effect { delay_ms: 30_000, ..Effect::default() });
    world.google.with(|google| google.faults.push(fault));
    let seq = world.now_seq();
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    eventually("the push is answered", SOON, || {
        holds(count(&world.since(seq), "push_answered", person.primary(0)) > 0, || "no push".to_owned())
    })?;
    eventually("the calendar is being fetched", SOON, || {
        let running = runs_in(&world, "fetching")?;
        holds(!running.is_empty(), || "nothing is fetched".to_owned())
    })?;
    world.kill()?;
    world.google.with(|google| {
        google.faults.clear();
        google.settings.pushes_enabled = false;
    });
    world.start_again()?;
    converge(&world, &person, LEASE)?;
    stage.collect(&world);
    Ok(())
}

/// Rules 6, 8 and 9: a run that is killed while a page is applied is taken over. The graph is asked first, a page is
/// fetched only when the one before it is whole, and the cursor moves only in the end.
pub(crate) fn a_killed_run_is_taken_over(stage: &Stage) -> Result<()> {
    let env = vec![("GOOGLE_QUOTA_PER_MINUTE".to_owned(), "100000".to_owned())];
    let mut world = stage.apart("taken_over", env)?;
    let person = Person::ready(&world, "taken-over", 2)?;
    rest(&world, &person, SOON)?;
    let primary = person.primary(0).to_owned();
    world.google.with(|google| google.settings.pushes_enabled = false);
    for at in 0..MANY {
        let day = format!("2026-{:02}-{:02}", 1 + at / 28 % 12, 1 + at % 28);
        let hour = u32::try_from(at / 336 * 3)?;
        world.insert(&primary, &timed(&day, hour, hour + 1))?;
    }
    let before = cursor(&world, &primary)?;
    let account = &person.accounts[0].account;
    let resync = format!("/v1/admin/accounts/{account}/resync");
    let mut killed = false;
    for _ in 0..TRIES {
        let answer = world.admin_post(&resync, &json!({"level": "full"}))?;
        ensure!(answer.status == 202, "{}", answer.shown());
        let applying = || -> Result<bool> { Ok(!runs_in(&world, "applying")?.is_empty()) };
        let begun = eventually("a page is applied", SOON, || holds(applying()?, || "no page".to_owned()));
        if begun.is_ok() {
            world.kill()?;
            killed = !runs_in(&world, "applying")?.is_empty();
            if killed {
                ensure!(cursor(&world, &primary)? == before, "the cursor moved before the run was whole");
                break;
            }
            world.start_again()?;
        }
        rest(&world, &person, LEASE)?;
    }
    ensure!(killed, "no run was caught in the middle of a page");
    world.start_again()?;
    eventually("the run is taken over", LEASE, || {
        let lines = logs::lines(&world.runtime.log)?;
        let asked = lines.iter().any(|line| line["message"] == "the graph was asked how far a run got");
        holds(asked, || "nobody asked".to_owned())
    })?;
    rest(&world, &person, LEASE)?;
    ensure!(cursor(&world, &primary)? != before, "the cursor never moved");
    one_page_at_a_time(&world)?;
    stage.collect(&world);
    Ok(())
}

/// Every page but the first of its run was fetched after the one before it was whole.
fn one_page_at_a_time(world: &World) -> Result<()> {
    let lines = logs::lines(&world.runtime.log)?;
    let (mut fetched, mut whole) = (0_usize, 0_usize);
    for line in &lines {
        match line["message"].as_str() {
            Some("a page was fetched") if line["page"].as_u64() != Some(0) => fetched += 1,
            Some("a chunk was applied") if line["progress"] == "NextPage" => whole += 1,
            _ => {}
        }
        ensure!(fetched <= whole, "a page was fetched before the one before it was whole: {line}");
    }
    ensure!(fetched > 0, "there was only one page");
    Ok(())
}

/// Rule 13: a graph that was restored has another incarnation. The cursor is worth nothing then: a full run follows, and
/// nothing is deleted because a cursor did not show it.
pub(crate) fn a_restored_graph_is_read_anew(stage: &Stage) -> Result<()> {
    let mut world = stage.apart("restored", Vec::new())?;
    let person = Person::ready(&world, "restored", 2)?;
    let primary = person.primary(0).to_owned();
    world.insert(&primary, &timed("2026-04-01", 9, 10))?;
    rest(&world, &person, SOON)?;
    world.kill()?;
    change(&world.runtime.ready.persist, "graph", "UPDATE graph SET incarnation = incarnation + 1")?;
    let seq = world.now_seq();
    world.start_again()?;
    world.insert(&primary, &timed("2026-04-02", 9, 10))?;
    rest(&world, &person, LEASE)?;
    let outcomes = column(&world, "SELECT outcome FROM sync_runs ORDER BY run_id")?;
    ensure!(outcomes.iter().any(|outcome| outcome == "graph_restored"), "{outcomes:?}");
    let deleted = world
        .since(seq)
        .iter()
        .filter(|entry| entry.kind == "write" && entry.what.as_deref() == Some("events.delete"))
        .count();
    ensure!(deleted == 0, "{deleted} mirrors were deleted");
    stage.collect(&world);
    Ok(())
}

fn runs_in(world: &World, phase: &str) -> Result<Vec<String>> {
    let persist: &Path = &world.runtime.ready.persist;
    let query = format!("SELECT run_id FROM calendars WHERE phase = '{phase}' AND role <> 'BUSY_OVERLAY'");
    Ok(rows::column(persist, &query)?.into_iter().flatten().collect())
}

fn column(world: &World, query: &str) -> Result<Vec<String>> {
    Ok(rows::column(&world.runtime.ready.persist, query)?.into_iter().flatten().collect())
}

/// The committed cursor of a calendar, by its id at the provider.
fn cursor(world: &World, calendar: &str) -> Result<String> {
    let query = format!(
        "SELECT sync_token FROM calendars WHERE provider_calendar_id = '{calendar}' AND phase IS NOT NULL"
    );
    column(world, &query)?.into_iter().next().context("no such calendar")
}
