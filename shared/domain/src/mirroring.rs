//! The life of one mirror: what is wanted against what the provider acknowledged.
//!
//! Intent (`wanted`, `version`) and fact (`acked`, `etag`) are separate, and each step is decided from both. A
//! result of a write is a [`Fact`] about the provider, never an instruction: after it is recorded, the next step
//! is decided anew, so that a lost answer, a conflict and a crash all lead through the same code.

use serde::{Deserialize, Serialize};

use crate::backoff::doubled;
use crate::projection::{MirrorBody, ProjectionHash};
use crate::time::Timestamp;
use crate::words;

/// Stands for the hash of an instance that is as its series has it.
pub const INHERITED: ProjectionHash = ProjectionHash::from_bytes([0; 16]);
/// After this many attempts without success a mirror is given up until its wish changes.
pub const MAX_ATTEMPTS: u32 = 12;
/// After this many restores of one mirror within a day it is given up (protocol rule 23).
pub const MAX_RESTORES_A_DAY: u32 = 3;
/// The pause after a first failure; doubles up to [`MAX_PAUSE_MS`].
const FIRST_PAUSE_MS: i64 = 500;
/// The longest pause between two attempts.
const MAX_PAUSE_MS: i64 = 300_000;
/// A delete is never given up: after the last attempt it is tried once a day.
const GIVEN_UP_DELETE_MS: i64 = 86_400_000;
/// How long an answer may be late: twice the deadline of a call.
const IN_DOUBT_MS: i64 = 20_000;

words! {
    /// The state of a mirror, as it is stored and shown.
    MirrorState {
        /// Something has to be written.
        Pending = "PENDING",
        /// It is as it is wanted.
        Active = "ACTIVE",
        /// It is not wanted and not there.
        Deleted = "DELETED",
        /// It was removed with its account.
        Tombstoned = "TOMBSTONED",
        /// It was given up; the message says why.
        Error = "ERROR",
    }
}

/// What a mirror stands on at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// It is an event of its own: inserted under an id of ours, which can be burnt.
    Own,
    /// It is an instance of a mirrored series: there by the series, replaced or deleted, never inserted.
    Instance,
}

