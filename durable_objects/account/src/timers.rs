//! Timers are rows; the alarm is the earliest due one (protocol rule 27).

use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::Context;

tminus_domain::words! {
    /// What a timer is for.
    Kind {
        /// A dirty calendar without a run is nudged again; the subject is the calendar.
        Nudge = "nudge",
        /// A run's lease ends, or its next page waits; the subject is the calendar.
        Lease = "lease",
        /// A calendar is to be fetched wholly once more; the subject is the calendar.
        Resync = "resync",
        /// An empty list after a push is followed by one more; the subject is the calendar.
        Look = "look",
        /// Writing may start (again); the subject is the account, or a calendar that refused every write.
        Write = "write",
        /// Maintenance is to be done (again); the subject is the account.
        Maintain = "maintain",
    }
}

/// A timer that is due.
pub(crate) struct Due {
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) tries: u32,
}

/// Sets a timer, whatever it was set for.
pub(crate) fn set<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: impl std::fmt::Display,
    due: Timestamp,
    tries: u32,
) -> Result<(), StoreError> {
    ctx.run(
        "/* set_timer */ INSERT INTO timers (kind, subject, due_at, tries) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at, tries = excluded.tries
         WHERE timers.due_at <> excluded.due_at OR timers.tries <> excluded.tries",
        &[kind.as_str().into(), subject.to_string().into(), due.millis().into(), tries.into()],
    )
}

/// The tries of a timer; none if it is not set.
pub(crate) fn tries<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: impl std::fmt::Display,
) -> Result<u32, StoreError> {
    let row = ctx.first(
        "/* timer_tries */ SELECT tries FROM timers WHERE kind = ?1 AND subject = ?2",
        &[kind.as_str().into(), subject.to_string().into()],
    )?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Removes a timer.
pub(crate) fn clear<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: impl std::fmt::Display,
) -> Result<(), StoreError> {
    ctx.run(
        "/* clear_timer */ DELETE FROM timers WHERE kind = ?1 AND subject = ?2",
        &[kind.as_str().into(), subject.to_string().into()],
    )
}

/// The timers that are due, the earliest first, at most `limit`.
pub(crate) fn due<H: ObjectHost>(ctx: &Context<'_, H>, limit: u32) -> Result<Vec<Due>, StoreError> {
    ctx.query(
        "/* due_timers */ SELECT kind, subject, tries FROM timers WHERE due_at <= ?1
         ORDER BY due_at, kind, subject LIMIT ?2",
        &[ctx.now.millis().into(), limit.into()],
    )?
    .into_iter()
    .map(|row| Ok(Due { kind: row.parse(0, "timer kind")?, subject: row.get(1)?, tries: row.get(2)? }))
    .collect()
}

/// When the earliest timer is due.
pub(crate) fn earliest<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<Timestamp>, StoreError> {
    let row = ctx.first("/* earliest_timer */ SELECT MIN(due_at) FROM timers", &[])?;
    let due: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millis))
}
