//! The contract of UserGraphDO.
//!
//! Every command answers a repeat with the same result or with one that changes nothing, so that a lost answer
//! may always be followed by a repeat.

use serde::{Deserialize, Serialize};
use tminus_domain::dirty::Lane;
use tminus_domain::event::EventContent;
use tminus_domain::floating::Floating;
use tminus_domain::ids::{AccountId, CalendarId, ClaimId, EventId, RunId, UserId};
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::Fact;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::ordering::Position;
use tminus_domain::policy::{CalendarKind, CalendarRole};
use tminus_domain::projection::{MirrorBody, ProjectionHash};
use tminus_domain::time::Timestamp;
use tminus_queues::ChunkRef;

use crate::reading_contract::{EventFilter, Indexing};

/// Creates the object if it does not exist. Only the API Worker sends it (protocol rule 28).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Create {
    /// The user: the object's name.
    pub user: UserId,
}

/// Links an account: BUSY edges to and from every other account, and from what the user makes here. A repeat with another kind changes into which
/// calendar of the account mirrors are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAccount {
    /// The account.
    pub account: AccountId,
    /// Its overlay calendar.
    pub overlay_calendar: CalendarId,
    /// Into which calendar of the account mirrors are written.
    pub kind: CalendarKind,
}

/// The calendars of an account, as AccountDO knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutCalendars {
    /// The account.
    pub account: AccountId,
    /// Its calendars.
    pub calendars: Vec<CalendarEntry>,
}

/// A calendar of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarEntry {
    /// The calendar.
    pub calendar: CalendarId,
    /// Its id at the provider.
    pub provider_calendar_id: String,
    /// What it is to us.
    pub role: CalendarRole,
    /// Its name, for its owner's eyes.
    pub display_name: Option<String>,
}

/// Applies a chunk of a fetched page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyChunk {
    /// The account that the items come from.
    pub account: AccountId,
    /// The calendar that the items come from.
    pub calendar: CalendarId,
    /// What the calendar is to us.
    pub role: CalendarRole,
    /// Which chunk it is.
    pub chunk: ChunkRef,
    /// Whether the run fetches everything.
    pub full: bool,
    /// The lane of the mirrors that follow.
    pub lane: Lane,
    /// The items, classified and normalised.
    pub deltas: Vec<Delta>,
}

/// One classified, normalised item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delta {
    /// An event of the user.
    Present {
        /// The provider's id.
        id: String,
        /// The provider's etag.
        etag: String,
        /// When it was last changed, by the provider's clock.
        #[serde(default)]
        updated: Option<Timestamp>,
        /// What it says.
        content: Box<EventContent>,
    },
    /// An event of the user of which some times are on a clock: an instant in the tables of zones, which are here and not
    /// where items are normalised.
    Floating {
        /// The provider's id.
        id: String,
        /// The provider's etag.
        etag: String,
        /// When it was last changed, by the provider's clock.
        #[serde(default)]
        updated: Option<Timestamp>,
        /// What it says; the times of `floating` go before its own.
        content: Box<EventContent>,
        /// The times that are on a clock.
        floating: Box<Floating>,
    },
    /// An id that is deleted: of an event or of a mirror, the store knows which.
    Deleted {
        /// The provider's id.
        id: String,
    },
    /// A mirror of ours, live at the provider.
    Mirror {
        /// The mirror's mark, as text.
        mark: String,
        /// Which instance of the series that the mark names; `None`: the mirror itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        occurrence: Option<Occurrence>,
        /// The provider's etag.
        etag: String,
        /// The hash of the fields that we own, as they are now.
        seen: ProjectionHash,
        /// When it was last changed, by the provider's clock.
        #[serde(default)]
        updated: Option<Timestamp>,
        /// The fields that we own, as they are now, if that is not what it was written with: someone changed them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shows: Option<Box<MirrorBody>>,
    },
    /// An item that cannot be understood: kept by itself with its reason (protocol rule 11).
    Bad {
        /// The provider's id, if it has one.
        id: Option<String>,
        /// Why, without personal data.
        reason: String,
    },
}

