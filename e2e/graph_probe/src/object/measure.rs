//! Hands prepared commands to the object and takes the time: decoding, the transaction, the alarm, the nudges, and the
//! commit of each command to the disk. What is not in it is the way of the command to the object.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tminus_ports::{ObjectError, ObjectHost as _};
use tminus_user_graph::UserGraphObject;
use tminus_user_graph::contract::{Applied, Claimed, Settled};

use super::meter::{Cost, MeterHost, Watch};
use crate::steps::{self, Sent, Sizes, Step};

pub(super) const TRACE: &str = "trc_01KDVDVR000000000000000001";

/// What the probe can be asked.
#[derive(Debug, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub(crate) enum Ask {
    /// Makes the graph.
    Setup,
    /// Applies a step of some events.
    Apply {
        step: Step,
        /// Of which account.
        #[serde(default)]
        account: u64,
        first: u32,
        count: u32,
        batch: u32,
        /// `rows` or `statements` count; what is counted takes longer.
        #[serde(default)]
        watch: Option<String>,
    },
    /// Claims and settles mirrors until `limit` are settled or none is left.
    Settle {
        limit: u32,
        #[serde(default)]
        watch: Option<String>,
    },
    /// Measures the corpus.
    Sizes { events: u32 },
    /// Reads a range, page by page, each page so many times.
    Range { day: i64, days: i64, limit: u32, pages: u32, times: u32 },
    /// Reads when the person is free in a range, so many times.
    FreeBusy { day: i64, days: i64, times: u32 },
    /// Sends a command as it is, once, and so many times more.
    Command { name: String, body: String, times: u32 },
}

/// What was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Measured {
    /// Commands.
    commands: u32,
    /// The bytes of their bodies.
    body_bytes: u64,
    /// All of the time.
    ms: f64,
    /// The part of it that commits waited for the disk after the commands. A nudge waits for the commit itself.
    commit_ms: f64,
    /// The part of it that nudges and alarms took.
    awaited_ms: f64,
    /// Queue messages.
    nudges: u32,
    /// What the chunks came to, together.
    tally: Tally,
    /// Mirrors settled.
    settled: u32,
    /// The part of the time that claims took.
    claim_ms: f64,
    /// Statements, if they were watched.
    sql: Cost,
    by_name: BTreeMap<String, Cost>,
    /// The database in bytes afterwards.
    size: u64,
}

/// The sum of [`Applied`].
#[derive(Debug, Default, Serialize)]
struct Tally {
    created: u32,
    updated: u32,
    deleted: u32,
    unchanged: u32,
    quarantined: u32,
    mirrors_changed: u32,
}

impl Tally {
    fn add(&mut self, one: &Applied) {
        let Self { created, updated, deleted, unchanged, quarantined, mirrors_changed } = self;
        let sums = [
            (created, one.created),
            (updated, one.updated),
            (deleted, one.deleted),
            (unchanged, one.unchanged),
            (quarantined, one.quarantined),
            (mirrors_changed, one.mirrors_changed),
        ];
        sums.into_iter().for_each(|(sum, one)| *sum = sum.saturating_add(one));
    }
}

/// The platform, as far as the measurement needs it.
pub(crate) trait Platform {
    /// Milliseconds.
    fn clock(&self) -> f64;
    /// Waits until everything is on the disk.
    async fn sync(&self) -> Result<(), String>;
    /// The database in bytes.
    fn size(&self) -> u64;
}

/// The object under test.
pub(crate) struct Bench<'a, P> {
    pub(crate) host: &'a MeterHost,
    pub(crate) object: &'a UserGraphObject,
    /// How many claims were made.
    pub(crate) claims: &'a Cell<u64>,
    pub(crate) platform: P,
}

