//! Replaying dead letters (protocol rule 31): what a letter was about is done once more, from what is true now.

use serde::Deserialize;
use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{CalendarId, DeadLetterId};
use tminus_ports::ObjectHost;
use tminus_queues::{Message, Queue, SyncMessage, decode};
use tminus_store::Value;

use crate::again;
use crate::context::{Context, Effects, Nudge};
use crate::contract::{MarkDirty, MarkedDirty};
use crate::dirty;
use crate::error::AccountError;

/// What a delta's letter holds: the ids of its items, not the items.
#[derive(Deserialize)]
struct ReducedDelta {
    calendar: CalendarId,
    items: Vec<ReducedItem>,
}

#[derive(Deserialize)]
struct ReducedItem {
    #[serde(default)]
    id: Option<String>,
}

/// Does what the letter was about once more, and forgets it. One that is forgotten already is done.
pub(crate) fn replay<H: ObjectHost>(
    ctx: &Context<'_, H>,
    letter: DeadLetterId,
    effects: &mut Effects,
) -> Result<(), AccountError> {
    let row = ctx.first(
        "/* dead_letter */ SELECT queue, body FROM dead_letters WHERE letter_id = ?1",
        &[Value::text(letter)],
    )?;
    let Some(row) = row else { return Ok(()) };
    let (queue, body): (String, Option<String>) = (row.get(0)?, row.get(1)?);
    let unknown = AccountError::Refused("nothing is known of what the letter was about; it can be discarded");
    let (Some(spec), Some(body)) = (Queue::by_name(&queue), body) else { return Err(unknown) };
    match spec.queue {
        Queue::Sync | Queue::Backfill => {
            let message: Message<SyncMessage> = decode(&body).map_err(|_| unknown)?;
            match message.body {
                SyncMessage::Calendar { calendar, mark, .. } => {
                    let level = mark.unwrap_or(DirtyLevel::Incremental);
                    if let MarkedDirty { nudge: Some(lane) } =
                        dirty::mark(ctx, MarkDirty { calendar, level })?
                    {
                        effects.push(Nudge::Calendar(calendar, lane));
                    }
                }
                SyncMessage::Maintain { .. } => effects.push(Nudge::Maintain),
            }
        }
        Queue::Delta | Queue::DeltaBulk => {
            let delta: ReducedDelta = serde_json::from_str(&body).map_err(|_| unknown)?;
            let ids: Vec<String> = delta.items.into_iter().filter_map(|item| item.id).collect();
            again::ask(ctx, delta.calendar, &ids, effects)?;
        }
        Queue::Mirror => effects.push(Nudge::Write(Lane::Live)),
        Queue::MirrorBulk => effects.push(Nudge::Write(Lane::Bulk)),
    }
    discard(ctx, letter)
}

/// Forgets a letter.
pub(crate) fn discard<H: ObjectHost>(ctx: &Context<'_, H>, letter: DeadLetterId) -> Result<(), AccountError> {
    Ok(ctx.run(
        "/* forget_dead_letter */ DELETE FROM dead_letters WHERE letter_id = ?1",
        &[Value::text(letter)],
    )?)
}
