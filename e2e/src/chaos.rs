//! Rounds of chaos: edits under load, a kill of everything in the middle of them, and what it cost.
//!
//! What is tested is that a push which was accepted is never lost. So Google tries no push twice here, and a calendar
//! whose last change was told by an accepted push is left alone after the kill: T-Minus has to remember it. A calendar
//! whose last push was not accepted (the runtime was dying, or down) is edited once more when the runtime is up.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Days, TimeDelta, Utc};
use fake_google::timeline::Entry;
use serde_json::{Value, json};
use tminus_domain::lease;

use crate::federation::{Toll, toll};
use crate::person::Person;
use crate::random::Random;
use crate::wait::{eventually_every, holds};
use crate::world::World;

/// How long a burst of edits takes; the kill comes somewhere in it, and the edits go on.
const LONG_BURST_MS: u64 = 1_500;
/// How long a dense one takes, which ends with the kill: its pushes are accepted, but not yet worked off.
const DENSE_BURST_MS: u64 = 200;
/// The kill comes up to this long after a dense burst's end.
const DENSE_REST_MS: u64 = 400;
/// The edits of a burst: at least this many, and fewer than twice as many.
const EDITS: u64 = 20;
/// From this many events on, an account gets no more.
const MANY: usize = 20;
/// How long the answers of pushes may take: most are refused at once, since nobody listens.
const ANSWERS: Duration = Duration::from_secs(15);
/// How often a calendar is edited once more until a push of it is accepted.
const TRIES: usize = 5;

/// How long it may take until everything is as it should be: the longest lease, and ten seconds.
pub const LIMIT: Duration = Duration::from_millis(LONGEST_LEASE_MS + 10_000);

const LONGEST_LEASE_MS: u64 = {
    let leases = [lease::FETCHING_MS, lease::APPLYING_MS, lease::WRITING_MS, lease::MAINTENANCE_MS];
    let (mut longest, mut at) = (0, 0);
    while at < leases.len() {
        if leases[at] > longest {
            longest = leases[at];
        }
        at += 1;
    }
    longest.unsigned_abs()
};

/// What a round came to.
#[derive(Debug, Clone)]
pub struct Round {
    /// Edits that were made, those after the kill included.
    pub edits: usize,
    /// Calendars that were edited once more, since no push of their last change was accepted.
    pub told_again: usize,
    /// Into the burst, in milliseconds, the kill came.
    pub killed_at_ms: u64,
    /// What is wrong when everything is as it should be, or the limit is over.
    pub toll: Toll,
    /// Seconds from the runtime being up again until everything is as it should be.
    pub converge_s: f64,
}

/// Edits and kills, drawn from a seed.
#[derive(Debug)]
pub struct Chaos {
    random: Random,
    /// No two events are ever at the same time: each gets the next number.
    serial: u64,
    base: DateTime<Utc>,
    live: Vec<Live>,
}

/// An event that can be edited.
#[derive(Debug, Clone)]
struct Live {
    account: usize,
    id: String,
    all_day: bool,
}

impl Chaos {
    /// Chaos in a world; from now on Google tries no push twice there.
    #[must_use]
    pub fn new(world: &World, seed: u64) -> Self {
        world.google.with(|google| google.settings.push_retries = 0);
        let base = DateTime::from_timestamp(Utc::now().timestamp() / 86_400 * 86_400, 0);
        Self {
            random: Random::new(seed),
            serial: 0,
            base: base.unwrap_or_default() + Days::new(1),
            live: Vec::new(),
        }
    }

