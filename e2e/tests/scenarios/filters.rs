//! What is copied along an edge: each filter against the same events.

use anyhow::{Context, Result, ensure};
use chrono::{TimeDelta, Utc};
use serde_json::{Value, json};
use tminus_e2e::federation::mirrors;
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::wait_done;
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{PLANTED, SOON, Stage};

/// The events: on a Wednesday in April, but for one on a Sunday, one at night, and two that are told from today.
fn events(owner: &str) -> Vec<(&'static str, Value)> {
    let at = |from: &str, to: &str| {
        json!({"start": {"dateTime": from, "timeZone": "Europe/Berlin"},
            "end": {"dateTime": to, "timeZone": "Europe/Berlin"}})
    };
    let hour = |mut more: Value| {
        let times = at("2026-04-01T09:00:00", "2026-04-01T10:00:00");
        more["start"] = times["start"].clone();
        more["end"] = times["end"].clone();
        more
    };
    let answer = |response: &str| {
        json!({"attendees": [{"email": owner, "responseStatus": response},
            {"email": format!("{PLANTED}@{DOMAIN}"), "responseStatus": "accepted"}]})
    };
    let day = |more: Value| {
        let mut event = more;
        event["start"] = json!({"date": "2026-04-01"});
        event["end"] = json!({"date": "2026-04-02"});
        event
    };
    let away = |days: i64| {
        let from = Utc::now() + TimeDelta::days(days);
        let text = |hours: i64| (from + TimeDelta::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        // A week, so that some of it is in any working hours.
        at(&text(0), &text(7 * 24))
    };
    let series = |rule: &str| hour(json!({"recurrence": [rule]}));
    vec![
        ("plain", hour(json!({}))),
        ("declined", hour(answer("declined"))),
        ("tentative", hour(answer("tentative"))),
        ("unanswered", hour(answer("needsAction"))),
        ("accepted", hour(answer("accepted"))),
        ("free", hour(json!({"transparency": "transparent"}))),
        ("day", day(json!({}))),
        ("free day", day(json!({"transparency": "transparent"}))),
        ("focus", hour(json!({"eventType": "focusTime"}))),
        ("lunch", hour(json!({}))),
        ("described", hour(json!({"description": format!("{PLANTED} Project X")}))),
        ("tagged", hour(json!({"description": "whatever #NoSync"}))),
        ("night", at("2026-04-01T22:00:00", "2026-04-01T23:00:00")),
        ("sunday", at("2026-04-05T09:00:00", "2026-04-05T10:00:00")),
        ("past series", series("RRULE:FREQ=WEEKLY;COUNT=3")),
        ("endless series", series("RRULE:FREQ=WEEKLY")),
        ("soon", away(3)),
        ("later", away(30)),
    ]
}

/// What is copied as long as nothing is said: as a set, with those that take no time marked.
const USUAL: [&str; 14] = [
    "plain",
    "tentative",
    "unanswered",
    "accepted",
    "day",
    "focus",
    "lunch",
    "described",
    "night",
    "sunday",
    "past series",
    "endless series",
    "soon",
    "later",
];

/// The usual ones without some and with others, sorted.
fn but(without: &[&str], with: &[&str]) -> Vec<String> {
    let usual = USUAL.iter().filter(|name| !without.contains(name));
    let mut all: Vec<String> = usual.chain(with).map(|name| (*name).to_owned()).collect();
    all.sort();
    all
}

fn rows() -> Vec<(Value, Vec<String>)> {
    let only = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    vec![
        (json!({}), but(&[], &[])),
        (json!({"declined": "free"}), but(&[], &["declined (free)"])),
        (json!({"tentative": "free"}), but(&["tentative"], &["tentative (free)"])),
        (json!({"tentative": "skip"}), but(&["tentative"], &[])),
        (json!({"unanswered": "free"}), but(&["unanswered"], &["unanswered (free)"])),
        (json!({"unanswered": "skip"}), but(&["unanswered"], &[])),
        (json!({"free_events": "copy"}), but(&[], &["free (free)", "free day (free)"])),
        (json!({"free_events": "copy", "all_day": "busy"}), but(&[], &["free (free)"])),
        (json!({"all_day": "none"}), but(&["day"], &[])),
        (json!({"skip_event_types": ["focusTime"]}), but(&["focus"], &[])),
        (json!({"skip_titles": ["LUNCH$"]}), but(&["lunch"], &[])),
        (json!({"skip_descriptions": ["project x"]}), but(&["described"], &[])),
        (json!({"nosync_tag": "ignore"}), but(&[], &["tagged"])),
        (json!({"working_hours": "inside"}), but(&["night", "sunday"], &[])),
        (json!({"days_ahead": 10, "days_back": 1}), only(&["endless series", "soon"])),
        (json!({"days_ahead": 60, "days_back": 1}), only(&["endless series", "later", "soon"])),
    ]
}

/// One edge, one filter after the other: what there is already follows each of them.
pub(crate) fn all(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("filters", 2)?);
    let calendar = person.primary(0).to_owned();
    let mut last = None;
    for (name, mut event) in events(&calendar) {
        event["summary"] = format!("{PLANTED} {name}").into();
        last = Some(world.insert(&calendar, &event)?);
    }
    wait_done(world, &person, &last.context("no event")?, SOON)?;
    let hours = json!({"zone": "Europe/Berlin", "days": ["mon", "tue", "wed", "thu", "fri"],
        "from": "08:00", "to": "18:00"});
    person.put("/v1/working-hours", &hours)?.expect::<Value>(200)?;
    for (filters, expected) in rows() {
        person.put_edge(&person.edge(0, 1, "TITLE", &json!({"filters": filters})))?;
        copies(world, &person, &expected).with_context(|| filters.to_string())?;
    }

    // The hours of someone else: the night shift.
    person.put_edge(&person.edge(
        0,
        1,
        "TITLE",
        &json!({"filters": {"working_hours": "inside", "days_back": 3_660}}),
    ))?;
    copies(world, &person, &but(&["night", "sunday"], &[]))?;
    let night = json!({"zone": "Europe/Berlin", "days": ["wed"], "from": "21:00", "to": "02:00"});
    person.put("/v1/working-hours", &night)?.expect::<Value>(200)?;
    eventually("other hours count", SOON, || {
        let found = titles(world, &person)?;
        holds(
            found.iter().any(|title| title == "night") && found.iter().all(|title| title != "plain"),
            || format!("{found:?}"),
        )
    })?;
    person.put("/v1/working-hours", &Value::Null)?.expect::<Value>(200)?;
    copies(world, &person, &but(&[], &[])).context("without hours nothing is outside of them")?;

    // A change of an event moves it in and out of a filter.
    person.put_edge(&person.edge(0, 1, "TITLE", &json!({"filters": {"tentative": "skip"}})))?;
    copies(world, &person, &but(&["tentative"], &[]))?;
    let events = world.events(&calendar)?;
    let invitation = events.iter().find(|event| event["summary"] == format!("{PLANTED} tentative").as_str());
    let id = invitation.context("no invitation")?["id"].as_str().unwrap_or_default().to_owned();
    let edit = world.respond(&calendar, &id, "accepted")?;
    wait_done(world, &person, &edit, SOON)?;
    copies(world, &person, &but(&[], &[]))?;
    let edit = world.respond(&calendar, &id, "tentative")?;
    wait_done(world, &person, &edit, SOON)?;
    copies(world, &person, &but(&["tentative"], &[]))
}

/// The titles of the mirrors, and which take no time.
fn titles(world: &World, person: &Person) -> Result<Vec<String>> {
    let mirrors = mirrors(world, person.primary(1))?;
    let title = |mirror: &fake_google::model::Object| {
        let title =
            mirror["summary"].as_str().unwrap_or_default().trim_start_matches(PLANTED).trim().to_owned();
        let is_free = mirror.get("transparency").is_some_and(|value| value == "transparent");
        if is_free { format!("{title} (free)") } else { title }
    };
    let mut titles: Vec<String> = mirrors.iter().map(title).collect();
    titles.sort();
    Ok(titles)
}

fn copies(world: &World, person: &Person, expected: &[String]) -> Result<()> {
    eventually("the mirrors are those that the filters let through", SOON, || {
        let found = titles(world, person)?;
        holds(found == expected, || {
            let missing: Vec<_> = expected.iter().filter(|title| !found.contains(title)).collect();
            let surplus: Vec<_> = found.iter().filter(|title| !expected.contains(title)).collect();
            format!("missing {missing:?}, too much {surplus:?}")
        })
    })?;
    person.wait_written(SOON)?;
    let found = titles(world, person)?;
    ensure!(found == expected, "it did not stay: {found:?}");
    Ok(())
}
