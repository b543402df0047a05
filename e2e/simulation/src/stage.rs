//! A stage: one person with some Google accounts, linked and settled.

use chrono::DateTime;
use serde_json::{Value, json};
use tminus_domain::ids::AccountId;
use tminus_ports::ObjectClass;

use crate::world::{Idle, Person, World};

/// As long as settling may take: longer than every lease and every pause between retries.
pub const SETTLE_MS: i64 = 3 * 3_600_000;

/// One person with some Google accounts.
pub struct Stage {
    /// The world.
    pub world: World,
    /// The person.
    pub person: Person,
    /// The addresses of the accounts; each is also the id of its primary calendar.
    pub emails: Vec<String>,
    /// The accounts, in the same order.
    pub accounts: Vec<AccountId>,
}

impl Stage {
    /// So many accounts, linked; nothing is delivered yet.
    #[must_use]
    pub fn linked(seed: u64, accounts: usize) -> Self {
        let world = World::new(seed);
        let emails: Vec<String> = (0..accounts).map(|at| format!("account{at}@example.com")).collect();
        for email in &emails {
            world.person_at_google(email);
            world.calendar_at_google(email, &second_calendar(email));
        }
        let mut person = world.sign_in(&emails[0]);
        let accounts = emails.iter().map(|email| world.link(&mut person, email).expect("a link")).collect();
        Self { world, person, emails, accounts }
    }

    /// So many accounts, linked and settled.
    #[must_use]
    pub fn settled(seed: u64, accounts: usize) -> Self {
        let mut stage = Self::linked(seed, accounts);
        stage.settle();
        stage
    }

    /// Lets the world settle.
    ///
    /// # Panics
    /// If it does not.
    pub fn settle(&mut self) {
        let idle = self.world.settle(SETTLE_MS);
        assert_eq!(idle, Idle::Settled, "still waiting: {:?}", self.world.waiting());
    }

    /// The overlay calendar of an account.
    ///
    /// # Panics
    /// If there is not exactly one.
    #[must_use]
    pub fn overlay(&self, account: usize) -> String {
        let overlays = self.world.overlays(&self.emails[account]);
        assert_eq!(overlays.len(), 1, "{} has not one overlay: {overlays:?}", self.emails[account]);
        overlays[0].clone()
    }

    /// Title, start and end of what an account's overlay shows, sorted.
    #[must_use]
    pub fn shown(&self, account: usize) -> Vec<(String, String, String)> {
        let events = self.world.events(&self.overlay(account)).into_iter();
        let mut shown: Vec<_> = events
            .map(|event| {
                let title = event.get("summary").and_then(Value::as_str).unwrap_or_default().to_owned();
                (title, moment(&event["start"]), moment(&event["end"]))
            })
            .collect();
        shown.sort();
        shown
    }

    /// What [`Stage::shown`] answers for blocks of these starts and ends.
    #[must_use]
    pub fn blocks(spans: &[(&str, &str)]) -> Vec<(String, String, String)> {
        let mut blocks: Vec<_> = spans
            .iter()
            .map(|(start, end)| ("Busy".to_owned(), (*start).to_owned(), (*end).to_owned()))
            .collect();
        blocks.sort();
        blocks
    }

    /// Rows of the user's graph, as text.
    #[must_use]
    pub fn graph(&self, statement: &str) -> Vec<String> {
        let rows = self.world.rows(ObjectClass::UserGraph, &self.person.user.to_string(), statement);
        rows.iter().map(|row| format!("{row:?}")).collect()
    }

    /// Rows of an account's object, as text.
    #[must_use]
    pub fn account(&self, account: usize, statement: &str) -> Vec<String> {
        let rows = self.world.rows(ObjectClass::Account, &self.accounts[account].to_string(), statement);
        rows.iter().map(|row| format!("{row:?}")).collect()
    }
}

/// The id of the second calendar of an account.
#[must_use]
pub fn second_calendar(email: &str) -> String {
    format!("second-{email}")
}

/// A timed event of Google's.
#[must_use]
pub fn timed(title: &str, start: &str, end: &str) -> Value {
    json!({"summary": title, "start": {"dateTime": start}, "end": {"dateTime": end}})
}

/// An all-day event of Google's.
#[must_use]
pub fn all_day(title: &str, start: &str, end: &str) -> Value {
    json!({"summary": title, "start": {"date": start}, "end": {"date": end}})
}

/// A start or end as Google shows it, as a date or as seconds in UTC.
#[must_use]
pub fn moment(value: &Value) -> String {
    let date = || value["date"].as_str().unwrap_or("?").to_owned();
    value["dateTime"].as_str().map_or_else(date, |text| {
        DateTime::parse_from_rfc3339(text).map_or_else(
            |_| text.to_owned(),
            |at| at.to_utc().to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        )
    })
}
