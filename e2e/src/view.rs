//! A calendar as someone looks at it: series unfolded, their exceptions in place.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use chrono::{DateTime, Utc};
use fake_google::events::instance;
use fake_google::events::recur::Series;
use fake_google::model::Object;
use serde_json::Value;
use tminus_domain::mark::MARK_PROPERTY;

use crate::federation::{overlay, sources};
use crate::person::Person;
use crate::timeline::{count, wait_listed};
use crate::wait::{eventually, holds};
use crate::world::{Edit, World};

/// Series are unfolded up to here: 2027-06-01.
const HORIZON_MS: i64 = 1_811_808_000_000;
/// The most occurrences of one series.
const OCCURRENCES: usize = 1_000;

/// Every event and every occurrence in a calendar.
pub fn view(world: &World, calendar: &str) -> Result<Vec<Object>> {
    world.google.with(|google| {
        let calendar = google.calendars.get(calendar).context("no such calendar")?;
        let mut seen = Vec::new();
        for event in calendar.events.values().filter(|event| !event.cancelled()) {
            if !event.recurring() {
                seen.push(event.full());
                continue;
            }
            let series = Series::of(&event.body, calendar.zone).map_err(|error| anyhow!("{error:?}"))?;
            for occurrence in series.between(None, HORIZON_MS, OCCURRENCES) {
                let made = instance::make(event, &occurrence, calendar.zone);
                if !calendar.events.contains_key(made.text("id").unwrap_or_default()) {
                    seen.push(made.full());
                }
            }
        }
        Ok(seen)
    })
}

/// From when to when an event is: `2026-04-01T07:00Z/2026-04-01T08:00Z`, or days.
pub fn times(event: &Object) -> Result<String> {
    let at = |key: &str| -> Result<String> {
        let value = event.get(key).context("an event without time")?;
        if let Some(date) = value["date"].as_str() {
            return Ok(date.to_owned());
        }
        let text = value["dateTime"].as_str().context("neither a date nor a time")?;
        let time = DateTime::parse_from_rfc3339(text)?.with_timezone(&Utc);
        Ok(time.format("%Y-%m-%dT%H:%MZ").to_string())
    };
    Ok(format!("{}/{}", at("start")?, at("end")?))
}

/// The times of events, sorted.
pub fn all_times(events: &[Object]) -> Result<Vec<String>> {
    let mut all: Vec<String> = events.iter().map(times).collect::<Result<_>>()?;
    all.sort();
    Ok(all)
}

/// Whether an event or occurrence takes its owner's time, as Google says.
#[must_use]
pub fn takes_time(event: &Object) -> bool {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let guests = event.get("attendees").and_then(Value::as_array);
    let mut own = guests.into_iter().flatten().filter(|guest| guest["self"] == true);
    let declined = own.any(|guest| guest["responseStatus"] == "declined");
    let kind = text("eventType").unwrap_or("default");
    text("transparency") != Some("transparent")
        && !declined
        && !["birthday", "workingLocation"].contains(&kind)
        && !is_ours(event)
}

/// Whether an event carries a mark of ours.
#[must_use]
pub fn is_ours(event: &Object) -> bool {
    event.get("extendedProperties").is_some_and(|all| all["private"][MARK_PROPERTY] != Value::Null)
}

/// The occurrences in the overlay of the n-th account.
pub fn blocks(world: &World, person: &Person, n: usize) -> Result<Vec<Object>> {
    view(world, &overlay(world, person.primary(n))?)
}

/// Waits until the overlay of the n-th account shows blocks at these times and no others, and nothing is under way
/// but echoes.
pub fn wait_blocks<T: AsRef<str>>(
    world: &World,
    person: &Person,
    n: usize,
    expected: &[T],
    limit: Duration,
) -> Result<()> {
    let mut expected: Vec<String> = expected.iter().map(|times| times.as_ref().to_owned()).collect();
    expected.sort();
    let look =
        || -> Result<Option<String>> { Ok(difference(&expected, &all_times(&blocks(world, person, n)?)?)) };
    let what = format!("account {n} shows {} blocks", expected.len());
    eventually(&what, limit, || {
        let found = look()?;
        holds(found.is_none(), || found.unwrap_or_default())
    })?;
    person.wait_written(limit)?;
    let found = look()?;
    ensure!(found.is_none(), "account {n} did not stay as it was: {}", found.unwrap_or_default());
    Ok(())
}

/// What is missing and what is too much, if anything is; both are sorted.
fn difference(expected: &[String], found: &[String]) -> Option<String> {
    if expected == found {
        return None;
    }
    let mut left = found.to_vec();
    let mut missing = Vec::new();
    for times in expected {
        match left.iter().position(|other| other == times) {
            Some(at) => drop(left.remove(at)),
            None => missing.push(times),
        }
    }
    Some(format!("missing {missing:?}, too much {left:?}"))
}

/// Waits until every overlay shows, occurrence by occurrence, what takes time in the other accounts, and nothing is
/// under way but echoes. For people whose accounts share no meeting and whose policy nobody has touched.
pub fn wait_views(world: &World, person: &Person, limit: Duration) -> Result<()> {
    let taken: Vec<Vec<String>> = (0..person.accounts.len())
        .map(|n| {
            let mut all = Vec::new();
            for calendar in sources(world, person.primary(n)) {
                let seen = view(world, &calendar)?.into_iter().filter(takes_time).collect::<Vec<_>>();
                all.extend(all_times(&seen)?);
            }
            Ok(all)
        })
        .collect::<Result<_>>()?;
    for n in 0..person.accounts.len() {
        let others = taken.iter().enumerate().filter(|(m, _)| *m != n).flat_map(|(_, times)| times);
        wait_blocks(world, person, n, &others.collect::<Vec<_>>(), limit)?;
    }
    Ok(())
}

/// Waits until what an edit came to is known and written.
pub fn wait_done(world: &World, person: &Person, edit: &Edit, limit: Duration) -> Result<()> {
    wait_listed(world, edit, limit)?;
    let is_overlay = |email: &str| overlay(world, email).is_ok_and(|calendar| calendar == edit.calendar);
    if person.accounts.iter().any(|account| is_overlay(&account.email)) {
        return person.wait_settled(limit);
    }
    person.wait_written(limit)
}

/// The writes into the overlay of the n-th account after a place in the timeline.
pub fn writes(world: &World, person: &Person, n: usize, seq: u64) -> Result<usize> {
    Ok(count(&world.since(seq), "write", &overlay(world, person.primary(n))?))
}
