//! A stage: one person with some Google accounts, linked and settled.

use std::collections::BTreeMap;

use chrono::DateTime;
use serde_json::{Value, json};
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::ObjectClass;
use tminus_store::Row;

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

    /// Makes an event in the primary calendar of an account; answers its id at the provider.
    ///
    /// # Panics
    /// If the provider refuses it.
    #[must_use]
    pub fn add(&self, account: usize, title: &str, start: &str, end: &str) -> String {
        let email = &self.emails[account];
        let event = self.world.insert(email, email, &timed(title, start, end));
        event["id"].as_str().expect("an id").to_owned()
    }

    /// Moves an event of the primary calendar of an account.
    ///
    /// # Panics
    /// If it is gone.
    pub fn shift(&self, account: usize, id: &str, start: &str, end: &str) {
        let email = &self.emails[account];
        let patch = json!({"start": {"dateTime": start}, "end": {"dateTime": end}});
        self.world.patch(email, email, id, &patch).expect("the event is there");
    }

    /// Delivers the pushes that are ready.
    pub fn deliver_pushes(&mut self) {
        for push in self.world.pushes() {
            self.world.deliver_push(push);
        }
    }

    /// Loses all pushes, also those that will be sent again later.
    pub fn lose_pushes(&mut self) {
        self.world.lose_all_pushes();
    }

    /// The texts of the messages that wait on a queue.
    #[must_use]
    pub fn queued(&self, binding: &str) -> Vec<String> {
        let waiting = self.world.waiting().into_iter();
        waiting.filter(|message| message.binding == binding).map(|message| message.text).collect()
    }

    /// Delivers the first message of a queue that is ready; answers its text.
    ///
    /// # Panics
    /// If none is.
    pub fn deliver_first(&mut self, binding: &str) -> String {
        let now = self.world.now();
        let mut waiting = self.world.waiting().into_iter();
        let first = waiting.find(|message| message.binding == binding && message.not_before <= now);
        let first = first.unwrap_or_else(|| panic!("nothing waits on {binding}"));
        self.world.deliver(first.seq);
        first.text
    }

    /// Lets things happen, one at a time, until something holds.
    ///
    /// # Panics
    /// If it never does.
    pub fn run_until(&mut self, mut holds: impl FnMut(&Self) -> bool) {
        let end = self.world.now().plus_millis(SETTLE_MS);
        while !holds(self) {
            if !self.world.step() {
                let next = self.world.next_event().filter(|next| *next <= end);
                let next = next.unwrap_or_else(|| panic!("it never holds: {:?}", self.world.waiting()));
                self.world.advance_millis(next.millis() - self.world.now().millis());
            }
        }
    }

    /// Lets things happen, one at a time, until a message waits on a queue.
    ///
    /// # Panics
    /// If none ever does.
    pub fn run_until_queued(&mut self, binding: &str) {
        self.run_until(|stage| !stage.queued(binding).is_empty());
    }

    /// The primary calendar of an account, by our id.
    ///
    /// # Panics
    /// If it is not known yet.
    #[must_use]
    pub fn primary(&self, account: usize) -> CalendarId {
        self.calendar_of(account, "PRIMARY")
    }

    /// The overlay calendar of an account, by our id.
    ///
    /// # Panics
    /// If it is not known yet.
    #[must_use]
    pub fn overlay_id(&self, account: usize) -> CalendarId {
        self.calendar_of(account, "BUSY_OVERLAY")
    }

    fn calendar_of(&self, account: usize, role: &str) -> CalendarId {
        let statement = format!("/* calendar */ SELECT calendar_id FROM calendars WHERE role = '{role}'");
        let object = self.accounts[account].to_string();
        let rows = self.world.rows(ObjectClass::Account, &object, &statement);
        rows.first().expect("the calendar is known").parse(0, "calendar").expect("an id")
    }

    /// A column of the primary calendar of an account, as the account's object keeps it.
    #[must_use]
    pub fn of_primary(&self, account: usize, column: &str) -> String {
        self.of_calendar(account, "PRIMARY", column)
    }

    /// A column of the calendar of this role of an account, as the account's object keeps it.
    #[must_use]
    pub fn of_calendar(&self, account: usize, role: &str, column: &str) -> String {
        let statement = format!("/* c */ SELECT CAST({column} AS TEXT) FROM calendars WHERE role = '{role}'");
        self.text(ObjectClass::Account, &self.accounts[account].to_string(), &statement)
    }

    /// The first column of the first row of a statement on the user's graph, as text; empty for none.
    #[must_use]
    pub fn of_graph(&self, statement: &str) -> String {
        self.text(ObjectClass::UserGraph, &self.person.user.to_string(), statement)
    }

    fn text(&self, class: ObjectClass, object: &str, statement: &str) -> String {
        let rows = self.world.rows(class, object, statement);
        rows.first().and_then(|row| row.get::<Option<String>>(0).expect("a text")).unwrap_or_default()
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

    /// Counts of the user's graph, by the name in the first column.
    ///
    /// # Panics
    /// If the statement answers something else.
    #[must_use]
    pub fn counts(&self, statement: &str) -> BTreeMap<String, usize> {
        let rows = self.world.rows(ObjectClass::UserGraph, &self.person.user.to_string(), statement);
        let count = |row: &Row| (row.get(0).expect("a text"), row.get::<u32>(1).expect("a count") as usize);
        rows.iter().map(count).collect()
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
