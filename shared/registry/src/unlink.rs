//! The two ends of unlinking an account (protocol rule 29): its row says that it is under way, and later keeps the
//! account's id and nothing about its address.

use tminus_domain::ids::{AccountId, UserId};
use tminus_store::Value;

use crate::accounts::AccountStatus;
use crate::{RegistryError, RegistrySql};

/// Begins to unlink an account of this person. Answers how it stands then: unlinking, or unlinked if that is done
/// already; `None` if the person has no such account, and nothing has changed.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn begin_unlink(
    registry: &impl RegistrySql,
    account: AccountId,
    user: UserId,
) -> Result<Option<AccountStatus>, RegistryError> {
    let rows = registry
        .query(
            "/* begin_unlink */
             UPDATE accounts SET status = CASE status WHEN 'unlinked' THEN status ELSE 'unlinking' END
             WHERE account_id = ?1 AND user_id = ?2 RETURNING status",
            &[Value::text(account), Value::text(user)],
        )
        .await?;
    rows.first().map(|row| row.parse(0, "status")).transpose().map_err(Into::into)
}

/// Ends unlinking: the address and the channel are forgotten, and so is where the account's dead letters lay, since
/// they are erased with its object. Changes nothing unless the account is being unlinked, so a late repeat does not
/// touch one that is linked again.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn finish_unlink(registry: &impl RegistrySql, account: AccountId) -> Result<(), RegistryError> {
    let of_account = || vec![Value::text(account)];
    let statements = [
        // First: the second statement changes what this one asks for.
        "/* forget_dead_letters_of */ DELETE FROM dead_letter_index WHERE account_id = ?1
           AND EXISTS (SELECT 1 FROM accounts WHERE account_id = ?1 AND status = 'unlinking')",
        "/* finish_unlink */
         UPDATE accounts SET status = 'unlinked', email = '', channel_id = NULL, channel_expiry_ts = NULL
         WHERE account_id = ?1 AND status = 'unlinking'",
    ];
    let statements = statements.map(|statement| (statement.to_owned(), of_account())).to_vec();
    registry.batch(statements).await?;
    Ok(())
}
