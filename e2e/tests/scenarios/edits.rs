//! What a human does to events, and what becomes of it in the other accounts.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::federation::{
    self, Balance, balance, converge, mirrors, only_mirror, rest, shows_busy_only, span,
};
use tminus_e2e::timeline::{count, wait_listed};

use crate::stage::{self, SOON, Stage, timed};

pub(crate) fn create(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("create", 3)?);
    world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    let found = rest(world, &person, SOON)?;
    ensure!(found == Balance { expected: 2, found: 2, ..Balance::default() }, "{found:?}");
    ensure!(mirrors(world, person.primary(0))?.is_empty(), "an account blocks itself");
    let origin = world.events(person.primary(0))?.remove(0);
    for other in [1, 2] {
        let mirror = only_mirror(world, person.primary(other))?;
        shows_busy_only(&mirror)?;
        ensure!(span(&mirror)? == span(&origin)?, "the block is at another time");
    }
    Ok(())
}

pub(crate) fn move_(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("move", 3)?);
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON)?;
    let before = only_mirror(world, person.primary(1))?;
    world.patch(&made.calendar, &made.id, &timed("2026-04-03", 15, 17))?;
    rest(world, &person, SOON)?;
    let after = only_mirror(world, person.primary(1))?;
    ensure!(before["id"] == after["id"], "the block was made again instead of moved");
    ensure!(span(&before)? != span(&after)?, "the block has not moved");
    // From timed to whole days and back: the old kind of time must not stay beside the new.
    world.patch(
        &made.calendar,
        &made.id,
        &json!({"start": {"date": "2026-04-05", "dateTime": null, "timeZone": null},
        "end": {"date": "2026-04-06", "dateTime": null, "timeZone": null}}),
    )?;
    rest(world, &person, SOON)?;
    ensure!(
        span(&only_mirror(world, person.primary(2))?)?.0 == "2026-04-05",
        "the block is not of whole days"
    );
    world.patch(&made.calendar, &made.id, &json!({
        "start": {"date": null, "dateTime": "2026-04-05T08:00:00Z"}, "end": {"date": null, "dateTime": "2026-04-05T09:00:00Z"}}))?;
    rest(world, &person, SOON).map(drop)
}

pub(crate) fn retitle(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("retitle", 3)?);
    let made = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    rest(world, &person, SOON)?;
    world.quiet(Duration::from_millis(200), SOON)?;
    let before = only_mirror(world, person.primary(1))?;
    let edit = world.patch(&made.calendar, &made.id, &json!({"summary": "planted-secret new title"}))?;
    wait_listed(world, &edit, SOON)?;
    rest(world, &person, SOON)?;
    world.quiet(Duration::from_millis(300), SOON)?;
    let written = world.since(edit.seq).iter().filter(|entry| entry.kind == "write").count();
    ensure!(written == 0, "{written} writes for a title that nobody sees");
    ensure!(only_mirror(world, person.primary(1))? == before, "the block has changed");
    let listed = person.listed("2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z")?;
    ensure!(listed[0]["content"]["title"] == "planted-secret new title", "the new title is not known");
    Ok(())
}

pub(crate) fn delete(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("delete", 3)?);
    let kept = world.insert(person.primary(0), &timed("2026-04-01", 9, 10))?;
    let gone = world.insert(person.primary(1), &timed("2026-04-02", 9, 10))?;
    rest(world, &person, SOON)?;
    world.delete(&gone.calendar, &gone.id)?;
    let found = rest(world, &person, SOON)?;
    ensure!(found.expected == 2, "{found:?}");
    world.delete(&kept.calendar, &kept.id)?;
    let found = rest(world, &person, SOON)?;
    ensure!(found.expected == 0, "{found:?}");
    let listed = person.listed("2026-04-01T00:00:00Z", "2026-04-05T00:00:00Z")?;
    ensure!(listed.is_empty(), "a deleted event is listed");
    Ok(())
}

pub(crate) fn all_day(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("allday", 3)?);
    world.insert(person.primary(0), &all_day_event("2026-03-28", "2026-03-31"))?;
    rest(world, &person, SOON)?;
    let mirror = only_mirror(world, person.primary(1))?;
    let dates = (&mirror["start"]["date"], &mirror["end"]["date"]);
    ensure!(dates == (&json!("2026-03-28"), &json!("2026-03-31")), "the block is of {dates:?}");
    ensure!(mirror["start"]["dateTime"].is_null(), "the block has a time of day");
    shows_busy_only(&mirror)
}

fn all_day_event(from: &str, to: &str) -> Value {
    // Whole days are free unless somebody says otherwise, in Google's own pages too.
    let mut event = stage::all_day(from, to);
    event["transparency"] = "opaque".into();
    event
}

pub(crate) fn free(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("free", 2)?);
    let mut event = timed("2026-04-01", 9, 10);
    event["transparency"] = "transparent".into();
    let made = world.insert(person.primary(0), &event)?;
    wait_listed(world, &made, SOON)?;
    ensure!(rest(world, &person, SOON)?.expected == 0, "free time is expected to block");
    ensure!(mirrors(world, person.primary(1))?.is_empty(), "free time blocks");
    world.patch(&made.calendar, &made.id, &json!({"transparency": "opaque"}))?;
    ensure!(rest(world, &person, SOON)?.found == 1, "the event does not block");
    world.patch(&made.calendar, &made.id, &json!({"transparency": "transparent"}))?;
    rest(world, &person, SOON)?;
    ensure!(mirrors(world, person.primary(1))?.is_empty(), "the block stayed");
    Ok(())
}

pub(crate) fn two_calendars(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails = ["two-1", "two-2"].map(|name| format!("{name}@{}", tminus_e2e::person::DOMAIN));
    world.create_account(&emails[0]);
    let second = world.create_calendar(&emails[0], "planted-secret calendar");
    let person = tminus_e2e::person::Person::link(world, &emails)?;
    person.wait_ready()?;
    // The same time in both: two events, two blocks.
    let one = world.insert(&emails[0], &timed("2026-04-01", 9, 10))?;
    let two = world.insert(&second, &timed("2026-04-01", 9, 10))?;
    let found = rest(world, &person, SOON)?;
    ensure!(found.expected == 2, "{found:?}");
    ensure!(mirrors(world, &emails[0])?.is_empty(), "a calendar blocks another of its own account");
    world.patch(&second, &two.id, &timed("2026-04-08", 9, 10))?;
    rest(world, &person, SOON)?;
    world.delete(&one.calendar, &one.id)?;
    rest(world, &person, SOON)?;
    ensure!(federation::only_mirror(world, &emails[1]).is_ok(), "the wrong block went");
    Ok(())
}

pub(crate) fn backfill(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails =
        ["before-1", "before-2", "before-3"].map(|name| format!("{name}@{}", tminus_e2e::person::DOMAIN));
    for email in &emails {
        world.create_account(email);
        for day in 1..=20 {
            world.insert(email, &timed(&format!("2026-05-{day:02}"), 9, 10))?;
        }
    }
    let person = tminus_e2e::person::Person::link(world, &emails)?;
    person.wait_ready()?;
    converge(world, &person, SOON)?;
    let found = rest(world, &person, SOON)?;
    ensure!(found.expected == 120, "{found:?}");
    // Fifty a batch: twice forty blocks in each account take a few calls, not forty.
    let overlay = federation::overlay(world, &emails[0])?;
    let entries = world.since(0);
    ensure!(count(&entries, "write", &overlay) == 40, "a block was written more than once");
    ensure!(balance(world, &person)?.holds(), "it did not stay");
    Ok(())
}
