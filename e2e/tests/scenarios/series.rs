//! Series: one event in each overlay, with what differs from it as instances, in as few writes as there are changes.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fake_google::model::Object;
use serde_json::{Value, json};
use tminus_e2e::federation::{mirrors, shows_busy_only};
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::{all_times, blocks, wait_blocks, wait_done, wait_views, writes};
use tminus_e2e::world::{Edit, World};

use crate::stage::{PLANTED, SOON, Stage, timed};

/// A series of an hour from nine on, in Berlin.
fn weekly(first: &str, lines: &[&str]) -> Value {
    let mut event = timed(first, 9, 10);
    // By the clock on the wall there, whatever its offset is that day.
    event["start"]["dateTime"] = format!("{first}T09:00:00").into();
    event["end"]["dateTime"] = format!("{first}T10:00:00").into();
    event["recurrence"] = json!(lines);
    event
}

/// The one series in the overlay of the n-th account, and its exceptions.
fn parts(world: &World, person: &Person, n: usize) -> Result<(Object, Vec<Object>)> {
    let (mut series, others): (Vec<_>, Vec<_>) =
        mirrors(world, person.primary(n))?.into_iter().partition(|event| event.contains_key("recurrence"));
    ensure!(series.len() == 1, "{} series instead of one", series.len());
    let series = series.pop().context("no series")?;
    for other in &others {
        ensure!(
            other.get("recurringEventId") == series.get("id"),
            "an event that is no instance of the series"
        );
        shows_busy_only(other)?;
    }
    shows_busy_only(&series)?;
    Ok((series, others))
}

/// Makes a change, waits until it shows everywhere, and fails unless it took so many writes into each overlay but that of
/// the first account.
fn costs(
    world: &World,
    person: &Person,
    most: usize,
    what: &str,
    change: impl FnOnce() -> Result<Edit>,
) -> Result<()> {
    let before = world.now_seq();
    let edit = change()?;
    wait_done(world, person, &edit, SOON)?;
    wait_views(world, person, SOON)?;
    world.quiet(Duration::from_millis(200), SOON)?;
    for n in 1..person.accounts.len() {
        let made = writes(world, person, n, before)?;
        ensure!(made == most, "{what}: {made} writes into the overlay of account {n} instead of {most}");
    }
    Ok(())
}

/// Made, moved and deleted at one write a target, over a change of clocks; renamed at none.
pub(crate) fn one_event(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("series", 3)?);
    let calendar = person.primary(0).to_owned();
    let lines = [
        "RRULE:FREQ=WEEKLY;COUNT=8",
        "EXDATE;TZID=Europe/Berlin:20260318T090000",
        "RDATE;TZID=Europe/Berlin:20260320T090000",
    ];
    let mut id = String::new();
    costs(world, &person, 1, "a series", || {
        let made = world.insert(&calendar, &weekly("2026-03-04", &lines))?;
        id.clone_from(&made.id);
        Ok(made)
    })?;
    for n in [1, 2] {
        let (series, exceptions) = parts(world, &person, n)?;
        ensure!(exceptions.is_empty(), "{} exceptions of a series that has none", exceptions.len());
        ensure!(series["start"]["timeZone"] == "Europe/Berlin", "the series repeats in {}", series["start"]);
        let seen = all_times(&blocks(world, &person, n)?)?;
        ensure!(seen.len() == 8, "{seen:?}");
        for times in ["2026-03-25T08:00Z/2026-03-25T09:00Z", "2026-04-01T07:00Z/2026-04-01T08:00Z"] {
            ensure!(seen.iter().any(|seen| seen == times), "no block at {times}: {seen:?}");
        }
    }
    let listed = person.listed("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z")?;
    ensure!(listed.len() == 8, "{} occurrences are listed", listed.len());
    let is_one = listed.iter().all(|each| each["event"] == listed[0]["event"]);
    ensure!(is_one, "the occurrences are of several events");

    costs(world, &person, 1, "a series that moves", || world.shift(&calendar, &id, 30))?;
    let renamed = json!({"summary": "planted-secret new title", "location": "planted-secret elsewhere"});
    costs(world, &person, 0, "a series that is renamed", || world.patch(&calendar, &id, &renamed))?;
    let longer = json!({"recurrence": ["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=4"]});
    costs(world, &person, 1, "another rule", || world.patch(&calendar, &id, &longer))?;
    ensure!(blocks(world, &person, 1)?.len() == 4, "the old rule still shows");
    costs(world, &person, 1, "a series that is deleted", || world.delete(&calendar, &id))?;
    ensure!(mirrors(world, person.primary(1))?.is_empty(), "the series stayed");

    // A series of whole days stays one of days.
    let mut days = json!({"start": {"date": "2026-03-26"}, "end": {"date": "2026-03-28"}});
    days["summary"] = "planted-secret days".into();
    days["recurrence"] = json!(["RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20260402"]);
    costs(world, &person, 1, "a series of days", || world.insert(&calendar, &days))?;
    ensure!(
        all_times(&blocks(world, &person, 2)?)? == ["2026-03-26/2026-03-28", "2026-04-09/2026-04-11"],
        "{:?}",
        all_times(&blocks(world, &person, 2)?)?
    );
    Ok(())
}

