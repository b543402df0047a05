//! Series under a policy: each occurrence shows what its level, filters and calendar say of it.

use anyhow::{Context, Result, ensure};
use fake_google::model::Object;
use serde_json::{Value, json};
use tminus_e2e::federation::{mirrors, overlay};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::{is_ours, takes_time, times, view, wait_done, writes};
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{SOON, Stage, timed};

/// When an occurrence is, its title, description and place.
type Shown = (String, Vec<Option<String>>);

fn shown(events: Vec<Object>, keys: &[&str]) -> Result<Vec<Shown>> {
    let text = |event: &Object, key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    let mut all: Vec<Shown> = events
        .iter()
        .map(|event| Ok((times(event)?, keys.iter().map(|key| text(event, key)).collect())))
        .collect::<Result<_>>()?;
    all.sort();
    Ok(all)
}

/// Waits until a calendar shows of the first account's occurrences what an edge lets through: those that take time and carry
/// no tag, with these fields.
fn follows(world: &World, person: &Person, calendar: &str, keys: &[&str], what: &str) -> Result<()> {
    let tagged =
        |event: &Object| event.get("description").is_some_and(|text| text.to_string().contains("#nosync"));
    let mut origin = view(world, person.primary(0))?;
    origin.retain(|event| takes_time(event) && !tagged(event));
    let expected = shown(origin, keys)?;
    eventually(what, SOON, || {
        let mut found = view(world, calendar)?;
        found.retain(is_ours);
        let found = shown(found, keys)?;
        holds(found == expected, || format!("{found:?} instead of {expected:?}"))
    })?;
    person.wait_written(SOON)
}

/// From the primary calendar into the overlay, from time alone to everything, one occurrence at a time.
pub(crate) fn follow(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    // Google cancels the exceptions of dates that a series no longer has; elsewhere it leaves them.
    world.google.with(|google| google.settings.keep_orphaned_exceptions = false);
    let emails = ["seriesedge-1", "seriesedge-2"].map(|name| format!("{name}@{DOMAIN}"));
    emails.iter().for_each(|email| world.create_account(email));
    let mut person = Person::sign_in(world, &emails[0])?;
    person.link_account(&emails[0])?;
    person.link_primary(&emails[1])?;
    person.wait_ready()?;
    let calendar = emails[0].as_str();
    let mut event = timed("2026-04-01", 9, 10);
    event["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=5"]);
    let id = world.insert(calendar, &event)?.id;
    let on = |day: u32| format!("{id}_202604{day:02}T070000Z");

    follows(world, &person, &emails[1], &[], "the series is in the primary calendar")?;
    world.shift(calendar, &on(8), 60)?;
    follows(world, &person, &emails[1], &[], "an occurrence of it moved")?;
    world.delete(calendar, &on(15))?;
    follows(world, &person, &emails[1], &[], "an occurrence of it is gone")?;
    ensure!(person.status()?.graph.is_some_and(|graph| graph.events == 2), "a mirror became an event");

    // Into the overlay, with exceptions and all.
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    let own = overlay(world, &emails[1])?;
    let titles = ["summary"];
    follows(world, &person, &own, &titles, "the series is in the overlay")?;
    eventually("nothing is left in the primary calendar", SOON, || {
        let left = view(world, &emails[1])?.iter().filter(|event| is_ours(event)).count();
        holds(left == 0, || format!("{left} occurrences"))
    })?;
    let before = world.now_seq();
    let edit = world.patch(calendar, &on(22), &json!({"summary": "planted-secret only this one"}))?;
    wait_done(world, &person, &edit, SOON)?;
    follows(world, &person, &own, &titles, "one occurrence has a title of its own")?;
    ensure!(writes(world, &person, 1, before)? == 1, "more than one write for one title");
    let edit = world.patch(calendar, &id, &json!({"summary": "planted-secret all of them"}))?;
    wait_done(world, &person, &edit, SOON)?;
    follows(world, &person, &own, &titles, "the series has another title")?;

    let all = ["summary", "description", "location"];
    person.put_edge(&person.edge(0, 1, "FULL", &json!({})))?;
    follows(world, &person, &own, &all, "everything shows")?;
    world.patch(calendar, &on(8), &json!({"description": "", "location": null}))?;
    follows(world, &person, &own, &all, "one occurrence has no description any more")?;
    world.patch(calendar, &id, &json!({"description": null}))?;
    follows(world, &person, &own, &all, "the series has no description any more")?;
    for mirror in mirrors(world, &emails[1])? {
        ensure!(!mirror.contains_key("attendees"), "a series invites somebody");
        ensure!(mirror["reminders"] == json!({"useDefault": false}), "a series reminds");
    }
    filtered(world, &person, &id, &own)?;
    becomes(world, &person, &id, &own)
}

