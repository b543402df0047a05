//! Blocks that somebody deletes by hand: made again, or left away, as their owner wishes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::federation::{mirrors, only_mirror, overlay};
use tminus_e2e::person::Person;
use tminus_e2e::view::{wait_blocks, wait_done, writes};
use tminus_e2e::world::World;

use crate::stage::{SOON, Stage, timed};

const NINE: &str = "2026-04-01T07:00Z/2026-04-01T08:00Z";
const NONE: [&str; 0] = [];

/// Deletes the one block in the second account's overlay by hand.
fn delete_block(world: &World, person: &Person) -> Result<()> {
    let calendar = overlay(world, person.primary(1))?;
    let id = only_mirror(world, person.primary(1))?["id"].as_str().unwrap_or_default().to_owned();
    let edit = world.delete(&calendar, &id)?;
    wait_done(world, person, &edit, SOON)
}

/// The only event of the person.
fn only_event(person: &Person) -> Result<String> {
    let listed = person.listed("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z")?;
    ensure!(listed.len() == 1, "{} events", listed.len());
    Ok(listed[0]["event"].as_str().context("no id")?.to_owned())
}

fn becomes(person: &Person, path: &str, what: &str) -> Result<()> {
    person.put(path, &json!({"becomes": what}))?.expect::<Value>(200).map(drop)
}

pub(crate) fn blocks(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("dismissed", 2)?);
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    wait_blocks(world, &person, 1, &[NINE], SOON)?;
    // Unless somebody says otherwise it comes back.
    delete_block(world, &person)?;
    wait_blocks(world, &person, 1, &[NINE], SOON).context("restored")?;

    becomes(&person, "/v1/policy/hand-deleted", "dismiss")?;
    delete_block(world, &person)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("dismissed")?;
    // What becomes of the original does not bring it back.
    let before = world.now_seq();
    let edit = world.patch(&made.calendar, &made.id, &json!({"summary": "planted-secret new title"}))?;
    wait_done(world, &person, &edit, SOON)?;
    let edit = world.shift(&made.calendar, &made.id, 60)?;
    wait_done(world, &person, &edit, SOON)?;
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("it came back with an edit")?;
    world.quiet(Duration::from_millis(300), SOON)?;
    let made_writes = writes(world, &person, 1, before)?;
    ensure!(made_writes == 0, "{made_writes} writes of a block that is dismissed");
    let status = person.status()?.graph.context("no graph")?;
    ensure!(status.mirrors.get("ERROR").is_none_or(|count| *count == 0), "{:?}", status.mirrors);

    let event = only_event(&person)?;
    let calendar = person.calendar(1, "BUSY_OVERLAY")?;
    let dismissal = format!("/v1/events/{event}/mirrors/{calendar}/dismissal");
    person.delete(&dismissal)?.expect::<Value>(200)?;
    let ten = "2026-04-01T08:00Z/2026-04-01T09:00Z";
    wait_blocks(world, &person, 1, &[ten], SOON).context("taken back")?;
    ensure!(only_mirror(world, person.primary(1))?["summary"] == "planted-secret new title", "an old block");
    // Taking back what is not dismissed is nothing.
    person.delete(&dismissal)?.expect::<Value>(200)?;
    wait_blocks(world, &person, 1, &[ten], SOON)?;

    // One event is different from the others.
    becomes(&person, &format!("/v1/events/{event}/hand-deleted"), "restore")?;
    delete_block(world, &person)?;
    wait_blocks(world, &person, 1, &[ten], SOON).context("this one is restored")?;
    person.delete(&format!("/v1/events/{event}/hand-deleted"))?.expect::<Value>(200)?;
    becomes(&person, "/v1/policy/hand-deleted", "restore")?;
    becomes(&person, &format!("/v1/events/{event}/hand-deleted"), "dismiss")?;
    delete_block(world, &person)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("this one is dismissed")?;

    // By a request instead of by hand, in one of the accounts only.
    person.delete(&dismissal)?.expect::<Value>(200)?;
    wait_blocks(world, &person, 1, &[ten], SOON)?;
    for _ in 0..2 {
        person.put(&dismissal, &json!({}))?.expect::<Value>(200)?;
        wait_blocks(world, &person, 1, &NONE, SOON).context("dismissed by a request")?;
    }
    world.delete(&made.calendar, &made.id)?;
    let edit = world.patch(&made.calendar, &made.id, &json!({"status": "confirmed"}))?;
    wait_done(world, &person, &edit, SOON)?;
    person.delete(&dismissal)?.expect::<Value>(200)?;
    wait_blocks(world, &person, 1, &[ten], SOON).context("it is there and wanted")?;

    // What is nobody's, or has no mirror there.
    let nobody = format!("/v1/events/evt_01J00000000000000000000000/mirrors/{calendar}/dismissal");
    ensure!(person.put(&nobody, &json!({}))?.status == 404, "an event of nobody's was dismissed");
    let own = person.calendar(0, "BUSY_OVERLAY")?;
    let own = person.put(&format!("/v1/events/{event}/mirrors/{own}/dismissal"), &json!({}))?;
    ensure!(own.status == 422, "a mirror in its own account: {}", own.shown());
    Ok(())
}