    /// One round. Fails only if something stands in the way; what is lost is counted.
    pub fn round(&mut self, world: &mut World, person: &Person) -> Result<Round> {
        let since = world.now_seq();
        let dense = self.random.below(2) == 0;
        let (burst, rest) = if dense { (DENSE_BURST_MS, DENSE_REST_MS) } else { (LONG_BURST_MS, 0) };
        let mut moments: Vec<u64> =
            (0..EDITS + self.random.below(EDITS)).map(|_| self.random.below(burst)).collect();
        moments.sort_unstable();
        let killed_at_ms = self.random.below(burst + rest);
        let mut edits = 0;
        let mut running = true;
        let started = Instant::now();
        for moment in moments {
            if running && moment >= killed_at_ms {
                if dense {
                    break;
                }
                pace(started, killed_at_ms);
                world.kill()?;
                running = false;
            }
            pace(started, moment);
            self.edit(world, person)?;
            edits += 1;
        }
        if running {
            pace(started, killed_at_ms);
            world.kill()?;
        }
        world.start_again()?;

        let up = Instant::now();
        let told_again = self.tell_again(world, person, since)?;
        edits += told_again;
        let left = LIMIT.saturating_sub(up.elapsed());
        let look = || {
            let toll = toll(world, person)?;
            holds(toll.is_nothing(), || format!("{toll:?}"))
        };
        let in_time = eventually_every(Duration::from_millis(50), "all mirrors are right", left, look);
        let converge_s = up.elapsed().as_secs_f64();
        let toll = toll(world, person)?;
        if let Err(error) = in_time {
            // Anything but the limit is not for counting.
            ensure!(!toll.is_nothing() || converge_s >= LIMIT.as_secs_f64(), error);
        }
        Ok(Round { edits, told_again, killed_at_ms, toll, converge_s })
    }

    /// Edits each calendar whose last change was not told by an accepted push, until one was; answers how many edits.
    fn tell_again(&mut self, world: &World, person: &Person, since: u64) -> Result<usize> {
        let mut edits = 0;
        for _ in 0..TRIES {
            let untold = untold(world, person, since)?;
            if untold.is_empty() {
                return Ok(edits);
            }
            for account in untold {
                match self.live.iter().position(|live| live.account == account) {
                    Some(at) => self.retitle(world, person, at)?,
                    None => self.create(world, person, account)?,
                }
                edits += 1;
            }
        }
        anyhow::bail!("no push is accepted, although the runtime is up")
    }

    /// Makes any edit in any account.
    fn edit(&mut self, world: &World, person: &Person) -> Result<()> {
        let account = self.random.index(person.accounts.len());
        let own: Vec<usize> = (0..self.live.len()).filter(|at| self.live[*at].account == account).collect();
        let dice = self.random.below(10);
        let Some(at) = own.get(self.random.index(own.len())).copied() else {
            return self.create(world, person, account);
        };
        match dice {
            0..4 if own.len() < MANY => self.create(world, person, account),
            0..7 => self.shift(world, person, at),
            7 => self.retitle(world, person, at),
            _ => self.delete(world, person, at),
        }
    }

    fn create(&mut self, world: &World, person: &Person, account: usize) -> Result<()> {
        let all_day = self.random.below(4) == 0;
        let mut event = self.time(all_day);
        event["summary"] = "Made".into();
        let id = world.insert(person.primary(account), &event)?.id;
        self.live.push(Live { account, id, all_day });
        Ok(())
    }

    fn shift(&mut self, world: &World, person: &Person, at: usize) -> Result<()> {
        let Live { account, id, all_day } = self.live[at].clone();
        let time = self.time(all_day);
        world.patch(person.primary(account), &id, &time).map(drop)
    }

    fn retitle(&mut self, world: &World, person: &Person, at: usize) -> Result<()> {
        let Live { account, id, .. } = self.live[at].clone();
        self.serial += 1;
        let title = json!({"summary": format!("Title {}", self.serial)});
        world.patch(person.primary(account), &id, &title).map(drop)
    }

    fn delete(&mut self, world: &World, person: &Person, at: usize) -> Result<()> {
        let Live { account, id, .. } = self.live.swap_remove(at);
        world.delete(person.primary(account), &id).map(drop)
    }

