//! Which accounts need their channels looked after, a page at a time.

use tminus_domain::ids::AccountId;
use tminus_domain::time::Timestamp;
use tminus_store::{Row, StoreError, Value};

use crate::{RegistryError, RegistrySql};

/// Sorts behind every time: accounts without a channel come last, since linking has nudged them already, and a
/// channel about to end must not wait behind accounts that can never have one.
const NEVER: &str = "9999";

/// Where a page of accounts ended; the next one starts behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEnd {
    expiry: String,
    account: String,
}

/// A page of accounts, and where the next one starts; `None` after the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The accounts.
    pub accounts: Vec<AccountId>,
    /// Where the next page starts.
    pub next: Option<PageEnd>,
}

/// Active accounts whose first channel ends before `before`, or which have none, the most urgent first; and every
/// account that is being unlinked, should its object have stopped asking by itself.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn accounts_needing_maintenance(
    registry: &impl RegistrySql,
    before: Timestamp,
    limit: u32,
    after: Option<&PageEnd>,
) -> Result<Page, RegistryError> {
    let rows = registry
        .query(
            "/* accounts_needing_maintenance */
             SELECT account_id, COALESCE(channel_expiry_ts, ?5) AS expiry FROM accounts
             WHERE (status = 'unlinking'
                    OR (status = 'active' AND (channel_expiry_ts IS NULL OR channel_expiry_ts < ?1)))
               AND (COALESCE(channel_expiry_ts, ?5) > ?2
                    OR (COALESCE(channel_expiry_ts, ?5) = ?2 AND account_id > ?3))
             ORDER BY expiry, account_id LIMIT ?4",
            &[
                Value::text(before.to_rfc3339()),
                Value::text(after.map_or("", |end| end.expiry.as_str())),
                Value::text(after.map_or("", |end| end.account.as_str())),
                limit.into(),
                NEVER.into(),
            ],
        )
        .await?;
    page(&rows, limit, |row| row.get(1))
}

fn page(
    rows: &[Row],
    limit: u32,
    expiry: impl Fn(&Row) -> Result<String, StoreError>,
) -> Result<Page, RegistryError> {
    let accounts =
        rows.iter().map(|row| row.parse(0, "account_id")).collect::<Result<Vec<AccountId>, _>>()?;
    let full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = match rows.last() {
        Some(last) if full => Some(PageEnd { expiry: expiry(last)?, account: last.get(0)? }),
        _ => None,
    };
    Ok(Page { accounts, next })
}
