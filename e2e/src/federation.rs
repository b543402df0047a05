//! Which mirrors there should be, and which there are, read from Google's side alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use chrono::DateTime;
use fake_google::model::{Object, Role};
use fake_google::oauth::DEFAULT_CLIENT_ID;
use serde_json::Value;
use tminus_domain::mark::{MARK_PROPERTY, Ownership, ownership};

use crate::person::Person;
use crate::wait::{eventually, holds};
use crate::world::World;

/// Start and end as they are compared: instants in milliseconds, or dates.
pub type Span = (String, String);

/// The mirrors of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance {
    /// How many there should be.
    pub expected: usize,
    /// How many of those there are.
    pub found: usize,
    /// Second and further mirrors of an event in a calendar.
    pub duplicates: usize,
    /// Mirrors that should not be there, duplicates included.
    pub surplus: usize,
}

impl Balance {
    /// Whether everything is as it should be.
    #[must_use]
    pub const fn holds(&self) -> bool {
        self.expected == self.found && self.surplus == 0 && self.duplicates == 0
    }
}

/// The calendars of an account which are not ours.
pub fn sources(world: &World, email: &str) -> Vec<String> {
    calendars(world, email, false)
}

/// The overlay calendar of an account.
pub fn overlay(world: &World, email: &str) -> Result<String> {
    let mut own = calendars(world, email, true);
    ensure!(own.len() <= 1, "an account has {} overlay calendars", own.len());
    own.pop().context("an account has no overlay calendar")
}

fn calendars(world: &World, email: &str, ours: bool) -> Vec<String> {
    world.google.with(|google| {
        let all = google.calendars.values();
        let of = all.filter(|calendar| calendar.role(email).is_some_and(|role| role >= Role::Writer));
        let client = Some(DEFAULT_CLIENT_ID);
        of.filter(|calendar| (calendar.created_by_client.as_deref() == client) == ours)
            .map(|calendar| calendar.id.clone())
            .collect()
    })
}

/// The live events of the overlay calendar of an account.
pub fn mirrors(world: &World, email: &str) -> Result<Vec<Object>> {
    world.events(&overlay(world, email)?)
}

/// The one mirror in the overlay calendar of an account.
pub fn only_mirror(world: &World, email: &str) -> Result<Object> {
    let mut mirrors = mirrors(world, email)?;
    ensure!(mirrors.len() == 1, "{} mirrors instead of one", mirrors.len());
    mirrors.pop().context("no mirror")
}

/// When an event is.
pub fn span(event: &Object) -> Result<Span> {
    let at = |key: &str| -> Result<String> {
        let value = event.get(key).context("an event without time")?;
        if let Some(date) = value["date"].as_str() {
            return Ok(date.to_owned());
        }
        let text = value["dateTime"].as_str().context("neither a date nor a time")?;
        Ok(DateTime::parse_from_rfc3339(text)?.timestamp_millis().to_string())
    };
    Ok((at("start")?, at("end")?))
}

/// Whether an event blocks time elsewhere. Series are not counted here: `view` unfolds them.
fn blocks(event: &Object) -> bool {
    let text = |key: &str| event.get(key).and_then(Value::as_str);
    let series = event.contains_key("recurrence") || event.contains_key("recurringEventId");
    let kind = text("eventType").unwrap_or("default");
    text("transparency") != Some("transparent") && !series && !["birthday", "workingLocation"].contains(&kind)
}

/// Compares what there is with what there should be: every blocking event of every account once in the overlay
/// calendar of every other.
pub fn balance(world: &World, person: &Person) -> Result<Balance> {
    let mut blocking = Vec::new();
    for account in &person.accounts {
        for calendar in sources(world, &account.email) {
            for event in world.events(&calendar)?.iter().filter(|event| blocks(event)) {
                blocking.push((&account.email, span(event)?));
            }
        }
    }
    let mut balance = Balance::default();
    for account in &person.accounts {
        let mut wanted: BTreeMap<&Span, usize> = BTreeMap::new();
        for (_, span) in blocking.iter().filter(|(email, _)| **email != account.email) {
            *wanted.entry(span).or_default() += 1;
            balance.expected += 1;
        }
        let mut seen = BTreeSet::new();
        for event in mirrors(world, &account.email)? {
            let origin = origin(&event)?;
            balance.duplicates += usize::from(!seen.insert(origin));
            match wanted.get_mut(&span(&event)?) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    balance.found += 1;
                }
                _ => balance.surplus += 1,
            }
        }
    }
    Ok(balance)
}