pub(crate) fn instances(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("dismissedday", 2)?);
    let mut event = timed("2026-04-01", 9, 10);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=4"]);
    let made = world.insert(person.primary(0), &event)?;
    let at = |day: u32| format!("2026-04-{day:02}T07:00Z/2026-04-{day:02}T08:00Z");
    let all = [at(1), at(8), at(15), at(22)];
    wait_blocks(world, &person, 1, &all, SOON)?;
    let calendar = overlay(world, person.primary(1))?;
    let series = only_mirror(world, person.primary(1))?["id"].as_str().unwrap_or_default().to_owned();
    let delete = |day: u32| -> Result<()> {
        let edit = world.delete(&calendar, &format!("{series}_202604{day:02}T070000Z"))?;
        wait_done(world, &person, &edit, SOON).with_context(|| format!("deleted on day {day}"))
    };

    delete(8)?;
    wait_blocks(world, &person, 1, &all, SOON).context("an instance is restored")?;
    // Moved by hand, it is moved back.
    let moved = world.shift(&calendar, &format!("{series}_20260415T070000Z"), 45)?;
    wait_done(world, &person, &moved, SOON)?;
    wait_blocks(world, &person, 1, &all, SOON).context("an instance is moved back")?;

    becomes(&person, "/v1/policy/hand-deleted", "dismiss")?;
    delete(8)?;
    let others = [at(1), at(15), at(22)];
    wait_blocks(world, &person, 1, &others, SOON).context("an instance is dismissed")?;
    // The series is written anew, an occurrence of it changes, its policy does: that one stays away.
    let longer = json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"]});
    let edit = world.patch(&made.calendar, &made.id, &longer)?;
    wait_done(world, &person, &edit, SOON)?;
    let with_last: Vec<String> = others.iter().cloned().chain([at(29)]).collect();
    wait_blocks(world, &person, 1, &with_last, SOON).context("the series is longer")?;
    let edit = world.shift(&made.calendar, &format!("{}_20260408T070000Z", made.id), 60)?;
    wait_done(world, &person, &edit, SOON)?;
    wait_blocks(world, &person, 1, &with_last, SOON).context("the occurrence itself was moved")?;
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    wait_blocks(world, &person, 1, &with_last, SOON).context("the policy changed")?;

    let event = series_event(&person)?;
    let target = person.calendar(1, "BUSY_OVERLAY")?;
    person.delete(&format!("/v1/events/{event}/mirrors/{target}/dismissal"))?.expect::<Value>(200)?;
    let moved = "2026-04-08T08:00Z/2026-04-08T09:00Z".to_owned();
    let whole: Vec<String> = with_last.iter().cloned().chain([moved]).collect();
    wait_blocks(world, &person, 1, &whole, SOON).context("taken back")?;

    // The whole series by hand.
    let edit = world.delete(&calendar, &series)?;
    wait_done(world, &person, &edit, SOON)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("the series is dismissed")?;
    let edit = world.shift(&made.calendar, &format!("{}_20260415T070000Z", made.id), 60)?;
    wait_done(world, &person, &edit, SOON)?;
    wait_blocks(world, &person, 1, &NONE, SOON).context("an exception came back alone")?;
    person.delete(&format!("/v1/events/{event}/mirrors/{target}/dismissal"))?.expect::<Value>(200)?;
    let last: Vec<String> = whole
        .into_iter()
        .map(|times| if times == at(15) { "2026-04-15T08:00Z/2026-04-15T09:00Z".to_owned() } else { times })
        .collect();
    wait_blocks(world, &person, 1, &last, SOON).context("the series is taken back")?;
    ensure!(mirrors(world, person.primary(0))?.is_empty(), "an account blocks itself");
    Ok(())
}

/// The series among the person's events.
fn series_event(person: &Person) -> Result<String> {
    let listed = person.listed("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z")?;
    let series = listed.iter().find(|event| !event["occurrence"].is_null());
    Ok(series.context("no series")?["event"].as_str().context("no id")?.to_owned())
}
