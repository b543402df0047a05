//! Creation, status and dead letters.

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{AccountId, CalendarId, DeadLetterId, UserId};
use tminus_domain::policy::CalendarRole;
use tminus_domain::time::Timestamp;
use tminus_domain::words;
use tminus_google::{AccessToken, RefreshToken};

use super::commands;

/// Creates the object, or renews the consent of one that exists. Only the API Worker sends it
/// (protocol rule 28).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// The account: the object's name.
    pub account: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// The access token.
    pub access: AccessToken,
    /// The refresh token; `None` if the provider gave none, which keeps the old one.
    pub refresh: Option<RefreshToken>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The scopes that were granted, as the provider lists them.
    pub scopes: String,
}

/// The account exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The id of its overlay calendar, minted with it.
    pub overlay_calendar: CalendarId,
}

words! {
    /// How an account stands.
    AccountState {
        /// It works.
        Active = "active",
        /// The grant at the provider is gone; the user must consent again.
        Revoked = "revoked",
        /// Something else is wrong.
        Error = "error",
        /// It is being unlinked.
        Unlinking = "unlinking",
    }
}

words! {
    /// How a calendar stands.
    CalendarState {
        /// It is read as it should be.
        Fine = "fine",
        /// It could not be read three times in a row; tried again with growing pauses (protocol rule 11).
        Error = "error",
    }
}

/// Asks how the account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetStatus {}

/// How the account stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct AccountStatus {
    /// The account.
    pub account: AccountId,
    /// How it stands.
    pub state: AccountState,
    /// Whether its overlay calendar is there.
    pub overlay_ready: bool,
    /// Its calendars.
    pub calendars: Vec<CalendarStatus>,
    /// How many dead letters wait.
    pub dead_letters: u32,
}

/// How a calendar stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct CalendarStatus {
    /// The calendar.
    pub calendar: CalendarId,
    /// What it is to us.
    pub role: CalendarRole,
    /// How it stands.
    pub state: CalendarState,
    /// How much of it waits to be fetched.
    pub dirty: DirtyLevel,
    /// Whether a run is under way.
    pub running: bool,
    /// When a run last committed its cursor.
    pub synced_at: Option<Timestamp>,
    /// Failed runs in a row.
    pub failures: u32,
    /// When its last channel ends.
    pub channel_expires_at: Option<Timestamp>,
}

/// The access token of this version was refused by the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportUnauthorized {
    /// The version.
    pub token_version: u32,
}

/// Stores a dead letter. Storing the same message twice is once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreDeadLetter {
    /// What is stored.
    pub letter: DeadLetter,
}

/// Stores a dead letter that belongs to no account; sent to the object [`super::UNROUTABLE`] only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreUnroutable {
    /// What is stored.
    pub letter: DeadLetter,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The queue that it died on, by its platform name.
    pub queue: String,
    /// What tells it from others: its own id, or a hash of an undecodable text.
    pub message_key: String,
    /// Why, without personal data.
    pub reason: String,
    /// The message, if it may be kept: nudges whole, deltas reduced to ids and hashes.
    pub body: Option<String>,
}

/// The dead letter is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDeadLetter {
    /// Its id, the same for every repeat.
    pub id: DeadLetterId,
}

/// Lists the dead letters, the newest first, at most 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListDeadLetters {}

/// Does once more what a dead letter was about, and forgets it. Nothing of the letter's body is used but which calendar,
/// which events and which account it names: what it carried is fetched again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayDeadLetter {
    /// The letter.
    pub id: DeadLetterId,
}

/// Forgets a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardDeadLetter {
    /// The letter.
    pub id: DeadLetterId,
}

/// Fetches events one by one, with the calendar's next run: items in quarantine (protocol rule 11).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchAgain {
    /// The calendar.
    pub calendar: CalendarId,
    /// Their ids at the provider, at most 1000.
    pub ids: Vec<String>,
}

commands! {
    ReplayDeadLetter => "replay_dead_letter", ();
    DiscardDeadLetter => "discard_dead_letter", ();
    FetchAgain => "fetch_again", ();
    Create => "create", Created;
    GetStatus => "get_status", AccountStatus;
    ReportUnauthorized => "report_unauthorized", ();
    StoreDeadLetter => "store_dead_letter", StoredDeadLetter;
    StoreUnroutable => "store_unroutable", StoredDeadLetter;
    ListDeadLetters => "list_dead_letters", Vec<(DeadLetterId, DeadLetter, Timestamp)>;
}
