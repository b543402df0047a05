//! The append-only journal: every change of a canonical event, with the way back.
//!
//! What stands now is in the event itself, so a patch (RFC 6902) leads from the state after a change to the one before it:
//! a new event has none, and nothing of what it says is kept twice.

use serde::Serialize;
use serde_json::Value as Json;
use tminus_domain::event::EventContent;
use tminus_domain::ids::{AccountId, EventId, JournalId, TraceId};
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::bulk;
use crate::columns::Hex;
use crate::context::Context;

/// What happened to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Created,
    Updated,
    Deleted,
}

impl Change {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }
}

/// One entry.
pub(crate) struct Entry<'a> {
    pub(crate) event: EventId,
    pub(crate) account: AccountId,
    pub(crate) change: Change,
    pub(crate) version: u32,
    pub(crate) before: Option<&'a EventContent>,
    pub(crate) after: &'a EventContent,
    pub(crate) reason: &'a str,
}

/// A row of the statement below, in the order of its places.
#[derive(Serialize)]
struct Written<'a>(Hex, u32, Hex, i64, String, &'a str, Option<String>, &'a str, Option<Hex>);

/// Appends entries.
pub(crate) fn append<'a, H: ObjectHost>(
    ctx: &Context<'_, H>,
    entries: impl IntoIterator<Item = Entry<'a>>,
) -> Result<(), StoreError> {
    let trace = ctx.trace.parse::<TraceId>().ok().map(Hex::of);
    let rows = entries
        .into_iter()
        .map(|entry| {
            Ok(Written(
                Hex::of(entry.event),
                entry.version,
                Hex::of(ctx.id::<JournalId>()),
                ctx.now.millis(),
                format!("provider:{}", entry.account),
                entry.change.as_str(),
                entry.before.map(|before| way_back(entry.after, before)).transpose()?,
                entry.reason,
                trace,
            ))
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    bulk::run(
        ctx,
        "/* append_journal */ INSERT INTO event_journal
           (canonical_event_id, version, journal_id, ts, actor, change_type, patch_json, reason, trace_id)
         SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5,
           value ->> 6, value ->> 7, unhex(value ->> 8)
         FROM json_each(?1)",
        rows,
        &[],
    )
}

/// The patch from what is to what was.
fn way_back(after: &EventContent, before: &EventContent) -> Result<String, StoreError> {
    let corrupt = || StoreError::Corrupt { what: "journal" };
    let json = |content: &EventContent| serde_json::to_value(content).map_err(|_| corrupt());
    let (after, before): (Json, Json) = (json(after)?, json(before)?);
    serde_json::to_string(&json_patch::diff(&after, &before)).map_err(|_| corrupt())
}