/// What a chunk came to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Applied {
    /// The graph's incarnation (protocol rule 13).
    pub incarnation: u32,
    /// Canonical events made.
    pub created: u32,
    /// Canonical events changed.
    pub updated: u32,
    /// Canonical events deleted.
    pub deleted: u32,
    /// Items that wrote no row.
    pub unchanged: u32,
    /// Items put into quarantine.
    pub quarantined: u32,
    /// Mirrors whose wanted state changed.
    pub mirrors_changed: u32,
    /// Events of the calendar to be fetched one by one, by the provider's id: masters that nobody has seen, and exceptions
    /// that their series left behind. What the provider does not have is applied as deleted (protocol rule 22).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub look_again: Vec<String>,
    /// The highest generation of the calendar that was ever applied. Above the chunk's own, the chunk does not count:
    /// whoever holds the run raises its generation above this and fetches again (protocol rule 12).
    #[serde(default)]
    pub generation: u32,
}

/// Asks how much of a page is applied (protocol rule 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetRunProgress {
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// The page.
    pub position: Position,
    /// Which fetch of the page.
    pub attempt: u32,
}

/// How much of a page is applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunProgress {
    /// The graph's incarnation.
    pub incarnation: u32,
    /// The chunks that are applied, by index.
    pub applied: Vec<u32>,
}

/// Forgets an account: its chunks are refused from now on, its events and their mirrors elsewhere are deleted, mirrors
/// in it are given up (protocol rule 29). A repeat changes nothing; [`LinkAccount`] takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlinkAccount {
    /// The account.
    pub account: AccountId,
    /// The highest generation of any of its calendars: nothing of it or below comes in any more, also after the account
    /// is linked again (protocol rule 12).
    pub generation: u32,
}

/// The account is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unlinked {
    /// When the last claim of a mirror in the account ends: until then a write may be under way.
    pub claimed_until: Option<Timestamp>,
}

/// A full run is whole: concludes what it did not see (protocol rule 14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcludeFullRun {
    /// The account.
    pub account: AccountId,
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// The run's generation.
    pub generation: u32,
}

/// What a full run concluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Concluded {
    /// Events missed for the first time.
    pub suspects: u32,
    /// Events deleted: missed by two full runs.
    pub deleted: u32,
    /// Events held for the operator: too many to be believed.
    pub held: u32,
}

/// Claims mirrors of a target account that wait to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimMirrors {
    /// The target account.
    pub account: AccountId,
    /// The claim; a repeat of the same claim gets the same operations.
    pub claim: ClaimId,
    /// At most this many, 1 to 50.
    pub limit: u32,
    /// At most this many of the bulk lane, after the live ones.
    pub bulk_limit: u32,
    /// Only mirrors in these calendars: the others are paused, or not there yet.
    pub calendars: Vec<CalendarId>,
}

/// Mirrors to write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// One operation a mirror.
    pub operations: Vec<MirrorOperation>,
}

/// One write at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorOperation {
    /// The mirror's mark, as text: it is also its key.
    pub mark: String,
    /// Which instance of the series that the mark names; `None`: the mirror itself. An instance is there by its series:
    /// it is replaced or deleted, never inserted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// The calendar to write into.
    pub calendar: CalendarId,
    /// The version of the wish that this fulfils.
    pub version: u32,
    /// What to do.
    pub action: MirrorAction,
}

/// What to do with a mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum MirrorAction {
    /// Insert it.
    Insert {
        /// What it shows.
        body: MirrorBody,
    },
    /// Replace it.
    Update {
        /// What it shows.
        body: MirrorBody,
        /// The etag that it must still have; `None` of an instance that nobody wrote yet.
        etag: Option<String>,
    },
    /// Delete it.
    Delete {
        /// The etag that it must still have; `None` if it is not known.
        etag: Option<String>,
    },
}

/// Reports what became of claimed operations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettleMirrors {
    /// The target account.
    pub account: AccountId,
    /// The claim.
    pub claim: ClaimId,
    /// One result an operation, in any order.
    pub results: Vec<MirrorResult>,
}

/// What became of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorResult {
    /// The mirror's mark, as text.
    pub mark: String,
    /// Which instance of the series that the mark names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// The version of the wish that was worked on.
    pub version: u32,
    /// What is known of the mirror at the provider now.
    pub fact: Fact,
}

