//! Events of every shape that a provider knows, and of some that it does not know yet.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::federation::shows_busy_only;
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::view::{blocks, wait_blocks, wait_done};

use crate::stage::{PLANTED, SOON, Stage, timed};

/// How an event comes into the calendar.
#[derive(Clone, Copy)]
enum By {
    /// A human types it.
    Hand,
    /// As only Google itself can store it.
    Google,
}

/// A name, how it comes in, what it is, and the block that it is to be.
type Shape = (&'static str, By, Value, Option<&'static str>);

fn at(time: &str, zone: &str) -> Value {
    json!({"dateTime": time, "timeZone": zone})
}

fn hour(day: u32, mut event: Value) -> Value {
    event["start"] = at(&format!("2026-05-{day:02}T09:00:00+02:00"), "Europe/Berlin");
    event["end"] = at(&format!("2026-05-{day:02}T10:00:00+02:00"), "Europe/Berlin");
    event
}

fn answered(owner: &str, response: &str) -> Value {
    json!({"attendees": [
        {"email": owner, "self": true, "responseStatus": response},
        {"email": format!("{PLANTED}@{DOMAIN}"), "responseStatus": "accepted"}]})
}

fn times_of_day() -> Vec<Shape> {
    let days = |from: &str, to: &str| json!({"start": {"date": from}, "end": {"date": to}});
    let span = |from: Value, to: Value| json!({"start": from, "end": to});
    let berlin = "Europe/Berlin";
    vec![
        ("timed", By::Hand, hour(1, json!({})), Some("2026-05-01T07:00Z/2026-05-01T08:00Z")),
        ("one day", By::Hand, days("2026-04-02", "2026-04-03"), Some("2026-04-02/2026-04-03")),
        ("three days", By::Hand, days("2026-04-06", "2026-04-09"), Some("2026-04-06/2026-04-09")),
        (
            "two nights",
            By::Hand,
            span(at("2026-04-03T22:00:00+02:00", berlin), at("2026-04-05T06:00:00+02:00", berlin)),
            Some("2026-04-03T20:00Z/2026-04-05T04:00Z"),
        ),
        (
            "no length",
            By::Hand,
            span(at("2026-04-10T09:00:00+02:00", berlin), at("2026-04-10T09:00:00+02:00", berlin)),
            Some("2026-04-10T07:00Z/2026-04-10T07:00Z"),
        ),
        (
            "floating",
            By::Hand,
            span(at("2026-04-11T09:00:00", berlin), at("2026-04-11T10:00:00", berlin)),
            Some("2026-04-11T07:00Z/2026-04-11T08:00Z"),
        ),
        (
            "floating still",
            By::Google,
            span(at("2026-04-12T09:00:00", "UTC"), at("2026-04-12T10:00:00", "UTC")),
            Some("2026-04-12T09:00Z/2026-04-12T10:00Z"),
        ),
        (
            "a flight",
            By::Hand,
            span(at("2026-04-13T09:00:00+02:00", berlin), at("2026-04-14T04:00:00+09:00", "Asia/Tokyo")),
            Some("2026-04-13T07:00Z/2026-04-13T19:00Z"),
        ),
        (
            "over the change of clocks",
            By::Hand,
            span(at("2026-03-29T01:30:00+01:00", berlin), at("2026-03-29T03:30:00+02:00", berlin)),
            Some("2026-03-29T00:30Z/2026-03-29T01:30Z"),
        ),
        (
            "no end",
            By::Google,
            json!({"start": at("2026-04-15T09:00:00+02:00", berlin)}),
            Some("2026-04-15T07:00Z/2026-04-15T07:00Z"),
        ),
        ("far off", By::Hand, days("2099-12-31", "2100-01-01"), Some("2099-12-31/2100-01-01")),
    ]
}