/// One occurrence moved, renamed, cancelled, restored, freed: an instance of the mirrored series, one write, or none if it
/// does not show.
pub(crate) fn exceptions(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("exceptions", 2)?);
    // Google cancels the exceptions of dates that a series no longer has; elsewhere it leaves them.
    world.google.with(|google| google.settings.keep_orphaned_exceptions = false);
    let calendar = person.primary(0).to_owned();
    let made = world.insert(&calendar, &weekly("2026-03-02", &["RRULE:FREQ=WEEKLY;BYDAY=MO,WE"]))?;
    wait_views(world, &person, SOON)?;
    let of = |stamp: &str| format!("{}_{stamp}", made.id);
    let (moved, renamed, gone) = (of("20260406T070000Z"), of("20260408T070000Z"), of("20260413T070000Z"));

    costs(world, &person, 1, "an instance that moves", || world.shift(&calendar, &moved, 120))?;
    ensure!(parts(world, &person, 1)?.1.len() == 1, "no instance of the mirror");
    let title = json!({"summary": "planted-secret another title", "description": "planted-secret words"});
    costs(world, &person, 0, "an instance that is renamed", || world.patch(&calendar, &renamed, &title))?;
    costs(world, &person, 1, "an instance that is cancelled", || world.delete(&calendar, &gone))?;
    let back = json!({"status": "confirmed"});
    costs(world, &person, 1, "an instance that is restored", || world.patch(&calendar, &gone, &back))?;
    let free = json!({"transparency": "transparent"});
    costs(world, &person, 1, "an instance that is free", || world.patch(&calendar, &renamed, &free))?;
    costs(world, &person, 1, "an instance that moves on", || world.shift(&calendar, &moved, 24 * 60))?;
    // A title of the whole series writes nothing, whatever its exceptions are.
    let title = json!({"summary": "planted-secret all of them"});
    costs(world, &person, 0, "a renamed series", || world.patch(&calendar, &made.id, &title))?;

    // It ends earlier: what came after goes, an exception too.
    let late = of("20260504T070000Z");
    costs(world, &person, 1, "a late exception", || world.shift(&calendar, &late, 60))?;
    let until = json!({"recurrence": ["RRULE:FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260420T070000Z"]});
    world.patch(&calendar, &made.id, &until)?;
    wait_views(world, &person, SOON)?;
    let last = all_times(&blocks(world, &person, 1)?)?.pop().context("no block")?;
    ensure!(last == "2026-04-20T07:00Z/2026-04-20T08:00Z", "the last block is {last}");

    // All of it moves: its exceptions were of times that it no longer has.
    world.shift(&calendar, &made.id, 45)?;
    wait_views(world, &person, SOON)?;
    let found = parts(world, &person, 1)?.1.len();
    ensure!(found == 0, "{found} instances of a series that has no exceptions");

    let again = of("20260406T074500Z");
    costs(world, &person, 1, "an exception of the moved series", || world.shift(&calendar, &again, 15))?;
    let edit = world.delete(&calendar, &made.id)?;
    wait_done(world, &person, &edit, SOON)?;
    wait_views(world, &person, SOON)?;
    ensure!(mirrors(world, person.primary(1))?.is_empty(), "something of the series stayed");
    ensure!(
        person.status()?.graph.is_some_and(|graph| graph.events == 0),
        "an exception outlived its series"
    );
    Ok(())
}

