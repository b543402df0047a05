//! The fake Google and the runtime together, and the hands of a human in Google's pages.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use fake_google::error::ApiError;
use fake_google::events::write::{Actor, Change, Options, Written};
use fake_google::model::{Object, Role};
use fake_google::server::Handle;
use fake_google::timeline::Entry;
use fake_google::{Google, server};
use serde_json::Value;

use crate::http::{Http, Reply};
use crate::runtime::{Runtime, RuntimeOptions};
use crate::wait::{eventually, holds};

/// Both, and a client.
#[derive(Debug)]
pub struct World {
    /// The fake Google.
    pub google: Handle,
    /// The runtime.
    pub runtime: Runtime,
    /// A client.
    pub http: Http,
    options: RuntimeOptions,
}

impl World {
    /// Starts both; the Workers' log goes to `log`. State is kept in `persist`, or nowhere.
    pub fn start(log: PathBuf, persist: Option<PathBuf>) -> Result<Self> {
        Self::start_with(log, persist, Vec::new())
    }

    /// The same with more of the environment.
    pub fn start_with(log: PathBuf, persist: Option<PathBuf>, env: Vec<(String, String)>) -> Result<Self> {
        let google = server::start(0)?;
        let options = RuntimeOptions { google: google.url(), persist, log, env };
        let runtime = Runtime::start(&options)?;
        Ok(Self { google, runtime, http: Http::new()?, options })
    }

    /// Kills the runtime at once and starts it again where it was. Google goes on meanwhile.
    pub fn kill_and_restart(&mut self) -> Result<()> {
        self.kill()?;
        self.start_again()
    }

    /// Kills the runtime at once, with everything that is queued. Google goes on; its pushes reach nobody.
    pub fn kill(&mut self) -> Result<()> {
        self.runtime.kill()
    }

    /// Starts a runtime that was killed where it was.
    pub fn start_again(&mut self) -> Result<()> {
        self.options.persist = Some(self.runtime.ready.persist.clone());
        self.runtime = Runtime::start(&self.options)?;
        Ok(())
    }

    // -- the human in Google's pages

    /// A Google account with its primary calendar.
    pub fn create_account(&self, email: &str) {
        self.google.with(|google| google.create_user(email, None, None, chrono_tz::Europe::Berlin));
    }

    /// One more calendar of an account; answers its id.
    pub fn create_calendar(&self, email: &str, title: &str) -> String {
        self.google.with(|google| {
            let id = google.new_calendar_id();
            google.add_calendar(email, &id, Role::Owner, |calendar| title.clone_into(&mut calendar.summary));
            id
        })
    }

    /// Inserts an event.
    pub fn insert(&self, calendar: &str, event: &Value) -> Result<Edit> {
        let event = object(event)?;
        self.edit(calendar, |google, actor| google.insert_event(actor, calendar, event, &Options::default()))
    }

    /// Changes some fields of an event.
    pub fn patch(&self, calendar: &str, id: &str, fields: &Value) -> Result<Edit> {
        let fields = object(fields)?;
        self.edit(calendar, |google, actor| {
            google.change_event(actor, calendar, id, Change::Patch(fields), &Options::default())
        })
    }

    /// Deletes an event.
    pub fn delete(&self, calendar: &str, id: &str) -> Result<Edit> {
        self.edit(calendar, |google, actor| google.delete_event(actor, calendar, id, &Options::default()))
    }

    pub(crate) fn edit(
        &self,
        calendar: &str,
        act: impl FnOnce(&mut Google, &Actor) -> Result<Written, ApiError>,
    ) -> Result<Edit> {
        self.google.with(|google| {
            let members = google.calendars.get(calendar).context("no such calendar")?.members.keys();
            let actor = Actor::Human(members.clone().next().cloned().context("nobody's calendar")?);
            let written = act(google, &actor).map_err(|error| anyhow!("the edit failed: {error:?}"))?;
            let id = written.stored.text("id").unwrap_or_default().to_owned();
            Ok(Edit { calendar: calendar.to_owned(), id, seq: written.seq })
        })
    }

    // -- looking

    /// The live events of a calendar.
    pub fn events(&self, calendar: &str) -> Result<Vec<Object>> {
        self.google.with(|google| google.live_events(calendar)).map_err(|error| anyhow!("{error:?}"))
    }

    /// Where the timeline ends now.
    #[must_use]
    pub fn now_seq(&self) -> u64 {
        self.google.with(|google| google.timeline.since(0).last().map_or(0, |entry| entry.seq))
    }

    /// What happened after `seq`.
    #[must_use]
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        self.google.with(|google| google.timeline.since(seq).cloned().collect())
    }

    /// Waits until nothing has happened at Google for `span`.
    pub fn quiet(&self, span: Duration, limit: Duration) -> Result<()> {
        let (mut last, mut since) = (self.now_seq(), Instant::now());
        eventually("nothing happens at Google", limit, || {
            let now = self.now_seq();
            if now != last {
                (last, since) = (now, Instant::now());
            }
            holds(since.elapsed() >= span, || format!("the last of {now} entries is young"))
        })
    }

    // -- the operator

    /// A GET of the operator.
    pub fn admin_get(&self, path: &str) -> Result<Reply> {
        let bearer = format!("Bearer {}", self.runtime.ready.admin_token);
        self.http.get(&self.runtime.api(path), &[("authorization", &bearer)])
    }

    /// A POST of the operator.
    pub fn admin_post(&self, path: &str, body: &Value) -> Result<Reply> {
        let bearer = format!("Bearer {}", self.runtime.ready.admin_token);
        self.http.post(&self.runtime.api(path), &[("authorization", &bearer)], body)
    }

    /// Delivers messages to the consumer of a queue, each on its `attempt`-th try; answers what it did.
    pub fn deliver(&self, queue: &str, attempt: u32, bodies: &[String]) -> Result<Value> {
        let messages = bodies.iter().map(|body| serde_json::json!({"body": body, "attempts": attempt}));
        let body = serde_json::json!({"messages": messages.collect::<Vec<_>>()});
        let url = format!("{}/queue/{queue}", self.runtime.ready.admin_url);
        let answer: Value = self.http.post(&url, &[], &body)?.expect(200)?;
        anyhow::ensure!(answer["outcome"] == "ok", "the consumer of {queue} failed: {answer}");
        Ok(answer)
    }
}

/// A change that a human made.
#[derive(Debug, Clone)]
pub struct Edit {
    /// In which calendar.
    pub calendar: String,
    /// The event.
    pub id: String,
    /// Its place in the timeline.
    pub seq: u64,
}

pub(crate) fn object(value: &Value) -> Result<&Object> {
    value.as_object().context("an event is an object")
}