/// What is left after settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// The lane of the first mirror that can be written now, if any.
    pub ready: Option<Lane>,
}

/// Lists what takes place in a range, in order of (start, event, occurrence): single events, exceptions of series, and every
/// other occurrence of these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListEvents {
    /// What ends after this, or starts at it.
    pub from: Timestamp,
    /// What starts before this, at most [`MAX_RANGE_DAYS`](crate::reading_contract::MAX_RANGE_DAYS) later.
    pub to: Timestamp,
    /// Only some of it.
    #[serde(default)]
    pub filter: EventFilter,
    /// At most this many, 1 to 500.
    pub limit: u32,
    /// Only what comes after this place.
    pub after: Option<EventCursor>,
}

/// A place in the list of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventCursor {
    /// The start, or midnight in UTC of the first day.
    pub start: Timestamp,
    /// The event.
    pub event: EventId,
    /// Which occurrence of it, if it is a series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
}

/// A canonical event, or an occurrence of a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListedEvent {
    /// The event: of an occurrence that nobody changed the series, of an exception the exception.
    pub event: EventId,
    /// The account that it comes from.
    pub account: AccountId,
    /// The calendar that it comes from.
    pub calendar: CalendarId,
    /// Which occurrence of the series `event` it is; `None`: it is the event itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// What it says; of an occurrence, what it says there.
    pub content: EventContent,
    /// The version, from 1.
    pub version: u32,
}

/// A mirror of a listed event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct ListedMirror {
    /// The account that holds it.
    pub account: AccountId,
    /// The calendar that holds it.
    pub calendar: CalendarId,
    /// Which instance of the mirrored series it is; `None`: the mirror itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<Occurrence>,
    /// PENDING, ACTIVE, DELETED, TOMBSTONED or ERROR.
    pub state: String,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPage {
    /// The events.
    pub events: Vec<ListedEvent>,
    /// Where the next page starts, if there is one.
    pub next: Option<EventCursor>,
    /// If a text was searched for: how far the index is, unless it is whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Indexing>,
}

/// Asks how the graph stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetStatus {}

/// How the graph stands.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GraphStatus {
    /// Live canonical events.
    pub events: u32,
    /// Mirrors by state.
    pub mirrors: Vec<(String, u32)>,
    /// Items in quarantine.
    pub quarantined: Vec<QuarantinedItem>,
    /// Whether events wait to be projected again.
    pub reprojecting: bool,
}

/// An item that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct QuarantinedItem {
    /// The account that it comes from.
    pub account: AccountId,
    /// The calendar that it comes from.
    pub calendar: CalendarId,
    /// Its id at the provider; `None` if it had none.
    pub event_id: Option<String>,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: String,
}

/// Declares the commands of this object, with the names that they travel under.
macro_rules! commands {
    ($($command:ty => $name:literal, $reply:ty;)*) => {$(
        impl tminus_ports::Command for $command {
            type Reply = $reply;
            const CLASS: tminus_ports::ObjectClass = tminus_ports::ObjectClass::UserGraph;
            const NAME: &'static str = $name;
        }
    )*};
}
pub(crate) use commands;

commands! {
    Create => "create", ();
    LinkAccount => "link_account", ();
    PutCalendars => "put_calendars", ();
    ApplyChunk => "apply_chunk", Applied;
    GetRunProgress => "get_run_progress", RunProgress;
    UnlinkAccount => "unlink_account", Unlinked;
    ConcludeFullRun => "conclude_full_run", Concluded;
    ClaimMirrors => "claim_mirrors", Claimed;
    SettleMirrors => "settle_mirrors", Settled;
    ListEvents => "list_events", EventPage;
    GetStatus => "get_status", GraphStatus;
}

/// The mark of a mirror, checked.
impl MirrorOperation {
    /// The id at the provider: the mark's, and for an instance the stamp of its original start behind it.
    #[must_use]
    pub fn provider_event_id(&self, mark: &Mark) -> String {
        mark.instance_id(self.occurrence)
    }

    /// The mark.
    ///
    /// # Errors
    /// If the text is no mark, which would be a defect of ours.
    pub fn parsed_mark(&self) -> Result<Mark, tminus_domain::mark::NotAMark> {
        self.mark.parse()
    }
}