    /// A time at which no other event ever was.
    fn time(&mut self, all_day: bool) -> Value {
        self.serial += 1;
        if all_day {
            let from = self.base + Days::new(self.serial % 300);
            let to = from + Days::new(1 + self.serial / 300);
            let date = |at: DateTime<Utc>| json!({"date": at.format("%Y-%m-%d").to_string()});
            return json!({"start": date(from), "end": date(to)});
        }
        let minutes = |count: u64| TimeDelta::minutes(i64::try_from(count).unwrap_or_default());
        let from = self.base + minutes(self.serial * 17);
        let time = |at: DateTime<Utc>| json!({"dateTime": at.to_rfc3339(), "timeZone": "UTC"});
        json!({"start": time(from), "end": time(from + minutes(30))})
    }
}

/// The load's own rhythm; nothing is waited for.
fn pace(started: Instant, moment_ms: u64) {
    std::thread::sleep(Duration::from_millis(moment_ms).saturating_sub(started.elapsed()));
}

/// The accounts in whose primary calendar something has changed after `since`, and no push that tells of the last
/// change was accepted.
fn untold(world: &World, person: &Person, since: u64) -> Result<BTreeSet<usize>> {
    let mut untold = BTreeSet::new();
    for (at, account) in person.accounts.iter().enumerate() {
        let mut told = None;
        eventually_every(Duration::from_millis(5), "the pushes are answered", ANSWERS, || {
            let entries = world.since(since);
            let own: Vec<&Entry> = entries.iter().filter(|entry| entry.calendar == account.email).collect();
            told = last_told(&own);
            holds(told.is_some(), || "a push is under way".to_owned())
        })?;
        if !told.context("no answer")? {
            untold.insert(at);
        }
    }
    Ok(untold)
}

/// Whether the last change was told by a push that was accepted; `None` while a push has no answer. Nothing has to be
/// told if nothing has changed.
fn last_told(entries: &[&Entry]) -> Option<bool> {
    let Some(changed) = entries.iter().rfind(|entry| entry.kind == "change") else { return Some(true) };
    let of = |kind: &'static str| entries.iter().filter(move |entry| entry.kind == kind);
    let sent = || of("push_sent").filter(|entry| entry.seq > changed.seq);
    let answer = |push: &Entry| {
        let same =
            |entry: &&&Entry| entry.channel == push.channel && entry.message_number == push.message_number;
        of("push_answered").find(same).and_then(|entry| entry.status)
    };
    let answers: Vec<Option<u16>> = sent().map(|push| answer(push)).collect();
    if answers.contains(&Some(200)) {
        return Some(true);
    }
    // Pushes of a channel are sent one after the other: the change's own may not even be sent yet.
    if answers.is_empty() || answers.contains(&None) { None } else { Some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64, kind: &'static str, number: u64, status: u16) -> Entry {
        let (number, status) = (Some(number).filter(|n| *n > 0), Some(status).filter(|s| *s > 0));
        Entry { seq, kind, message_number: number, status, ..Entry::default() }
    }

    fn told(entries: &[Entry]) -> Option<bool> {
        last_told(&entries.iter().collect::<Vec<_>>())
    }

    #[test]
    fn an_accepted_push_counts_only_after_the_change() {
        let before =
            [entry(1, "push_sent", 1, 0), entry(2, "change", 0, 0), entry(3, "push_answered", 1, 200)];
        assert_eq!(told(&before), None);
        let after =
            [entry(1, "change", 0, 0), entry(2, "push_sent", 2, 0), entry(3, "push_answered", 2, 200)];
        assert_eq!(told(&after), Some(true));
        let refused =
            [entry(1, "change", 0, 0), entry(2, "push_sent", 2, 0), entry(3, "push_answered", 2, 503)];
        assert_eq!(told(&refused), Some(false));
        assert_eq!(told(&[]), Some(true));
    }

    #[test]
    fn the_limit_is_the_longest_lease_and_ten_seconds() {
        assert_eq!(LIMIT, Duration::from_secs(70));
    }
}
