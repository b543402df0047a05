//! Status and dead letters.

use tminus_domain::ids::DeadLetterId;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::Value;

use crate::calendars;
use crate::context::Context;
use crate::contract::{AccountStatus, CalendarStatus, DeadLetter, StoreDeadLetter, StoredDeadLetter};
use crate::error::AccountError;
use crate::identity;
use crate::maintenance::live_channels;

/// How the account stands.
pub(crate) fn status<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<AccountStatus, AccountError> {
    let identity = identity::get(ctx)?;
    let channels = live_channels(ctx)?;
    let calendars = calendars::all(ctx)?
        .into_iter()
        .map(|calendar| CalendarStatus {
            calendar: calendar.calendar,
            role: calendar.role,
            state: calendar.state(),
            dirty: calendar.dirty,
            running: calendar.is_running(),
            synced_at: calendar.synced_at,
            failures: calendar.failures,
            channel_expires_at: channels
                .iter()
                .filter(|(of, _)| *of == calendar.calendar)
                .map(|(_, channel)| channel.expires_at)
                .max(),
        })
        .collect();
    let dead_letters = ctx
        .first("/* count_dead_letters */ SELECT COUNT(*) FROM dead_letters", &[])?
        .map_or(Ok(0), |row| row.get(0))?;
    Ok(AccountStatus {
        account: identity.account,
        state: identity.state,
        overlay_ready: identity.overlay_state == "ready",
        calendars,
        dead_letters,
    })
}

/// Stores a dead letter, once a message.
pub(crate) fn store_dead_letter<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &StoreDeadLetter,
) -> Result<StoredDeadLetter, AccountError> {
    let letter = &command.letter;
    ctx.run(
        "/* store_dead_letter */ INSERT INTO dead_letters (letter_id, message_key, queue, reason, body, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (message_key) DO NOTHING",
        &[
            Value::text(ctx.id::<DeadLetterId>()),
            letter.message_key.as_str().into(),
            letter.queue.as_str().into(),
            letter.reason.as_str().into(),
            letter.body.clone().into(),
            ctx.now.millis().into(),
        ],
    )?;
    let row = ctx
        .first(
            "/* dead_letter_id */ SELECT letter_id FROM dead_letters WHERE message_key = ?1",
            &[letter.message_key.as_str().into()],
        )?
        .ok_or(AccountError::Refused("the dead letter was not stored"))?;
    Ok(StoredDeadLetter { id: row.parse(0, "dead letter id")? })
}

/// The dead letters, the newest first.
pub(crate) fn list_dead_letters<H: ObjectHost>(
    ctx: &Context<'_, H>,
) -> Result<Vec<(DeadLetterId, DeadLetter, Timestamp)>, AccountError> {
    ctx.query(
        "/* list_dead_letters */ SELECT letter_id, message_key, queue, reason, body, created_at FROM dead_letters
         ORDER BY created_at DESC, letter_id DESC LIMIT 100",
        &[],
    )?
    .into_iter()
    .map(|row| {
        let letter =
            DeadLetter { message_key: row.get(1)?, queue: row.get(2)?, reason: row.get(3)?, body: row.get(4)? };
        Ok((row.parse(0, "dead letter id")?, letter, Timestamp::from_millis(row.get(5)?)))
    })
    .collect()
}
