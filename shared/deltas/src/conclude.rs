//! The end of a full run: what it did not see is concluded, then its cursor is committed (protocol rules 9 and 14).

use tminus_account::contract::{CommitRun, Progress};
use tminus_domain::ids::{AccountId, CalendarId, RunId, UserId};
use tminus_ports::{CallError, ObjectCall, call};
use tminus_user_graph::contract::ConcludeFullRun;

/// A full run whose last page is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullRun {
    /// Whose graph it went into.
    pub user: UserId,
    /// The account.
    pub account: AccountId,
    /// The calendar.
    pub calendar: CalendarId,
    /// The run.
    pub run: RunId,
    /// Its generation.
    pub generation: u32,
}

/// Concludes what a full run did not see, and commits it. Safe to repeat: within a generation a second conclusion
/// confirms nothing new, and a run that is committed is not committed again.
///
/// # Errors
/// [`CallError`] if an object does not do its part.
pub async fn conclude(
    ports: &(impl ObjectCall + ?Sized),
    trace: &str,
    full: FullRun,
) -> Result<Progress, CallError> {
    let FullRun { user, account, calendar, run, generation } = full;
    let ask = ConcludeFullRun { account, calendar, run, generation };
    let concluded = call(ports, &user.to_string(), trace, &ask).await?;
    let commit = CommitRun { calendar, run, suspects: concluded.suspects };
    let progress = call(ports, &account.to_string(), trace, &commit).await?;
    tracing::info!(?concluded, "a full run was concluded");
    Ok(progress)
}
