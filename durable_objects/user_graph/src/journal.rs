//! The append-only journal: every change of a canonical event, with what changed.

use serde_json::Value as Json;
use tminus_domain::event::EventContent;
use tminus_domain::ids::{AccountId, EventId, JournalId};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

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
    pub(crate) after: Option<&'a EventContent>,
    pub(crate) reason: &'a str,
}

/// Appends an entry with an RFC 6902 patch from what was to what is.
pub(crate) fn append<H: ObjectHost>(ctx: &Context<'_, H>, entry: &Entry<'_>) -> Result<(), StoreError> {
    let json = |content: Option<&EventContent>| {
        content
            .map_or(Ok(Json::Null), serde_json::to_value)
            .map_err(|_| StoreError::Corrupt { what: "journal" })
    };
    let patch = json_patch::diff(&json(entry.before)?, &json(entry.after)?);
    let patch = serde_json::to_string(&patch).map_err(|_| StoreError::Corrupt { what: "journal" })?;
    ctx.run(
        "/* append_journal */ INSERT INTO event_journal
           (journal_id, canonical_event_id, ts, actor, change_type, patch_json, reason, version, trace_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        &[
            Value::text(ctx.id::<JournalId>()),
            Value::text(entry.event),
            ctx.now.to_rfc3339().into(),
            format!("provider:{}", entry.account).into(),
            entry.change.as_str().into(),
            patch.into(),
            entry.reason.into(),
            entry.version.into(),
            ctx.trace.into(),
        ],
    )
}
