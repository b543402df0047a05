//! What is large: a recompute of all events, and a sweep that nobody believes.

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tminus_e2e::federation::{mirrors, only_mirror, overlay};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::timeline::count;
use tminus_e2e::view::wait_done;
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{PLANTED, SOON, Stage};

/// More than one step of a recompute.
const MANY: usize = 620;
/// How many events vanish, of how many.
const GONE: usize = 40;
const ALL: usize = 60;

/// Events of half an hour, one an hour; answers their ids.
fn fill(world: &World, calendar: &str, count: usize) -> Result<Vec<String>> {
    let first: DateTime<Utc> = "2026-04-01T00:00:00Z".parse()?;
    let made = (0..count).map(|n| {
        let from = first + TimeDelta::hours(i64::try_from(n)?);
        let at = |time: DateTime<Utc>| json!({"dateTime": time.to_rfc3339(), "timeZone": "Europe/Berlin"});
        let event = json!({"summary": format!("{PLANTED} {n}"), "description": format!("{PLANTED} description"),
            "start": at(from), "end": at(from + TimeDelta::minutes(30))});
        Ok(world.insert(calendar, &event)?.id)
    });
    made.collect()
}

fn eventually_titled(world: &World, person: &Person, what: &str, count: usize, title: &str) -> Result<()> {
    eventually(what, SOON * 3, || {
        let mirrors = mirrors(world, person.primary(1))?;
        let fits = |mirror: &&fake_google::model::Object| {
            mirror["summary"].as_str().is_some_and(|text| text.starts_with(title))
        };
        let found = mirrors.iter().filter(fits).count();
        holds(found == count && mirrors.len() == count, || format!("{found} of {} mirrors", mirrors.len()))
    })
}

/// All events are projected again after a change of the policy; who changes an event meanwhile does not wait for that.
pub(crate) fn large_recompute(stage: &Stage) -> Result<()> {
    let quota = ("GOOGLE_QUOTA_PER_MINUTE".to_owned(), "100000".to_owned());
    let world = stage.apart("recompute", vec![quota])?;
    let emails = ["large-1", "large-2"].map(|name| format!("{name}@{DOMAIN}"));
    world.create_account(&emails[0]);
    fill(&world, &emails[0], MANY)?;
    let person = Person::link(&world, &emails)?;
    person.wait_ready()?;
    eventually_titled(&world, &person, "all events are blocked", MANY, "Busy")?;
    person.wait_settled(SOON)?;
    let target = overlay(&world, &emails[1])?;

    // Google takes its time, as it does.
    world.google.with(|google| google.settings.response_delay_ms = 120);
    let before = world.now_seq();
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({})))?;
    let live = json!({"summary": format!("{PLANTED} live"),
        "start": {"dateTime": "2027-01-01T09:00:00Z"}, "end": {"dateTime": "2027-01-01T10:00:00Z"}});
    let edit = world.insert(&emails[0], &live)?;
    eventually_titled(&world, &person, "all titles show", MANY + 1, PLANTED)?;
    person.wait_settled(SOON)?;
    let entries = world.since(before);
    let written = count(&entries, "write", &target);
    ensure!(written == MANY + 1, "{written} writes for {MANY} titles and one new event");
    let inserted = entries.iter().position(|entry| {
        entry.kind == "write" && entry.calendar == target && entry.what.as_deref() == Some("insert")
    });
    let later = count(&entries[inserted.context("the new event was not written")?..], "write", &target);
    ensure!(later > 100, "only {later} of {written} writes came after the one that somebody waited for");
    ensure!(edit.seq > before, "the edit was not made meanwhile");

    // Twice changed in a row: what was said last holds.
    person.put_edge(&person.edge(0, 1, "FULL", &json!({"shape": {"title": "Full {title}"}})))?;
    let policy = person.put_edge(&person.edge(0, 1, "BUSY", &json!({})))?;
    ensure!(policy["reprojecting"] == true, "{policy}");
    eventually_titled(&world, &person, "only time shows again", MANY + 1, "Busy")?;
    person.wait_settled(SOON * 3)?;
    for mirror in mirrors(&world, &emails[1])? {
        ensure!(!mirror.contains_key("description"), "a mirror of the policy in between is left");
    }
    stage.collect(&world);
    Ok(())
}

/// One full run of the primary calendar of the first account.
fn run(world: &World, person: &Person) -> Result<()> {
    let calendar = person.calendar(0, "PRIMARY")?;
    let path = format!("/v1/admin/accounts/{}/resync", person.accounts[0].account);
    let answer: Value =
        world.admin_post(&path, &json!({"level": "full", "calendar": calendar}))?.expect(202)?;
    ensure!(answer["marked"] == 1, "{answer}");
    person.wait_settled(SOON)
}

/// What is held, as the API lists it.
fn held(person: &Person) -> Result<Vec<Value>> {
    let answer: Value = person.get("/v1/holds")?.expect(200)?;
    Ok(answer["holds"].as_array().context("no holds")?.clone())
}