/// Everything that decides what is next for a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// What it stands on.
    pub anchor: Anchor,
    /// What is wanted; `None`: no mirror.
    pub wanted: Option<ProjectionHash>,
    /// The version of the wish, from 1.
    pub version: u32,
    /// What the provider holds, as it last acknowledged.
    pub acked: Option<ProjectionHash>,
    /// The provider's etag of that.
    pub etag: Option<String>,
    /// When the provider last changed that, by its own clock: what a page shows of an earlier time is old news.
    pub updated: Option<Timestamp>,
    /// The generation of the mirror's id.
    pub id_generation: u32,
    /// Whether a writer has claimed it: a write may be under way.
    pub claimed: bool,
    /// Whether a write was sent whose answer never came.
    pub in_doubt: bool,
    /// Whether it was found absent once while in doubt.
    pub missed: bool,
    /// Attempts since the last success or change of wish.
    pub attempts: u32,
    /// Not to be written before this.
    pub next_attempt: Timestamp,
    /// The state.
    pub state: MirrorState,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Mirror {
    /// A mirror that is wanted for the first time.
    #[must_use]
    pub const fn wished(wanted: ProjectionHash) -> Self {
        Self {
            anchor: Anchor::Own,
            wanted: Some(wanted),
            version: 1,
            acked: None,
            etag: None,
            updated: None,
            id_generation: 0,
            claimed: false,
            in_doubt: false,
            missed: false,
            attempts: 0,
            next_attempt: Timestamp::from_millis(0),
            state: MirrorState::Pending,
            error: None,
        }
    }

    /// A mirror that was never wanted: of an event that is not copied along an edge.
    #[must_use]
    pub fn unwanted() -> Self {
        let mut mirror = Self::wished(INHERITED);
        mirror.wanted = None;
        mirror.rest();
        mirror
    }

    /// An instance of a series that is there as the series has it, and is wanted otherwise.
    #[must_use]
    pub fn instance(wanted: Option<ProjectionHash>) -> Self {
        let mut instance = Self::wished(INHERITED);
        instance.anchor = Anchor::Instance;
        instance.wanted = wanted;
        instance.acked = Some(INHERITED);
        instance.rest();
        instance
    }

    /// Changes the wish; `false` if it is the same as before.
    pub fn wish(&mut self, wanted: Option<ProjectionHash>) -> bool {
        if self.wanted == wanted && self.state != MirrorState::Error {
            return false;
        }
        self.wanted = wanted;
        self.version = self.version.saturating_add(1);
        self.attempts = 0;
        self.next_attempt = Timestamp::from_millis(0);
        self.error = None;
        self.rest();
        true
    }

    /// The next write, `None` if nothing has to be written.
    #[must_use]
    pub fn next(&self) -> Option<Step> {
        match (&self.wanted, &self.acked, &self.etag) {
            (Some(wanted), Some(acked), _) if wanted == acked && !self.in_doubt => None,
            // In doubt, the write is repeated even if it changes nothing: its precondition shows what arrived.
            (Some(_), Some(_), Some(etag)) => Some(Step::Update { etag: Some(etag.clone()) }),
            (Some(_), _, etag) if self.anchor == Anchor::Instance => {
                Some(Step::Update { etag: etag.clone() })
            }
            // Without an etag an update could overwrite what we never saw. The insert meets our own id, and the
            // conflict shows what is there.
            (Some(_), _, _) => Some(Step::Insert),
            (None, Some(_), etag) => Some(Step::Delete { etag: etag.clone() }),
            (None, None, _) if self.in_doubt => Some(Step::Delete { etag: None }),
            (None, None, _) => None,
        }
    }

    /// A writer claims it. The claim of another that ran out leaves it in doubt: that write may still arrive.
    pub const fn claim(&mut self) {
        self.in_doubt = self.in_doubt || self.claimed;
        self.claimed = true;
    }

    /// Its writer leaves it without having written.
    pub fn release(&mut self) {
        self.claimed = false;
        self.rest();
    }

    /// Records what is known of the mirror at the provider now. `version` is the version that was worked on.
    pub fn learn(&mut self, version: u32, fact: Fact, now: Timestamp) {
        self.claimed = false;
        match fact {
            Fact::Written { hash, etag, updated } => {
                self.acked = Some(hash);
                self.etag = Some(etag);
                self.updated = updated;
                self.succeeded(version);
            }
            Fact::Absent => {
                self.acked = None;
                self.etag = None;
                if self.in_doubt && !self.missed && self.wanted.is_none() {
                    // A write whose answer was lost may still arrive: look once more when it cannot.
                    self.missed = true;
                    self.next_attempt = now.plus_millis(IN_DOUBT_MS);
                } else {
                    // We deleted it: a provider never frees an id.
                    self.burn();
                    self.succeeded(version);
                }
            }
            Fact::Exists { hash, etag, updated, .. } => {
                self.acked = Some(hash);
                self.etag = Some(etag);
                self.updated = updated;
                self.in_doubt = false;
                self.tried(now);
            }
            Fact::IdBurnt | Fact::Cancelled => {
                self.acked = None;
                self.etag = None;
                self.in_doubt = false;
                self.burn();
                self.tried(now);
            }
            Fact::InDoubt => {
                self.in_doubt = true;
                self.missed = false;
                // An outage may be long: the pause grows, but the mirror is never given up for it.
                self.attempts = self.attempts.saturating_add(1).min(MAX_ATTEMPTS.saturating_sub(1));
                self.next_attempt = now.plus_millis(doubled(FIRST_PAUSE_MS, self.attempts, MAX_PAUSE_MS));
            }
            Fact::Untouched => {}
            // Waiting is no attempt.
            Fact::TryAfter { seconds } => self.next_attempt = now.plus_seconds(i64::from(seconds)),
            Fact::Refused { reason } => {
                self.error = Some(reason);
                if self.wanted.is_some() {
                    self.state = MirrorState::Error;
                    return;
                }
                if self.anchor == Anchor::Instance {
                    // Its series waits for it, and takes it along when it goes.
                    self.acked = None;
                    self.etag = None;
                    self.in_doubt = false;
                }
                // No change of the wish would ever end this: the block of a deleted event would stay for good.
                self.next_attempt = now.plus_millis(GIVEN_UP_DELETE_MS);
            }
        }
        self.rest();
    }

    /// The provider shows the mirror without our having written it (an echo, or someone else's edit).
    /// `true` if anything was recorded.
    pub fn see(&mut self, sight: Sight<'_>) -> bool {
        if self.claimed || self.state != MirrorState::Active {
            return false;
        }
        match sight {
            Sight::Live { etag, .. } if self.etag.as_deref() == Some(etag) => return false,
            // A page that was fetched before our last write, or came twice.
            Sight::Live { updated, .. } if updated < self.updated => return false,
            Sight::Live { etag, hash, updated, .. } => {
                self.etag = Some(etag.to_owned());
                self.updated = updated;
                if self.acked.as_ref() != Some(hash) {
                    self.acked = Some(hash.clone());
                }
            }
            Sight::Deleted => {
                self.acked = None;
                self.etag = None;
                self.burn();
            }
            Sight::Missing => {
                // The page may be older than our write: the insert meets our own id and shows what is there.
                self.acked = None;
                self.etag = None;
                self.in_doubt = true;
            }
        }
        self.rest();
        true
    }

    /// The series that it is an instance of was made anew, under another id: it is as the series has it again.
    pub fn start_over(&mut self, id_generation: u32) {
        self.acked = Some(INHERITED);
        self.etag = None;
        self.updated = None;
        self.id_generation = id_generation;
        self.claimed = false;
        self.in_doubt = false;
        self.missed = false;
        self.attempts = 0;
        self.next_attempt = Timestamp::from_millis(0);
        self.error = None;
        self.rest();
    }

    /// The series that it is an instance of is not there any more, and nothing of it either.
    pub fn lapse(&mut self) {
        self.wanted = None;
        self.acked = None;
        self.etag = None;
        self.claimed = false;
        self.in_doubt = false;
        self.missed = false;
        self.attempts = 0;
        self.error = None;
        self.rest();
    }

    /// Its id can never be used again. That of an instance is the series'.
    const fn burn(&mut self) {
        if matches!(self.anchor, Anchor::Own) {
            self.id_generation = self.id_generation.saturating_add(1);
        }
    }

    fn succeeded(&mut self, version: u32) {
        self.in_doubt = false;
        self.missed = false;
        self.error = None;
        self.attempts = 0;
        if version == self.version {
            self.next_attempt = Timestamp::from_millis(0);
        }
    }

    /// An attempt met something else than it expected. The first is followed up at once, later ones with a pause.
    fn tried(&mut self, now: Timestamp) {
        let pause = match self.attempts {
            0 | 1 => 0,
            attempts => doubled(FIRST_PAUSE_MS, attempts, MAX_PAUSE_MS),
        };
        self.attempts = self.attempts.saturating_add(1);
        self.next_attempt = now.plus_millis(pause);
        if self.attempts >= MAX_ATTEMPTS {
            self.error = Some(format!("given up after {} attempts", self.attempts));
            if self.wanted.is_none() {
                self.attempts = MAX_ATTEMPTS.saturating_sub(1);
                self.next_attempt = now.plus_millis(GIVEN_UP_DELETE_MS);
            }
        }
    }

    /// The state that follows from intent and fact.
    fn rest(&mut self) {
        self.state = if self.attempts >= MAX_ATTEMPTS {
            MirrorState::Error
        } else if self.claimed || self.next().is_some() {
            // While a write is under way nothing rests, whatever the wish: what it brings is not known yet.
            MirrorState::Pending
        } else if self.wanted.is_some() {
            MirrorState::Active
        } else {
            MirrorState::Deleted
        };
    }
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Insert the mirror.
    Insert,
    /// Replace it, if it still has this etag.
    Update {
        /// The etag; `None` of an instance that nobody wrote yet.
        etag: Option<String>,
    },
    /// Delete it, if it still has this etag.
    Delete {
        /// The etag, if known.
        etag: Option<String>,
    },
}

