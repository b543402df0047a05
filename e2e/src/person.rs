//! Someone who signs in and links accounts through the consent pages, with a browser.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use crate::http::{Browser, Reply};
use crate::wait::{Look, eventually_every, holds};
use crate::world::World;

/// How long linked accounts may take until everything is synced and watched.
const LINKING: Duration = Duration::from_secs(60);

/// A person.
#[derive(Debug)]
pub struct Person {
    /// The user's id.
    pub user: String,
    /// The linked accounts.
    pub accounts: Vec<Linked>,
    /// The browser that is signed in.
    pub browser: Browser,
    api: String,
}

/// A linked account.
#[derive(Debug, Clone)]
pub struct Linked {
    /// Its address, which is also the id of its primary calendar.
    pub email: String,
    /// Our id of it.
    pub account: String,
}

/// The answer of `GET /v1/status`, as far as it is looked at.
#[derive(Debug, Clone, Deserialize)]
pub struct Status {
    /// How the graph stands.
    pub graph: Option<Graph>,
    /// How each account stands.
    pub accounts: Vec<Account>,
}

/// How the graph stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Graph {
    /// Live canonical events.
    pub events: u32,
    /// Mirrors by state.
    pub mirrors: BTreeMap<String, u32>,
    /// Items in quarantine.
    pub quarantined: Vec<Quarantined>,
    /// Whether events wait to be projected again.
    pub reprojecting: bool,
}

/// An item in quarantine.
#[derive(Debug, Clone, Deserialize)]
pub struct Quarantined {
    /// Its id at the provider.
    pub event_id: Option<String>,
    /// Why.
    pub reason: String,
}

/// How an account stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Our id.
    pub account_id: String,
    /// active, revoked or error.
    pub status: String,
    /// Whether its object answered.
    pub reachable: bool,
    /// Whether its overlay calendar is there.
    pub overlay_ready: bool,
    /// How many dead letters wait.
    pub dead_letters: u32,
    /// Its calendars.
    pub calendars: Vec<Calendar>,
}

/// How a calendar stands.
#[derive(Debug, Clone, Deserialize)]
pub struct Calendar {
    /// Our id.
    pub calendar: String,
    /// What it is to us.
    pub role: String,
    /// How much waits to be fetched.
    pub dirty: String,
    /// Whether a run is under way.
    pub running: bool,
    /// When a run last committed.
    pub synced_at: Option<i64>,
    /// Failed runs in a row.
    pub failures: u32,
    /// When its channel ends.
    pub channel_expires_at: Option<i64>,
}

impl Person {
    /// Creates Google accounts at these addresses, signs in as the first and links all of them.
    pub fn link(world: &World, emails: &[String]) -> Result<Self> {
        for email in emails {
            world.create_account(email);
        }
        let mut person = Self::sign_in(world, emails.first().context("nobody")?)?;
        for email in emails {
            person.link_account(email)?;
        }
        Ok(person)
    }

    /// The same with addresses made of a name, and waits until everything is synced and watched.
    pub fn ready(world: &World, name: &str, accounts: usize) -> Result<Self> {
        let emails: Vec<String> = (1..=accounts).map(|n| format!("{name}-{n}@{DOMAIN}")).collect();
        let person = Self::link(world, &emails)?;
        person.wait_ready()?;
        Ok(person)
    }

    /// Signs in.
    pub fn sign_in(world: &World, email: &str) -> Result<Self> {
        let browser = Browser::new(world.http.clone());
        let api = world.runtime.ready.urls.api.clone();
        let url = with_hint(&format!("{api}/v1/auth/signin"), email)?;
        let answer: Value = browser.follow(&url)?.expect(200)?;
        let user = answer["user_id"].as_str().context("no user")?.to_owned();
        Ok(Self { user, accounts: Vec::new(), browser, api })
    }

    /// Links one account.
    pub fn link_account(&mut self, email: &str) -> Result<()> {
        let answer: Value = self.try_link(email)?.expect(200)?;
        ensure!(answer["user_id"] == self.user, "linked to somebody else");
        let account = answer["account_id"].as_str().context("no account")?.to_owned();
        self.accounts.push(Linked { email: email.to_owned(), account });
        Ok(())
    }

    /// Asks to link an account; answers what came of it.
    pub fn try_link(&self, email: &str) -> Result<Reply> {
        self.browser.follow(&with_hint(&format!("{}/v1/auth/link", self.api), email)?)
    }

    /// Links one account so that its primary calendar may be written.
    pub fn link_primary(&mut self, email: &str) -> Result<()> {
        let url = with_hint(&format!("{}/v1/auth/link?mode=primary", self.api), email)?;
        let answer: Value = self.browser.follow(&url)?.expect(200)?;
        let account = answer["account_id"].as_str().context("no account")?.to_owned();
        self.accounts.push(Linked { email: email.to_owned(), account });
        Ok(())
    }

    /// Asks to unlink an account.
    pub fn unlink(&self, account: &str) -> Result<Reply> {
        self.browser.delete(&format!("{}/v1/accounts/{account}", self.api))
    }

    /// The address of the n-th account, which is also the id of its primary calendar.
    #[must_use]
    pub fn primary(&self, n: usize) -> &str {
        &self.accounts[n].email
    }

    /// How the federation stands.
    pub fn status(&self) -> Result<Status> {
        self.browser.get(&format!("{}/v1/status", self.api))?.expect(200)
    }

