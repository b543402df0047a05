//! The contract of AccountDO: its commands, one file a concern.
//!
//! Every command answers a repeat with the same result, so that a lost answer may always be followed by a repeat.

mod admin;
mod maintenance;
mod runs;
mod unlink;
mod writes;

pub use admin::{
    AccountState, AccountStatus, CalendarState, CalendarStatus, Create, Created, DeadLetter,
    DiscardDeadLetter, FetchAgain, GetStatus, ListDeadLetters, ReplayDeadLetter, ReportUnauthorized,
    StoreDeadLetter, StoreUnroutable, StoredDeadLetter,
};
pub use maintenance::{
    BeginMaintenance, ChannelClosed, ChannelOpened, ChannelRefused, EndMaintenance, KnownCalendar,
    KnownChannel, Maintenance, MaintenanceEnded, MaintenanceGrant, Overlay, OverlayCreating, OverlayMissed,
    OverlayReady, PutCalendars, SeenCalendar,
};
pub use runs::{
    AppliedPage, BeginRun, ChunkApplied, CommitRun, Cursor, MarkDirty, MarkedDirty, Next, PageFetched,
    Progress, RunFailed, RunFailure, RunGrant, RunStart, TakeOver,
};
pub use unlink::{
    FinishUnlink, Unlink, UnlinkDrained, UnlinkFailed, UnlinkGrant, UnlinkPurged, UnlinkStep, WrittenCalendar,
};
pub use writes::{BeginWrite, EndWrite, Permits, WriteGrant, WriteOutcome, WriteStart, WriteTarget};

use serde::{Deserialize, Serialize};
use tminus_google::AccessToken;

/// The object that keeps dead letters which no account can be read from.
pub const UNROUTABLE: &str = "acc_unroutable";

/// An access token and the version that a report of its failure names (protocol rule 30).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenGrant {
    /// The token.
    pub access: AccessToken,
    /// Grows with every refresh and every new consent.
    pub version: u32,
}

macro_rules! commands {
    ($($command:ty => $name:literal, $reply:ty;)*) => {$(
        impl tminus_ports::Command for $command {
            type Reply = $reply;
            const CLASS: tminus_ports::ObjectClass = tminus_ports::ObjectClass::Account;
            const NAME: &'static str = $name;
        }
    )*};
}
pub(crate) use commands;
