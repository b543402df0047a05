//! Linked calendar accounts: routing only, no token and no cursor.

use tminus_domain::ids::{AccountId, ChannelId, UserId};
use tminus_domain::time::Timestamp;
use tminus_domain::words;
use tminus_store::{Row, StoreError, Value};

use crate::{RegistryError, RegistrySql, Subject};

words! {
    /// How an account stands, as far as the registry knows.
    AccountStatus {
        /// It works.
        Active = "active",
        /// The grant at the provider is gone.
        Revoked = "revoked",
        /// Something else is wrong.
        Error = "error",
        /// It is being unlinked: what its object still does is up to that.
        Unlinking = "unlinking",
        /// It was unlinked. Its row only keeps its id, in case that it is linked again.
        Unlinked = "unlinked",
    }
}

/// A linked account. `Debug` shows neither the address nor the subject.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub account: AccountId,
    /// Whose it is.
    pub user: UserId,
    /// Who it is to the provider.
    pub subject: Subject,
    /// Its address.
    pub email: String,
    /// How it stands.
    pub status: AccountStatus,
    /// The push channel that ends first.
    pub channel: Option<ChannelId>,
    /// When that channel ends.
    pub channel_expires_at: Option<Timestamp>,
    /// When it was linked.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Account")
            .field("account", &self.account)
            .field("user", &self.user)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// An account to link. `Debug` shows neither the address nor the subject.
#[derive(Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The id that it gets if it is not linked yet.
    pub account: AccountId,
    /// Who links it.
    pub user: UserId,
    /// Who it is to the provider.
    pub subject: Subject,
    /// Its address.
    pub email: String,
    /// When.
    pub now: Timestamp,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewAccount")
            .field("account", &self.account)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// The columns of [`Account`], in the order that [`read`] takes them.
macro_rules! columns {
    () => {
        "account_id, user_id, provider, provider_subject, email, status, channel_id, channel_expiry_ts, created_at"
    };
}

fn read(row: &Row) -> Result<Account, StoreError> {
    Ok(Account {
        account: row.parse(0, "account_id")?,
        user: row.parse(1, "user_id")?,
        subject: Subject { provider: row.get(2)?, id: row.get(3)? },
        email: row.get(4)?,
        status: row.parse(5, "status")?,
        channel: row.parse_opt(6, "channel_id")?,
        channel_expires_at: row
            .get::<Option<String>>(7)?
            .map(|text| time(&text, "channel_expiry_ts"))
            .transpose()?,
        created_at: time(&row.get::<String>(8)?, "created_at")?,
    })
}

fn time(text: &str, what: &'static str) -> Result<Timestamp, StoreError> {
    Timestamp::parse_rfc3339(text).ok_or(StoreError::Corrupt { what })
}

async fn one(
    registry: &impl RegistrySql,
    statement: &str,
    params: &[Value],
) -> Result<Option<Account>, RegistryError> {
    let rows = registry.query(statement, params).await?;
    rows.first().map(read).transpose().map_err(Into::into)
}

/// The account of this id.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn account_by_id(
    registry: &impl RegistrySql,
    account: AccountId,
) -> Result<Option<Account>, RegistryError> {
    let statement =
        concat!("/* account_by_id */ SELECT ", columns!(), " FROM accounts WHERE account_id = ?1");
    one(registry, statement, &[Value::text(account)]).await
}

/// The account of this subject, whoever linked it.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn find_account_by_subject(
    registry: &impl RegistrySql,
    subject: &Subject,
) -> Result<Option<Account>, RegistryError> {
    let statement = concat!(
        "/* find_account_by_subject */ SELECT ",
        columns!(),
        " FROM accounts WHERE provider = ?1 AND provider_subject = ?2"
    );
    one(registry, statement, &[Value::text(&subject.provider), Value::text(&subject.id)]).await
}

/// The accounts of a person, in the order that they were linked; not those that were unlinked.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn accounts_of_user(
    registry: &impl RegistrySql,
    user: UserId,
) -> Result<Vec<Account>, RegistryError> {
    let statement = concat!(
        "/* accounts_of_user */ SELECT ",
        columns!(),
        " FROM accounts WHERE user_id = ?1 AND status <> 'unlinked' ORDER BY created_at, account_id"
    );
    let rows = registry.query(statement, &[Value::text(user)]).await?;
    rows.iter().map(|row| read(row).map_err(Into::into)).collect()
}

/// Links an account. One that the same person linked before keeps its id and becomes active again; so does one that was
/// unlinked, for whoever links it now.
///
/// # Errors
/// [`RegistryError::AccountTaken`] if another person linked it, [`RegistryError::UnlinkUnderWay`] if it is being
/// unlinked; nothing has changed then.
pub async fn upsert_account(registry: &impl RegistrySql, new: &NewAccount) -> Result<Account, RegistryError> {
    // Look-up and write are one statement: two people who link the same account at once cannot both win.
    let statement = concat!(
        "/* upsert_account */
         INSERT INTO accounts (account_id, user_id, provider, provider_subject, email, status, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, 'active', ?6)
         ON CONFLICT (provider, provider_subject) DO UPDATE
         SET user_id = excluded.user_id, email = excluded.email, status = 'active',
             created_at = CASE accounts.status WHEN 'unlinked' THEN excluded.created_at
                                               ELSE accounts.created_at END
         WHERE accounts.status = 'unlinked'
            OR (accounts.user_id = excluded.user_id AND accounts.status <> 'unlinking')
         RETURNING ",
        columns!()
    );
    let params = [
        Value::text(new.account),
        Value::text(new.user),
        Value::text(&new.subject.provider),
        Value::text(&new.subject.id),
        Value::text(&new.email),
        Value::text(new.now.to_rfc3339()),
    ];
    if let Some(linked) = one(registry, statement, &params).await? {
        return Ok(linked);
    }
    // Refused; which of the two it was only decides the words.
    let standing = find_account_by_subject(registry, &new.subject).await?.map(|account| account.status);
    match standing {
        Some(AccountStatus::Unlinking | AccountStatus::Unlinked) => Err(RegistryError::UnlinkUnderWay),
        _ => Err(RegistryError::AccountTaken),
    }
}

/// Records how an account stands. Writes no row if it stood so already, nor if it is being or was unlinked: what was
/// under way before that knows no better.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn set_account_status(
    registry: &impl RegistrySql,
    account: AccountId,
    status: AccountStatus,
) -> Result<(), RegistryError> {
    registry
        .query(
            "/* set_account_status */ UPDATE accounts SET status = ?2
             WHERE account_id = ?1 AND status NOT IN (?2, 'unlinking', 'unlinked')",
            &[Value::text(account), Value::text(status)],
        )
        .await?;
    Ok(())
}

/// Records the channel of an account that ends first, `None` if it has no channel. Writes no row if nothing
/// changes.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn set_channel(
    registry: &impl RegistrySql,
    account: AccountId,
    first_expiry: Option<(ChannelId, Timestamp)>,
) -> Result<(), RegistryError> {
    registry
        .query(
            "/* set_channel */ UPDATE accounts SET channel_id = ?2, channel_expiry_ts = ?3
             WHERE account_id = ?1 AND status <> 'unlinked'
               AND (COALESCE(channel_id, '') <> COALESCE(?2, '')
                    OR COALESCE(channel_expiry_ts, '') <> COALESCE(?3, ''))",
            &[
                Value::text(account),
                Value::opt_text(first_expiry.map(|(channel, _)| channel)),
                Value::opt_text(first_expiry.map(|(_, expires_at)| expires_at.to_rfc3339())),
            ],
        )
        .await?;
    Ok(())
}