impl<P: Platform> Bench<'_, P> {
    /// Answers a question with JSON.
    pub(crate) async fn answer(&self, ask: Ask) -> Result<String, String> {
        let measured = match ask {
            Ask::Setup => {
                let mut measured = Measured::default();
                for sent in &steps::setup().map_err(text)? {
                    reply::<()>(&self.hand(sent, &mut measured).await?)?;
                }
                measured.size = self.platform.size();
                measured
            }
            Ask::Apply { step, account, first, count, batch, watch } => {
                let chunks = steps::chunks(step, account, first, count, batch).map_err(text)?;
                self.watched(watch.as_deref(), async |measured| {
                    let mut answers = Vec::new();
                    // In one go: the clock shows whole milliseconds, a command may take less.
                    let started = self.platform.clock();
                    for sent in &chunks {
                        answers.push(self.hand(sent, measured).await?);
                    }
                    measured.ms = self.platform.clock() - started;
                    answers.iter().try_for_each(|answer| {
                        reply::<Applied>(answer).map(|applied| measured.tally.add(&applied))
                    })
                })
                .await?
            }
            Ask::Settle { limit, watch } => {
                self.watched(watch.as_deref(), async |measured| self.settle(limit, measured).await).await?
            }
            Ask::Range { day, days, limit, pages, times } => {
                return serde_json::to_string(&self.range(day, days, limit, pages, times).await?)
                    .map_err(text);
            }
            Ask::FreeBusy { day, days, times } => {
                return serde_json::to_string(&self.free_busy(day, days, times).await?).map_err(text);
            }
            Ask::Command { name, body, times } => {
                let (read, answer) = self.read(&name, &body, times).await?;
                // The answer as it came: whoever asked knows its type.
                return serde_json::to_string(&(read, answer)).map_err(text);
            }
            Ask::Sizes { events } => {
                let sizes: Sizes = steps::sizes(events).map_err(text)?;
                return serde_json::to_string(&sizes).map_err(text);
            }
        };
        serde_json::to_string(&measured).map_err(text)
    }

    async fn watched(
        &self,
        watch: Option<&str>,
        work: impl AsyncFnOnce(&mut Measured) -> Result<(), String>,
    ) -> Result<Measured, String> {
        self.host.sql().watch(match watch {
            Some("rows") => Watch::Rows,
            Some("statements") => Watch::Statements,
            _ => Watch::Nothing,
        });
        self.host.take();
        let mut measured = Measured::default();
        let done = work(&mut measured).await;
        (measured.sql, measured.by_name) = self.host.sql().seen();
        self.host.sql().watch(Watch::Nothing);
        (measured.nudges, measured.awaited_ms) = self.host.take();
        measured.size = self.platform.size();
        done.map(|()| measured)
    }

    /// Has the object handle a command and commit it, on the clock; its answer.
    async fn hand(&self, (name, body): &Sent, measured: &mut Measured) -> Result<String, String> {
        let started = self.platform.clock();
        let answer = self.object.handle(self.host, name, TRACE, body).await;
        let handled = self.platform.clock();
        self.platform.sync().await?;
        let committed = self.platform.clock();
        measured.ms += committed - started;
        measured.commit_ms += committed - handled;
        measured.commands = measured.commands.saturating_add(1);
        measured.body_bytes =
            measured.body_bytes.saturating_add(u64::try_from(body.len()).unwrap_or_default());
        Ok(answer)
    }

    /// Writes mirrors as a writer does whose provider takes everything.
    async fn settle(&self, limit: u32, measured: &mut Measured) -> Result<(), String> {
        for target in 1..steps::ACCOUNTS {
            let share = limit.checked_div(2).unwrap_or_default();
            let mut settled = 0_u32;
            while settled < share {
                let claim = self.claims.get();
                self.claims.set(claim.wrapping_add(1));
                let before = measured.ms;
                let answer = self.hand(&steps::claim(target, claim).map_err(text)?, measured).await?;
                measured.claim_ms += measured.ms - before;
                let claimed: Claimed = reply(&answer)?;
                let operations = u32::try_from(claimed.operations.len()).unwrap_or_default();
                if operations == 0 {
                    break;
                }
                let settle = steps::settle(target, claim, &claimed).map_err(text)?;
                reply::<Settled>(&self.hand(&settle, measured).await?)?;
                settled = settled.saturating_add(operations);
            }
            measured.settled = measured.settled.saturating_add(settled);
        }
        Ok(())
    }
}

/// What an answer says.
pub(super) fn reply<R: DeserializeOwned>(answer: &str) -> Result<R, String> {
    let reply: Result<R, ObjectError> = serde_json::from_str(answer).map_err(text)?;
    reply.map_err(text)
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