/// A tag or an answer takes one occurrence out, or all of them but one.
fn filtered(world: &World, person: &Person, id: &str, own: &str) -> Result<()> {
    let (calendar, titles) = (person.primary(0), ["summary", "description"]);
    let on = |day: u32| format!("{id}_202604{day:02}T070000Z");
    world.patch(calendar, &on(22), &json!({"description": "for me #nosync"}))?;
    follows(world, person, own, &titles, "a tagged occurrence")?;
    world.patch(calendar, id, &json!({"description": "all of them #nosync"}))?;
    follows(world, person, own, &titles, "a tagged series, but for an exception")?;
    let left = view(world, own)?.len();
    ensure!(left == 1, "{left} blocks of a series that is tagged");
    world.patch(calendar, id, &json!({"description": "planted-secret none"}))?;
    follows(world, person, own, &titles, "the tag is gone")?;
    world.respond(calendar, &on(1), "declined")?;
    follows(world, person, own, &titles, "a declined occurrence")?;
    world.respond(calendar, &on(1), "accepted")?;
    follows(world, person, own, &titles, "it is accepted after all")?;

    let mut off = person.edge(0, 1, "FULL", &json!({}));
    off["switch"] = "off".into();
    person.put_edge(&off)?;
    eventually("an edge that is off leaves nothing of a series", SOON, || {
        let left = view(world, own)?.len();
        holds(left == 0, || format!("{left} blocks"))
    })?;
    person.wait_written(SOON)?;
    person.put_edge(&person.edge(0, 1, "FULL", &json!({})))?;
    follows(world, person, own, &titles, "the edge is on again")
}

/// A series becomes one event, a series again, and one of whole days.
fn becomes(world: &World, person: &Person, id: &str, own: &str) -> Result<()> {
    let (calendar, titles) = (person.primary(0), ["summary"]);
    world.patch(calendar, id, &json!({"recurrence": null}))?;
    follows(world, person, own, &titles, "a series becomes one event")?;
    let only = mirrors(world, person.primary(1))?;
    ensure!(only.len() == 1 && !only[0].contains_key("recurrence"), "{} mirrors of one event", only.len());
    world.patch(calendar, id, &json!({"recurrence": ["RRULE:FREQ=DAILY;COUNT=3"]}))?;
    follows(world, person, own, &titles, "it is a series again")?;
    let days = json!({
        "start": {"date": "2026-04-02", "dateTime": null, "timeZone": null},
        "end": {"date": "2026-04-03", "dateTime": null, "timeZone": null},
    });
    world.patch(calendar, id, &days)?;
    follows(world, person, own, &titles, "a series of whole days")?;
    world.delete(calendar, &format!("{id}_20260403"))?;
    follows(world, person, own, &titles, "without one of the days")?;
    world.delete(calendar, id)?;
    follows(world, person, own, &titles, "deleted").context("at the end")?;
    let left = mirrors(world, person.primary(1))?.len();
    ensure!(left == 0, "{left} mirrors of a series that is deleted");
    Ok(())
}
