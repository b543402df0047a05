//! The account's one row: whose it is, its overlay, the maintainer's seat.

use tminus_domain::ids::{AccountId, CalendarId, MessageId, UserId};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::Context;
use crate::contract::{AccountState, UnlinkStep};
use crate::error::AccountError;

/// The row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) account: AccountId,
    pub(crate) user: UserId,
    pub(crate) state: AccountState,
    pub(crate) overlay_calendar: CalendarId,
    pub(crate) overlay_state: String,
    pub(crate) overlay_nonce: Option<String>,
    pub(crate) write_after: Option<Timestamp>,
    pub(crate) maintainer: Option<MessageId>,
    pub(crate) maintainer_until: Option<Timestamp>,
    /// One list did not hold the overlay that may have been inserted.
    pub(crate) overlay_missed: bool,
    /// How far unlinking is.
    pub(crate) unlink_step: Option<UnlinkStep>,
    /// No step of it before this.
    pub(crate) unlink_after: Option<Timestamp>,
    /// Lists in a row that held none of our events.
    pub(crate) empty_lists: u32,
    /// New calendars begin above this generation.
    pub(crate) generation_floor: u32,
}

/// The account's row.
pub(crate) fn get<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Identity, AccountError> {
    let row = ctx
        .first(
            "/* account */ SELECT account_id, user_id, state, overlay_calendar_id, overlay_state, overlay_nonce,
               write_after, maintainer, maintainer_until, overlay_missed, unlink_step, unlink_after, empty_lists,
               generation_floor FROM account",
            &[],
        )?
        .ok_or(AccountError::Gone)?;
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        Ok(row.get::<Option<i64>>(column)?.map(Timestamp::from_millis))
    };
    Ok(Identity {
        account: row.parse(0, "account id")?,
        user: row.parse(1, "user id")?,
        state: row.parse(2, "account state")?,
        overlay_calendar: row.parse(3, "calendar id")?,
        overlay_state: row.get(4)?,
        overlay_nonce: row.get(5)?,
        write_after: time(6)?,
        maintainer: row.parse_opt(7, "message id")?,
        maintainer_until: time(8)?,
        overlay_missed: row.get(9)?,
        unlink_step: row.parse_opt(10, "unlink step")?,
        unlink_after: time(11)?,
        empty_lists: row.get(12)?,
        generation_floor: row.get(13)?,
    })
}

/// Stores everything of the row that changes.
pub(crate) fn update<H: ObjectHost>(ctx: &Context<'_, H>, identity: &Identity) -> Result<(), StoreError> {
    let time = |at: Option<Timestamp>| Value::from(at.map(Timestamp::millis));
    ctx.run(
        "/* update_account */ UPDATE account
         SET state = ?1, overlay_state = ?2, overlay_nonce = ?3, write_after = ?4, maintainer = ?5,
             maintainer_until = ?6, overlay_missed = ?7, unlink_step = ?8, unlink_after = ?9, empty_lists = ?10,
             generation_floor = ?11",
        &[
            identity.state.as_str().into(),
            identity.overlay_state.as_str().into(),
            identity.overlay_nonce.clone().into(),
            time(identity.write_after),
            Value::opt_text(identity.maintainer),
            time(identity.maintainer_until),
            identity.overlay_missed.into(),
            Value::opt_text(identity.unlink_step),
            time(identity.unlink_after),
            identity.empty_lists.into(),
            identity.generation_floor.into(),
        ],
    )
}

/// Makes the row, if there is none; answers the overlay calendar's id either way.
pub(crate) fn create<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    user: UserId,
) -> Result<CalendarId, AccountError> {
    let overlay = ctx.id::<CalendarId>();
    ctx.run(
        // Of an account that was unlinked the highest generation is left (protocol rule 12).
        "/* create_account */ INSERT INTO account
           (account_id, user_id, overlay_calendar_id, created_at, generation_floor)
         VALUES (?1, ?2, ?3, ?4, (SELECT COALESCE(MAX(generation), 0) FROM tombstone))
         ON CONFLICT (account_id) DO NOTHING",
        &[Value::text(account), Value::text(user), Value::text(overlay), ctx.now.to_rfc3339().into()],
    )?;
    ctx.run("/* raise_from_the_dead */ DELETE FROM tombstone", &[])?;
    ctx.run(
        "/* create_sync_state */ INSERT INTO sync_state (account_id, updated_at) VALUES (?1, ?2)
         ON CONFLICT (account_id) DO NOTHING",
        &[Value::text(account), ctx.now.to_rfc3339().into()],
    )?;
    let stored = get(ctx)?;
    if stored.account != account || stored.user != user {
        return Err(AccountError::Refused("the object belongs to another account or user"));
    }
    if stored.state == AccountState::Unlinking {
        return Err(AccountError::Refused("the account is being unlinked"));
    }
    Ok(stored.overlay_calendar)
}