/// What is wrong with the mirrors of a person, event by event.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Toll {
    /// Blocks that should be there and are not, at the time at which they should be.
    pub lost: usize,
    /// Second and further blocks of an event in a calendar.
    pub duplicated: usize,
    /// Blocks at a time at which no event is: their event was deleted or has moved on.
    pub orphaned: usize,
}

impl Toll {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares mirrors with events one by one. No two events of the person may be at the same time: a span stands for
/// its event, whatever the graph believes.
pub fn toll(world: &World, person: &Person) -> Result<Toll> {
    let mut origins: Vec<(&str, Span)> = Vec::new();
    for account in &person.accounts {
        for calendar in sources(world, &account.email) {
            for event in world.events(&calendar)?.iter().filter(|event| blocks(event)) {
                origins.push((&account.email, span(event)?));
            }
        }
    }
    let distinct: BTreeSet<&Span> = origins.iter().map(|(_, span)| span).collect();
    ensure!(distinct.len() == origins.len(), "two events are at the same time");
    let mut toll = Toll::default();
    for account in &person.accounts {
        let mut seen: BTreeMap<Span, usize> = BTreeMap::new();
        for event in mirrors(world, &account.email)? {
            origin(&event)?;
            *seen.entry(span(&event)?).or_default() += 1;
        }
        for (_, span) in origins.iter().filter(|(email, _)| *email != account.email) {
            match seen.remove(span) {
                Some(count) => toll.duplicated += count - 1,
                None => toll.lost += 1,
            }
        }
        toll.orphaned += seen.values().sum::<usize>();
    }
    Ok(toll)
}

/// The canonical event that an overlay's event is a mirror of; fails on one that is not provably ours.
pub fn origin(event: &Object) -> Result<String> {
    let id = event.get("id").and_then(Value::as_str).context("an event without id")?;
    let mark = event.get("extendedProperties").map(|all| &all["private"][MARK_PROPERTY]);
    match ownership(id, mark.and_then(Value::as_str)) {
        Ownership::Mirror(mark) => Ok(mark.event.to_string()),
        other => anyhow::bail!("an event in an overlay calendar is not ours: {other:?}"),
    }
}

/// Waits until everything is as it should be.
pub fn converge(world: &World, person: &Person, limit: Duration) -> Result<Balance> {
    eventually("every mirror is as it should be", limit, || {
        let balance = balance(world, person)?;
        Ok(if balance.holds() { Ok(balance) } else { Err(format!("{balance:?}")) })
    })
}

/// Waits until everything is as it should be and nothing is under way.
pub fn rest(world: &World, person: &Person, limit: Duration) -> Result<Balance> {
    converge(world, person, limit)?;
    person.wait_settled(limit)?;
    let balance = balance(world, person)?;
    ensure!(balance.holds(), "it did not stay as it should be: {balance:?}");
    Ok(balance)
}

/// Fails unless a mirror shows time and nothing else.
pub fn shows_busy_only(mirror: &Object) -> Result<()> {
    ensure!(mirror.get("summary").and_then(Value::as_str) == Some("Busy"), "the title shows");
    for key in ["description", "location", "attendees", "conferenceData", "hangoutLink"] {
        ensure!(!mirror.contains_key(key), "{key} shows");
    }
    let reminders = mirror.get("reminders").map(|reminders| &reminders["useDefault"]);
    ensure!(reminders != Some(&Value::Bool(true)), "the mirror reminds");
    ensure!(mirror.get("visibility").and_then(Value::as_str) == Some("private"), "the mirror is not private");
    ensure!(mirror.get("transparency").and_then(Value::as_str) != Some("transparent"), "no time is blocked");
    Ok(())
}

/// A condition over the mirrors of an account that is waited for.
pub fn eventually_mirrors(
    world: &World,
    email: &str,
    what: &str,
    limit: Duration,
    condition: impl Fn(&[Object]) -> Result<bool>,
) -> Result<()> {
    eventually(what, limit, || {
        let mirrors = mirrors(world, email)?;
        holds(condition(&mirrors)?, || format!("there are {} mirrors", mirrors.len()))
    })
}