/// An exception before its master, one alone, a split, exceptions that were left behind, an exclusion by rule.
pub(crate) fn any_order(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("anyorder", 2)?);
    let calendar = person.primary(0).to_owned();
    // Nobody hears of the first two changes until the third; then they come one by one, the newest first.
    world.google.with(|google| {
        google.settings.pushes_enabled = false;
        google.settings.reverse_delta = true;
        google.settings.page_size_cap = Some(1);
    });
    let made = world.insert(&calendar, &weekly("2026-03-02", &["RRULE:FREQ=WEEKLY;COUNT=12"]))?;
    world.shift(&calendar, &format!("{}_20260316T080000Z", made.id), 90)?;
    world.delete(&calendar, &format!("{}_20260323T080000Z", made.id))?;
    world.google.with(|google| google.settings.pushes_enabled = true);
    world.insert(&calendar, &timed("2026-03-31", 15, 16))?;
    wait_views(world, &person, SOON)?;
    ensure!(blocks(world, &person, 1)?.len() == 12, "an exception was lost before its series");
    world.google.with(|google| {
        google.settings.reverse_delta = false;
        google.settings.page_size_cap = None;
    });

    // This and all following are later: two series, and what was an exception there is none any more.
    world.shift(&calendar, &format!("{}_20260427T070000Z", made.id), 30)?;
    wait_views(world, &person, SOON)?;
    let later = json!({
        "start": {"dateTime": "2026-04-20T13:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-04-20T14:30:00", "timeZone": "Europe/Berlin"},
    });
    let rest = world.split(&calendar, &format!("{}_20260420T070000Z", made.id), &later)?;
    wait_views(world, &person, SOON)?;
    let series = mirrors(world, person.primary(1))?;
    let series = series.iter().filter(|event| event.contains_key("recurrence")).count();
    ensure!(series == 2, "{series} series after a split");

    // The rest ends early, and Google keeps the exception of a date that is no longer in it: it stands alone.
    world.shift(&calendar, &format!("{}_20260511T110000Z", rest.id), 60)?;
    wait_views(world, &person, SOON)?;
    world.patch(&calendar, &rest.id, &json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=2"]}))?;
    wait_views(world, &person, SOON)?;
    let seen = all_times(&blocks(world, &person, 1)?)?;
    ensure!(seen.iter().any(|times| times == "2026-05-11T12:00Z/2026-05-11T13:30Z"), "{seen:?}");
    world.delete(&calendar, &rest.id)?;
    wait_views(world, &person, SOON)?;

    // Google keeps an EXRULE: whoever understands it sees the same in both calendars.
    let lines = ["RRULE:FREQ=DAILY;COUNT=6", "EXRULE:FREQ=DAILY;INTERVAL=2;COUNT=3"];
    world.insert(&calendar, &weekly("2026-06-01", &lines))?;
    wait_views(world, &person, SOON)?;
    let kept = mirrors(world, person.primary(1))?;
    let excludes =
        |event: &Object| event.get("recurrence").is_some_and(|all| all.to_string().contains("EXRULE"));
    ensure!(kept.iter().filter(|event| excludes(event)).count() == 1, "the exclusion was lost");

    // Somebody invites to one occurrence of a series that nobody here has.
    let outsider = format!("outsider@{DOMAIN}");
    world.create_account(&outsider);
    let theirs = world.insert(&outsider, &weekly("2026-07-06", &["RRULE:FREQ=WEEKLY;COUNT=5"]))?;
    world.invite_to_instance(&outsider, &format!("{}_20260713T070000Z", theirs.id), &calendar)?;
    wait_views(world, &person, SOON)?;
    let alone = "2026-07-13T07:00Z/2026-07-13T08:00Z";
    let seen = all_times(&blocks(world, &person, 1)?)?;
    ensure!(seen.iter().filter(|times| *times == alone).count() == 1, "{seen:?}");
    world.delete(&calendar, &format!("{}_20260713T070000Z", theirs.id))?;
    let without: Vec<String> = seen.into_iter().filter(|times| times != alone).collect();
    wait_blocks(world, &person, 1, &without, SOON)?;
    ensure!(!serde_json::to_string(&kept)?.contains(PLANTED), "a series shows what it is about");
    Ok(())
}