/// Every event of a hold, some at a time.
fn pages(person: &Person, calendar: &str) -> Result<Vec<Value>> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page: Value = person.get(&format!("/v1/holds/{calendar}?limit=15{after}"))?.expect(200)?;
        all.extend(page["events"].as_array().context("no events")?.iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return Ok(all) };
        after = format!("&cursor={next}");
        ensure!(all.len() <= ALL, "the pages do not end");
    }
}

/// Most of a calendar is gone from two full lists: held, shown, rejected, held again, approved.
pub(crate) fn decided(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails = ["held-1", "held-2"].map(|name| format!("{name}@{DOMAIN}"));
    world.create_account(&emails[0]);
    let ids = fill(world, &emails[0], ALL)?;
    let person = Person::link(world, &emails)?;
    person.wait_ready()?;
    eventually_titled(world, &person, "all events are blocked", ALL, "Busy")?;
    person.wait_settled(SOON)?;
    ensure!(held(&person)?.is_empty(), "something is held from the start");

    let titles: Vec<String> = (0..GONE).map(|n| format!("{PLANTED} {n}")).collect();
    world.vanish(&emails[0], &ids[..GONE])?;
    run(world, &person)?;
    ensure!(held(&person)?.is_empty(), "one list is enough to hold something");
    run(world, &person)?;
    let holds = held(&person)?;
    let calendar = person.calendar(0, "PRIMARY")?;
    ensure!(holds.len() == 1 && holds[0]["calendar"] == calendar.as_str(), "{holds:?}");
    ensure!((&holds[0]["missing"], &holds[0]["total"]) == (&json!(GONE), &json!(ALL)), "{holds:?}");
    let shown = pages(&person, &calendar)?;
    let mut found: Vec<&str> = shown.iter().filter_map(|event| event["title"].as_str()).collect();
    found.sort_unstable();
    let mut expected: Vec<&str> = titles.iter().map(String::as_str).collect();
    expected.sort_unstable();
    ensure!(found == expected, "it would delete {} events", found.len());
    eventually_titled(world, &person, "nothing is deleted", ALL, "Busy")?;

    // Whoever is told by a tombstone is deleted all the same; whoever is seen again is not held.
    let edit = world.delete(&emails[0], &ids[GONE])?;
    wait_done(world, &person, &edit, SOON)?;
    let back = json!({"id": ids[0], "summary": titles[0],
        "start": {"dateTime": "2026-04-01T00:00:00Z"}, "end": {"dateTime": "2026-04-01T00:30:00Z"}});
    let edit = world.insert(&emails[0], &back)?;
    wait_done(world, &person, &edit, SOON)?;
    eventually_titled(world, &person, "one is deleted", ALL - 1, "Busy")?;
    ensure!(held(&person)?[0]["missing"] == GONE - 1, "{:?}", held(&person)?);
    ensure!(pages(&person, &calendar)?.len() == GONE - 1, "what is there again is still shown as gone");

    // Rejected: all stay, and only two more lists would hold them again.
    let decide = |run: &Value, decision: &str, status: u16| -> Result<Value> {
        let body = json!({"run": run, "decision": decision});
        person.post(&format!("/v1/holds/{calendar}"), &body)?.expect(status)
    };
    let decided = decide(&holds[0]["run"], "reject", 200)?;
    ensure!(decided["events"] == GONE - 1, "{decided}");
    ensure!(decide(&holds[0]["run"], "approve", 202)?["events"] == 0, "what was decided is decided");
    ensure!(
        held(&person)?.is_empty() && person.get(&format!("/v1/holds/{calendar}"))?.status == 404,
        "still held"
    );
    run(world, &person)?;
    ensure!(held(&person)?.is_empty(), "one list after a rejection is enough");
    run(world, &person)?;
    let again = held(&person)?;
    ensure!(again.len() == 1 && again[0]["run"] != holds[0]["run"], "{again:?}");
    eventually_titled(world, &person, "rejected, all stay", ALL - 1, "Busy")?;
    ensure!(decide(&holds[0]["run"], "approve", 202)?["events"] == 0, "an old decision met a new sweep");

    // Approved: they go, and their blocks.
    let approved = decide(&again[0]["run"], "approve", 202)?;
    ensure!(approved["events"] == GONE - 1, "{approved}");
    eventually_titled(world, &person, "approved, they go", ALL - GONE, "Busy")?;
    person.wait_settled(SOON)?;
    ensure!(
        person.status()?.graph.is_some_and(|graph| usize::try_from(graph.events).ok() == Some(ALL - GONE)),
        "events are left"
    );
    ensure!(held(&person)?.is_empty(), "it is still held");
    ensure!(only_mirror(world, &emails[0]).is_err(), "an account blocks itself");
    Ok(())
}
