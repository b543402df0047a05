//! What every command leaves to be done outside.

use tminus_domain::dirty::Lane;
use tminus_domain::ids::CalendarId;
pub(crate) use tminus_ports::core::Context;

/// A nudge to send once the transaction is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nudge {
    /// To the sync Worker: a calendar.
    Calendar(CalendarId, Lane),
    /// To the sync Worker: maintain the account.
    Maintain,
    /// To the mirror Worker: the account has mirrors to write.
    Write(Lane),
}

/// What is to be done outside once the transaction is committed.
pub(crate) type Effects = Vec<Nudge>;