fn kinds(owner: &str) -> Vec<Shape> {
    let word = |day: u32, key: &str, value: &str| hour(day, json!({key: value}));
    let unknown = json!({
        "status": "maybe", "visibility": "friends", "transparency": "translucent", "eventType": "hologram",
        "attendees": [{"email": owner, "self": true, "responseStatus": "perhaps"}],
    });
    vec![
        ("free", By::Hand, word(2, "transparency", "transparent"), None),
        ("tentative", By::Hand, word(3, "status", "tentative"), Some("2026-05-03T07:00Z/2026-05-03T08:00Z")),
        ("cancelled", By::Google, word(4, "status", "cancelled"), None),
        ("public", By::Hand, word(5, "visibility", "public"), Some("2026-05-05T07:00Z/2026-05-05T08:00Z")),
        ("private", By::Hand, word(6, "visibility", "private"), Some("2026-05-06T07:00Z/2026-05-06T08:00Z")),
        (
            "confidential",
            By::Hand,
            word(7, "visibility", "confidential"),
            Some("2026-05-07T07:00Z/2026-05-07T08:00Z"),
        ),
        ("birthday", By::Google, word(8, "eventType", "birthday"), None),
        ("workingLocation", By::Google, word(9, "eventType", "workingLocation"), None),
        (
            "outOfOffice",
            By::Google,
            word(10, "eventType", "outOfOffice"),
            Some("2026-05-10T07:00Z/2026-05-10T08:00Z"),
        ),
        (
            "focusTime",
            By::Google,
            word(11, "eventType", "focusTime"),
            Some("2026-05-11T07:00Z/2026-05-11T08:00Z"),
        ),
        (
            "fromGmail",
            By::Google,
            word(12, "eventType", "fromGmail"),
            Some("2026-05-12T07:00Z/2026-05-12T08:00Z"),
        ),
        ("declined", By::Hand, hour(13, answered(owner, "declined")), None),
        (
            "needsAction",
            By::Hand,
            hour(14, answered(owner, "needsAction")),
            Some("2026-05-14T07:00Z/2026-05-14T08:00Z"),
        ),
        (
            "perhaps",
            By::Hand,
            hour(15, answered(owner, "tentative")),
            Some("2026-05-15T07:00Z/2026-05-15T08:00Z"),
        ),
        (
            "accepted",
            By::Hand,
            hour(16, answered(owner, "accepted")),
            Some("2026-05-16T07:00Z/2026-05-16T08:00Z"),
        ),
        ("unknown words", By::Google, hour(17, unknown), Some("2026-05-17T07:00Z/2026-05-17T08:00Z")),
        (
            "a guest's",
            By::Google,
            hour(18, json!({"organizer": {"email": format!("{PLANTED}@{DOMAIN}")}, "sequence": 7})),
            Some("2026-05-18T07:00Z/2026-05-18T08:00Z"),
        ),
    ]
}

/// Each is one block at its time, or rightly none, and shows nothing else.
pub(crate) fn every_shape(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("shapes", 2)?);
    world.google.with(|google| google.settings.year_zero_created = true);
    let calendar = person.primary(0).to_owned();
    let shapes: Vec<Shape> = times_of_day().into_iter().chain(kinds(&calendar)).collect();
    for (n, (name, by, event, _)) in shapes.iter().enumerate() {
        let mut event = event.clone();
        event["summary"] = format!("{PLANTED} {name}").into();
        event["description"] = format!("{PLANTED} description").into();
        match by {
            By::Hand => world.insert(&calendar, &event)?,
            By::Google => {
                event["id"] = format!("shape{n:02}").into();
                world.plant(&calendar, &event)?
            }
        };
    }
    let expected: Vec<&str> = shapes.iter().filter_map(|(.., block)| *block).collect();
    wait_blocks(world, &person, 1, &expected, SOON)?;
    for mirror in blocks(world, &person, 1)? {
        shows_busy_only(&mirror)?;
    }
    ensure!(blocks(world, &person, 0)?.is_empty(), "an account blocks itself");
    known(&person, shapes.len())?;
    two_calendars(stage)
}

