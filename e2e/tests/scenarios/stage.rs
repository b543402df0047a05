//! What the scenarios share.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tminus_e2e::http::Http;
use tminus_e2e::person::{DOMAIN, Person};
use tminus_e2e::world::World;

/// How long anything may take that is to happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// What is written into every event, and must not show anywhere else.
pub(crate) const PLANTED: &str = "planted-secret";

/// The shared runtime.
pub(crate) struct Stage {
    pub(crate) world: World,
    /// Logs of all runtimes.
    logs: Mutex<Vec<PathBuf>>,
    secrets: Mutex<BTreeSet<String>>,
}

impl Stage {
    pub(crate) fn start() -> Result<Self> {
        let log = log_file("scenarios");
        let world = World::start(log.clone(), None)?;
        Ok(Self { world, logs: Mutex::new(vec![log]), secrets: Mutex::default() })
    }

    /// Every scenario begins with the fake Google's own settings.
    pub(crate) fn reset(&self) {
        self.world.google.with(|google| {
            google.settings = fake_google::settings::Settings::default();
            google.faults.clear();
        });
    }

    /// A person whose accounts are linked, synced, watched.
    pub(crate) fn person(&self, name: &str, accounts: usize) -> Result<Person> {
        Person::ready(&self.world, name, accounts)
    }

    /// A world apart, for what would disturb the others.
    pub(crate) fn apart(&self, name: &str, env: Vec<(String, String)>) -> Result<World> {
        World::start_with(self.log(name), None, env)
    }

    /// A world apart that keeps its state in `folder`.
    pub(crate) fn apart_in(&self, name: &str, folder: &Path) -> Result<World> {
        World::start(self.log(name), Some(folder.to_owned()))
    }

    fn log(&self, name: &str) -> PathBuf {
        let log = log_file(name);
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).push(log.clone());
        log
    }

    /// Notes what must not be in any log: everything of a Google that is no word of ours.
    pub(crate) fn collect(&self, world: &World) {
        let mut secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        world.google.with(|google| {
            secrets.extend(google.calendars.keys().cloned());
            secrets.extend(google.users.values().map(|user| user.sub.clone()));
            let events = google.calendars.values().flat_map(|calendar| calendar.events.values());
            secrets.extend(events.filter_map(|event| event.text("iCalUID")).map(str::to_owned));
            let channels = google.channels.values().chain(google.retired_channels.values());
            secrets.extend(channels.filter_map(|channel| channel.token.clone()));
        });
        secrets.insert(world.runtime.ready.admin_token.clone());
    }

    /// All secrets: those that were noted, and the beginnings of every token.
    pub(crate) fn secrets(&self) -> BTreeSet<String> {
        let beginnings =
            [PLANTED, DOMAIN, "ya29.", "1//fake", "4/0fake", "fake-client-secret", "group.calendar"];
        let noted = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        noted.iter().cloned().chain(beginnings.map(str::to_owned)).collect()
    }

    /// The logs of all runtimes.
    pub(crate) fn logs(&self) -> Vec<PathBuf> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A client.
    pub(crate) fn http(&self) -> &Http {
        &self.world.http
    }
}

fn log_file(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.log"));
    let _ = std::fs::remove_file(&path);
    path
}

/// A timed event full of secrets.
pub(crate) fn timed(day: &str, from: u32, to: u32) -> Value {
    let at =
        |hour: u32| json!({"dateTime": format!("{day}T{hour:02}:00:00+02:00"), "timeZone": "Europe/Berlin"});
    with_secrets(json!({"start": at(from), "end": at(to)}))
}

/// An event of whole days full of secrets.
pub(crate) fn all_day(from: &str, to: &str) -> Value {
    with_secrets(json!({"start": {"date": from}, "end": {"date": to}}))
}

fn with_secrets(mut event: Value) -> Value {
    event["summary"] = format!("{PLANTED} title").into();
    event["description"] = format!("{PLANTED} description").into();
    event["location"] = format!("{PLANTED} place").into();
    event["attendees"] =
        json!([{"email": format!("guest@{DOMAIN}"), "displayName": format!("{PLANTED} guest")}]);
    event
}