    /// The canonical events between two times, as the API lists them.
    pub fn listed(&self, from: &str, to: &str) -> Result<Vec<Value>> {
        let mut url = Url::parse(&format!("{}/v1/events", self.api))?;
        url.query_pairs_mut().append_pair("from", from).append_pair("to", to).append_pair("limit", "500");
        let answer: Value = self.browser.get(url.as_str())?.expect(200)?;
        Ok(answer["events"].as_array().cloned().unwrap_or_default())
    }

    /// A GET of the person's own.
    pub fn get(&self, path: &str) -> Result<Reply> {
        self.browser.get(&format!("{}{path}", self.api))
    }

    /// A PUT of the person's own.
    pub fn put(&self, path: &str, body: &Value) -> Result<Reply> {
        self.browser.put(&format!("{}{path}", self.api), body)
    }

    /// A PATCH of the person's own.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Reply> {
        self.browser.patch(&format!("{}{path}", self.api), body)
    }

    /// A POST of the person's own.
    pub fn post(&self, path: &str, body: &Value) -> Result<Reply> {
        self.browser.post(&format!("{}{path}", self.api), body)
    }

    /// A DELETE of the person's own.
    pub fn delete(&self, path: &str) -> Result<Reply> {
        self.browser.delete(&format!("{}{path}", self.api))
    }

    /// An edge between two accounts into the target's overlay, to be put.
    #[must_use]
    pub fn edge(&self, from: usize, to: usize, detail: &str, rules: &Value) -> Value {
        let (from, to) = (&self.accounts[from].account, &self.accounts[to].account);
        json!({"from": from, "to": to, "detail": detail, "kind": "BUSY_OVERLAY", "switch": "on", "rules": rules})
    }

    /// Puts an edge; answers the policy.
    pub fn put_edge(&self, edge: &Value) -> Result<Value> {
        self.put("/v1/policy/edges", edge)?.expect(200)
    }

    /// Our id of a calendar of the n-th account, by its role; of several the last one.
    pub fn calendar(&self, n: usize, role: &str) -> Result<String> {
        let status = self.status()?;
        let account = status.accounts.iter().find(|known| known.account_id == self.accounts[n].account);
        let mut calendars = account.context("the account is not listed")?.calendars.iter();
        let found = calendars.rfind(|calendar| calendar.role == role);
        Ok(found.context("no such calendar")?.calendar.clone())
    }

    /// Waits until every calendar of every account is synced and watched.
    pub fn wait_ready(&self) -> Result<()> {
        eventually_every(Duration::from_millis(50), "every account is ready", LINKING, || self.is_ready())
    }

    fn is_ready(&self) -> Look<()> {
        let status = self.status()?;
        let missing = status.accounts.iter().find_map(Account::missing).or_else(|| status.unrest());
        let all = status.accounts.len() == self.accounts.len();
        holds(all && missing.is_none(), || missing.unwrap_or_else(|| "an account is not listed".to_owned()))
    }

    /// Waits until nothing is under way.
    pub fn wait_settled(&self, limit: Duration) -> Result<()> {
        eventually_every(Duration::from_millis(25), "nothing is under way", limit, || {
            let unrest = self.status()?.unrest();
            holds(unrest.is_none(), || unrest.unwrap_or_default())
        })
    }
    /// Waits until nothing is under way but looks at what we wrote ourselves, which come a moment later.
    pub fn wait_written(&self, limit: Duration) -> Result<()> {
        eventually_every(Duration::from_millis(25), "nothing is under way but echoes", limit, || {
            let mut status = self.status()?;
            for account in &mut status.accounts {
                account.calendars.retain(|calendar| calendar.role != "BUSY_OVERLAY");
            }
            let unrest = status.unrest();
            holds(unrest.is_none(), || unrest.unwrap_or_default())
        })
    }
}

/// The domain of every address: it is searched for in logs.
pub const DOMAIN: &str = "planted-address.example";

impl Account {
    /// What is missing until the account is ready.
    fn missing(&self) -> Option<String> {
        let watched = || self.calendars.iter().filter(|calendar| calendar.role != "READONLY");
        let what = if !self.reachable {
            "not reachable"
        } else if !self.overlay_ready {
            "without an overlay calendar"
        } else if !["PRIMARY", "BUSY_OVERLAY"].iter().all(|role| watched().any(|c| c.role == *role)) {
            "without its calendars"
        } else if watched().any(|calendar| calendar.synced_at.is_none()) {
            "not synced"
        } else if watched().any(|calendar| calendar.channel_expires_at.is_none()) {
            "not watched"
        } else {
            return None;
        };
        Some(format!("{} is {what}", self.account_id))
    }
}

impl Status {
    /// What is under way, if anything is.
    #[must_use]
    pub fn unrest(&self) -> Option<String> {
        let calendars = self.accounts.iter().flat_map(|account| &account.calendars);
        let mut busy = calendars.filter(|calendar| calendar.dirty != "clean" || calendar.running);
        if let Some(calendar) = busy.next() {
            let Calendar { calendar, role, dirty, running, failures, .. } = calendar;
            return Some(format!("{calendar} ({role}) is {dirty}, running: {running}, failures: {failures}"));
        }
        let graph = self.graph.as_ref()?;
        let waiting = graph.mirrors.get("PENDING").copied().unwrap_or_default();
        if waiting > 0 {
            return Some(format!("{waiting} mirrors are pending"));
        }
        graph.reprojecting.then(|| "events are projected again".to_owned())
    }
}

fn with_hint(url: &str, email: &str) -> Result<String> {
    Ok(Url::parse_with_params(url, [("login_hint", email)])?.into())
}