/// What is kept of them says what they are.
fn known(person: &Person, planted: usize) -> Result<()> {
    let status = person.status()?.graph.context("no graph")?;
    ensure!(status.quarantined.is_empty(), "{:?}", status.quarantined);
    ensure!(usize::try_from(status.events)? == planted - 1, "{} of {planted} events", status.events);
    let listed = person.listed("2026-03-01T00:00:00Z", "2026-06-01T00:00:00Z")?;
    let of = |name: &str| -> Result<Value> {
        let title = format!("{PLANTED} {name}");
        let event = listed.iter().find(|event| event["content"]["title"] == title.as_str());
        Ok(event.with_context(|| format!("no event {name}"))?["content"].clone())
    };
    let unknown = of("unknown words")?;
    for (key, value) in [
        ("status", "confirmed"),
        ("visibility", "default"),
        ("transparency", "opaque"),
        ("event_type", "default"),
        ("own_response", "needsAction"),
    ] {
        ensure!(unknown[key] == value, "an unknown {key} is taken for {}", unknown[key]);
    }
    for (name, key, value) in [
        ("confidential", "visibility", "private"),
        ("public", "visibility", "public"),
        ("tentative", "status", "tentative"),
        ("free", "transparency", "transparent"),
        ("declined", "own_response", "declined"),
        ("perhaps", "own_response", "tentative"),
        ("accepted", "own_response", "accepted"),
        ("timed", "own_response", "notInvited"),
        ("timed", "organizer", "own"),
        ("a guest's", "organizer", "other"),
        ("focusTime", "event_type", "focusTime"),
    ] {
        ensure!(of(name)?[key] == value, "{name}: {key} is {}", of(name)?[key]);
    }
    ensure!(of("a guest's")?["sequence"] == 7, "the sequence is not kept");
    let zones = of("a flight")?["when"]["timed"].clone();
    ensure!(
        (&zones["zone"], &zones["end_zone"]) == (&json!("Europe/Berlin"), &json!("Asia/Tokyo")),
        "{zones}"
    );
    Ok(())
}

/// The same id in two calendars of one account: two events, two blocks, each with a life of its own.
fn two_calendars(stage: &Stage) -> Result<()> {
    let world = &stage.world;
    let emails = ["sameid-1", "sameid-2"].map(|name| format!("{name}@{DOMAIN}"));
    world.create_account(&emails[0]);
    let second = world.create_calendar(&emails[0], "planted-secret calendar");
    let person = Person::link(world, &emails)?;
    person.wait_ready()?;
    for (calendar, day) in [(&emails[0], "2026-04-01"), (&second, "2026-04-02")] {
        let mut event = timed(day, 9, 10);
        event["id"] = "sharedid0001".into();
        world.insert(calendar, &event)?;
    }
    wait_blocks(
        world,
        &person,
        1,
        &["2026-04-01T07:00Z/2026-04-01T08:00Z", "2026-04-02T07:00Z/2026-04-02T08:00Z"],
        SOON,
    )?;
    let listed = person.listed("2026-04-01T00:00:00Z", "2026-04-03T00:00:00Z")?;
    ensure!(listed.len() == 2 && listed[0]["event"] != listed[1]["event"], "{} events", listed.len());
    world.shift(&second, "sharedid0001", 60)?;
    wait_blocks(
        world,
        &person,
        1,
        &["2026-04-01T07:00Z/2026-04-01T08:00Z", "2026-04-02T08:00Z/2026-04-02T09:00Z"],
        SOON,
    )?;
    let gone = world.delete(&emails[0], "sharedid0001")?;
    wait_done(world, &person, &gone, SOON)?;
    wait_blocks(world, &person, 1, &["2026-04-02T08:00Z/2026-04-02T09:00Z"], SOON)
}
