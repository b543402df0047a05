//! Items that cannot be understood, each by itself with its reason (protocol rule 11).

use std::borrow::Cow;

use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::bulk;
use crate::context::Context;
use crate::contract::ApplyChunk;

/// Puts an item of a chunk into quarantine.
pub(crate) fn put<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ApplyChunk,
    id: Option<&str>,
    reason: &str,
) -> Result<(), StoreError> {
    let chunk = &command.chunk;
    let nameless = || format!("?{}.{}.{}", chunk.run, chunk.position.page, chunk.index);
    ctx.run(
        "/* quarantine */ INSERT INTO quarantine (account_id, calendar_id, origin_event_id, reason, ts)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account_id, calendar_id, origin_event_id) DO UPDATE SET reason = excluded.reason
         WHERE quarantine.reason <> excluded.reason",
        &[
            Value::text(command.account),
            Value::text(command.calendar),
            id.map_or_else(nameless, str::to_owned).into(),
            reason.into(),
            ctx.now.to_rfc3339().into(),
        ],
    )
}

/// Items that are understood again, or deleted, leave quarantine.
pub(crate) fn release<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ApplyChunk,
    ids: &[Cow<'_, str>],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    ctx.run(
        "/* release */ DELETE FROM quarantine WHERE account_id = ?1 AND calendar_id = ?2
           AND origin_event_id IN (SELECT value FROM json_each(?3))",
        &[Value::text(command.account), Value::text(command.calendar), bulk::list(ids)?],
    )
}