/// What is known of a mirror at the provider after a write or a look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// Our write was acknowledged.
    Written {
        /// The hash of what was written.
        hash: ProjectionHash,
        /// The provider's etag of it.
        etag: String,
        /// When, by the provider's clock.
        #[serde(default)]
        updated: Option<Timestamp>,
    },
    /// It is not there (deleted by us, or found gone when we wanted to delete it).
    Absent,
    /// It is there, provably ours, with this content.
    Exists {
        /// The hash that it carries.
        hash: ProjectionHash,
        /// The provider's etag.
        etag: String,
        /// When it was last changed, by the provider's clock.
        #[serde(default)]
        updated: Option<Timestamp>,
        /// What it shows, if that is not what it was written with: someone changed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shows: Option<Box<MirrorBody>>,
    },
    /// Its id can never be used again: it was never there, or is someone else's event.
    IdBurnt,
    /// It is a tombstone, and we did not delete it as far as we know: its id can never be used again.
    Cancelled,
    /// A write was sent and no answer came.
    InDoubt,
    /// Nothing was done, for a reason that lies with its calendar: it waits as before.
    Untouched,
    /// The provider asks for patience.
    TryAfter {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The provider will never accept it.
    Refused {
        /// Why, without personal data.
        reason: String,
    },
}

/// How a mirror shows in a fetched page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight<'a> {
    /// It is there.
    Live {
        /// The provider's etag.
        etag: &'a str,
        /// The hash of the fields that we own, as they are now.
        hash: &'a ProjectionHash,
        /// When it was last changed, by the provider's clock.
        updated: Option<Timestamp>,
        /// What it shows, if that is not what it was written with: someone changed it.
        shows: Option<&'a MirrorBody>,
    },
    /// It is a tombstone.
    Deleted,
    /// A whole list does not hold it.
    Missing,
}

#[cfg(test)]
mod tests;
