//! Events that mean nothing, and those that mean too much: kept apart with a reason, or made small. Neighbours are none the
//! wiser.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use fake_google::faults::{Effect, Fault, Match};
use fake_google::http::Request;
use fake_google::server::now_ms;
use serde_json::{Value, json};
use tminus_e2e::federation::{mirrors, shows_busy_only};
use tminus_e2e::person::Person;
use tminus_e2e::view::times;
use tminus_e2e::wait::{eventually, holds};
use tminus_e2e::world::World;

use crate::stage::{PLANTED, SOON, Stage, timed};

/// What stands where half of a surrogate pair is to be.
const HALF: &str = "HALF-OF-A-PAIR";

fn on(day: u32) -> Value {
    timed(&format!("2026-04-{day:02}"), 9, 10)
}

fn series(day: u32, lines: &[&str]) -> Value {
    let mut event = on(day);
    event["recurrence"] = json!(lines);
    event
}

/// A start by the clock of its zone alone.
fn floating() -> Value {
    let mut event = on(4);
    event["start"]["dateTime"] = "2026-04-04T09:00:00".into();
    event
}

fn with(mut event: Value, key: &str, value: Value) -> Value {
    event[key] = value;
    event
}

/// What cannot be meant, by its id, with the reason that its owner reads.
fn senseless() -> Vec<(&'static str, Value, &'static str)> {
    let zone = |zone: &str| {
        let mut event = series(2, &["RRULE:FREQ=WEEKLY;COUNT=3"]);
        event["start"]["timeZone"] = zone.into();
        event["end"]["timeZone"] = zone.into();
        event
    };
    let lines: Vec<String> =
        (0..200).map(|n| format!("RDATE:2027{:02}01T0900{:02}Z", n % 12 + 1, n % 60)).collect();
    let mut old = series(3, &["RRULE:FREQ=YEARLY"]);
    old["start"]["dateTime"] = "1890-04-03T09:00:00Z".into();
    old["end"]["dateTime"] = "1890-04-03T10:00:00Z".into();
    let mut mars = floating();
    mars["start"]["timeZone"] = "Mars/Olympus_Mons".into();
    vec![
        ("secondly", series(1, &["RRULE:FREQ=SECONDLY"]), "a rule repeats more often than daily"),
        ("minutely", series(1, &["RRULE:FREQ=MINUTELY;COUNT=3"]), "a rule repeats more often than daily"),
        ("nointerval", series(1, &["RRULE:FREQ=DAILY;INTERVAL=0"]), "a rule repeats at no interval"),
        ("norule", series(1, &["RRULE:WHENEVER"]), "a recurrence line is malformed"),
        ("noline", series(1, &["X-PLANTED:planted-secret"]), "a recurrence line is malformed"),
        ("nozone", zone("Mars/Olympus_Mons"), "a zone of the series is not known"),
        ("toolong", with(on(5), "recurrence", json!(lines)), "the series is too long"),
        ("tooold", old, "the series starts before 1970"),
        (
            "never",
            series(21, &["RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"]),
            "no rule of the series ever yields an occurrence",
        ),
        ("mars", mars, "a time of the event has no offset, and its zone is not known"),
        ("backwards", timed("2026-04-06", 10, 9), "the event ends before it starts"),
        (
            "longplace",
            with(on(7), "location", "planted-secret ".repeat(10_000).into()),
            "the event is too large",
        ),
        (
            "noletters",
            with(on(8), "summary", json!({"text": PLANTED})),
            "the event does not fit the provider's schema",
        ),
        (
            "nooriginal",
            with(on(9), "recurringEventId", "a-series".into()),
            "the event does not fit the provider's schema",
        ),
    ]
}

/// What is meant all the same: an event, one block at its time.
fn excessive() -> Vec<(String, Value)> {
    let guests: Vec<Value> = (0..5_000)
        .map(|n| json!({"email": format!("guest{n}@planted-address.example"), "responseStatus": "accepted"}))
        .collect();
    let mut outlook = series(12, &["RRULE:FREQ=WEEKLY;COUNT=3"]);
    for key in ["start", "end"] {
        outlook[key]["timeZone"] = "W. Europe Standard Time".into();
    }
    let mut elsewhere = on(13);
    elsewhere["start"]["timeZone"] = "Mars/Olympus_Mons".into();
    vec![
        ("longtext".to_owned(), with(on(10), "description", "planted-secret ".repeat(140_000).into())),
        ("manyguests".to_owned(), with(on(11), "attendees", guests.into())),
        ("outlook".to_owned(), outlook),
        ("elsewhere".to_owned(), elsewhere),
        ("floating".to_owned(), floating()),
        ("_".to_owned(), on(14)),
        ("with/slash?and=more&#%25 \u{1f4c5} 'quote'".to_owned(), on(15)),
        ("v".repeat(1_024), on(16)),
        ("endlessly".to_owned(), series(17, &["RRULE:FREQ=YEARLY;COUNT=1000000000"])),
        ("longtitle".to_owned(), with(on(18), "summary", "\u{1f600}".repeat(5_000).into())),
    ]
}

