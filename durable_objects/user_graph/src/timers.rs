//! Timers are rows; the alarm is the earliest due one (protocol rule 27).

use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::context::Context;

/// What a timer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Nudge the writer of an account that has pending mirrors; the subject is the account.
    Nudge,
    /// Go on projecting events again; the subject is the graph.
    Reproject,
    /// A window moves on; the subject is the graph.
    Boundary,
    /// Go on deleting what an approved sweep is about; the subject is the calendar.
    Sweep,
    /// Go on indexing texts; the subject is the graph.
    Index,
    /// Go on dropping old entries of the journal; the subject is the graph.
    Retention,
    /// Forget requests that are a day old; the subject is all of them.
    Requests,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Nudge => "nudge",
            Self::Reproject => "reproject",
            Self::Boundary => "boundary",
            Self::Sweep => "sweep",
            Self::Index => "index",
            Self::Retention => "retention",
            Self::Requests => "requests",
        }
    }
}

/// A timer that is due.
pub(crate) struct Due {
    pub(crate) kind: Kind,
    pub(crate) subject: String,
    pub(crate) due: Timestamp,
    pub(crate) tries: u32,
    pub(crate) cursor: Option<String>,
}

/// Sets a timer, unless it is set for an earlier time already.
pub(crate) fn set_at_most<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: &str,
    due: Timestamp,
) -> Result<(), StoreError> {
    ctx.run(
        "/* set_timer_at_most */ INSERT INTO timers (kind, subject, due_at, tries) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (kind, subject) DO UPDATE SET due_at = excluded.due_at, tries = 0
         WHERE excluded.due_at < timers.due_at",
        &[kind.as_str().into(), subject.into(), due.millis().into()],
    )
}

/// Sets a timer, whatever it was set for.
pub(crate) fn set<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: &str,
    due: Timestamp,
    tries: u32,
    cursor: Option<&str>,
) -> Result<(), StoreError> {
    ctx.run(
        "/* set_timer */ INSERT INTO timers (kind, subject, due_at, tries, cursor) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind, subject) DO UPDATE
         SET due_at = excluded.due_at, tries = excluded.tries, cursor = excluded.cursor",
        &[kind.as_str().into(), subject.into(), due.millis().into(), tries.into(), cursor.into()],
    )
}

/// Removes a timer.
pub(crate) fn clear<H: ObjectHost>(
    ctx: &Context<'_, H>,
    kind: Kind,
    subject: &str,
) -> Result<(), StoreError> {
    ctx.run(
        "/* clear_timer */ DELETE FROM timers WHERE kind = ?1 AND subject = ?2",
        &[kind.as_str().into(), subject.into()],
    )
}

/// The timers that are due, the earliest first, at most `limit`.
pub(crate) fn due<H: ObjectHost>(ctx: &Context<'_, H>, limit: u32) -> Result<Vec<Due>, StoreError> {
    ctx.query(
        "/* due_timers */ SELECT kind, subject, tries, cursor, due_at FROM timers WHERE due_at <= ?1
         ORDER BY due_at, kind, subject LIMIT ?2",
        &[ctx.now.millis().into(), limit.into()],
    )?
    .into_iter()
    .map(|row| {
        let kind = match row.get::<String>(0)?.as_str() {
            "nudge" => Kind::Nudge,
            "reproject" => Kind::Reproject,
            "boundary" => Kind::Boundary,
            "sweep" => Kind::Sweep,
            "index" => Kind::Index,
            "retention" => Kind::Retention,
            "requests" => Kind::Requests,
            _ => return Err(StoreError::Corrupt { what: "timer kind" }),
        };
        Ok(Due {
            kind,
            subject: row.get(1)?,
            tries: row.get(2)?,
            cursor: row.get(3)?,
            due: row.get(4).map(Timestamp::from_millis)?,
        })
    })
    .collect()
}

/// When the earliest timer is due.
pub(crate) fn earliest<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Option<Timestamp>, StoreError> {
    let row = ctx.first("/* earliest_timer */ SELECT MIN(due_at) FROM timers", &[])?;
    let due: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millis))
}
