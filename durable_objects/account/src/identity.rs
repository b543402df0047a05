//! The account's one row: whose it is, its overlay, the maintainer's seat.

use tminus_domain::ids::{AccountId, CalendarId, MessageId, UserId};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::Context;
use crate::contract::AccountState;
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
}

/// The account's row.
pub(crate) fn get<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Identity, AccountError> {
    let row = ctx
        .first(
            "/* account */ SELECT account_id, user_id, state, overlay_calendar_id, overlay_state, overlay_nonce,
               write_after, maintainer, maintainer_until FROM account",
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
    })
}

/// Stores everything of the row that changes.
pub(crate) fn update<H: ObjectHost>(ctx: &Context<'_, H>, identity: &Identity) -> Result<(), StoreError> {
    let time = |at: Option<Timestamp>| Value::from(at.map(Timestamp::millis));
    ctx.run(
        "/* update_account */ UPDATE account
         SET state = ?1, overlay_state = ?2, overlay_nonce = ?3, write_after = ?4, maintainer = ?5,
             maintainer_until = ?6",
        &[
            identity.state.as_str().into(),
            identity.overlay_state.as_str().into(),
            identity.overlay_nonce.clone().into(),
            time(identity.write_after),
            Value::opt_text(identity.maintainer),
            time(identity.maintainer_until),
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
        "/* create_account */ INSERT INTO account (account_id, user_id, overlay_calendar_id, created_at)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT (account_id) DO NOTHING",
        &[Value::text(account), Value::text(user), Value::text(overlay), ctx.now.to_rfc3339().into()],
    )?;
    ctx.run(
        "/* create_sync_state */ INSERT INTO sync_state (account_id, updated_at) VALUES (?1, ?2)
         ON CONFLICT (account_id) DO NOTHING",
        &[Value::text(account), ctx.now.to_rfc3339().into()],
    )?;
    let stored = get(ctx)?;
    if stored.account == account && stored.user == user {
        Ok(stored.overlay_calendar)
    } else {
        Err(AccountError::Refused("the object belongs to another account or user"))
    }
}