/// Each by itself, between two good ones; then all of them mended, and the calendar goes on as ever.
pub(crate) fn quarantined(stage: &Stage) -> Result<()> {
    let (world, person) = (&stage.world, stage.person("nonsense", 2)?);
    let calendar = person.primary(0).to_owned();
    let first = world.insert(&calendar, &timed("2026-05-01", 9, 10))?;
    let (senseless, excessive) = (senseless(), excessive());
    for (id, event, _) in &senseless {
        world.plant(&calendar, &with(event.clone(), "id", (*id).into()))?;
    }
    for (id, event) in &excessive {
        world.plant(&calendar, &with(event.clone(), "id", id.as_str().into()))?;
    }
    let last = world.insert(&calendar, &timed("2026-05-02", 9, 10))?;
    let good = excessive.len() + 2;
    eventually_mirrored(world, &person, good)?;
    let expected: BTreeMap<String, String> =
        senseless.iter().map(|(id, _, reason)| ((*id).to_owned(), (*reason).to_owned())).collect();
    eventually_quarantined(&person, &expected)?;
    for mirror in mirrors(world, person.primary(1))? {
        shows_busy_only(&mirror)?;
        times(&mirror)?;
    }
    half_a_pair(world, &person, &expected)?;

    // The neighbours come and go.
    world.delete(&calendar, &first.id)?;
    world.delete(&calendar, &last.id)?;
    eventually_mirrored(world, &person, good - 2)?;
    // What is mended is like any other, once somebody asks for it; half of a pair was a slip of the list.
    world.google.with(|google| google.settings.pushes_enabled = false);
    for (id, ..) in &senseless {
        world.plant(&calendar, &with(timed("2026-05-09", 9, 10), "id", (*id).into()))?;
    }
    world.google.with(|google| google.settings.pushes_enabled = true);
    let replay = format!("/v1/accounts/{}/quarantine/replay", person.accounts[0].account);
    let answer: Value = person.post(&replay, &json!({}))?.expect(202)?;
    ensure!(answer["asked"] == senseless.len() + 1, "{answer}");
    eventually_mirrored(world, &person, good - 2 + senseless.len() + 1)?;
    eventually_quarantined(&person, &BTreeMap::new())?;
    let status = person.status()?;
    let failed =
        status.accounts.iter().flat_map(|account| &account.calendars).find(|known| known.failures > 0);
    ensure!(failed.is_none(), "a calendar failed: {failed:?}");
    ensure!(status.accounts.iter().all(|account| account.dead_letters == 0), "a letter was given up");
    Ok(())
}

fn eventually_mirrored(world: &World, person: &Person, count: usize) -> Result<()> {
    eventually("what can be meant is mirrored", SOON, || {
        let mirrors = mirrors(world, person.primary(1))?;
        holds(mirrors.len() == count, || {
            let seen: Vec<String> = mirrors.iter().filter_map(|mirror| times(mirror).ok()).collect();
            format!("{} of {count} mirrors: {seen:?}", mirrors.len())
        })
    })?;
    person.wait_written(SOON)
}

/// Waits until these ids are in quarantine with these reasons, and nothing else.
fn eventually_quarantined(person: &Person, expected: &BTreeMap<String, String>) -> Result<()> {
    eventually("what cannot be meant is in quarantine", SOON, || {
        let items = person.status()?.graph.context("no graph")?.quarantined;
        let found: BTreeMap<String, String> =
            items.into_iter().map(|item| (item.event_id.unwrap_or_default(), item.reason)).collect();
        holds(found == *expected, || {
            let missing: Vec<_> =
                expected.iter().filter(|(id, reason)| found.get(*id) != Some(reason)).collect();
            let surplus: Vec<_> =
                found.iter().filter(|(id, reason)| expected.get(*id) != Some(reason)).collect();
            format!("missing {missing:?}, too much {surplus:?}")
        })
    })
}

/// A title that is no text: JSON can hold half of a surrogate pair, UTF-8 cannot.
fn half_a_pair(world: &World, person: &Person, others: &BTreeMap<String, String>) -> Result<()> {
    let calendar = person.primary(0).to_owned();
    world.google.with(|google| google.settings.pushes_enabled = false);
    let broken = with(with(on(20), "id", "halfapair".into()), "summary", HALF.into());
    world.plant(&calendar, &broken)?;
    let page = world.google.with(|google| -> Result<String> {
        let now = now_ms();
        let minted =
            google.handle(&Request::new("POST", "/control/tokens").json(&json!({"email": calendar})), now);
        let token = minted.value()["access_token"].as_str().context("no token")?.to_owned();
        let path = format!("/calendar/v3/calendars/{calendar}/events?showDeleted=true&maxResults=2500");
        let listed = google.handle(&Request::new("GET", &path).bearer(&token), now);
        Ok(String::from_utf8(listed.body)?.replace(HALF, "\\ud83d"))
    })?;
    ensure!(page.contains("\\ud83d") && page.contains("nextSyncToken"), "no page to break");
    world.google.with(|google| {
        let matches = Match {
            operation: Some("events.list".to_owned()),
            calendar: Some(calendar.clone()),
            ..Match::default()
        };
        let effect = Effect { status: Some(200), body: Some(page), ..Effect::default() };
        google.faults.push(Fault { matches, effect, seen: 0 });
        google.settings.pushes_enabled = true;
    });
    let after = world.insert(&calendar, &timed("2026-05-03", 9, 10))?;
    let mut expected = others.clone();
    expected.insert("halfapair".to_owned(), "the event does not fit the provider's schema".to_owned());
    eventually_quarantined(person, &expected)?;
    person.wait_written(SOON)?;
    world.delete(&calendar, &after.id).map(drop)
}
