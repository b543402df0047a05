//! Where each dead letter lies: the index over all accounts.

use tminus_domain::ids::DeadLetterId;
use tminus_domain::time::Timestamp;
use tminus_store::{Row, StoreError, Value};

use crate::{RegistryError, RegistrySql};

/// One line of the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedLetter {
    /// The letter.
    pub letter: DeadLetterId,
    /// The object that keeps it: an `acc_` id, or the reserved `acc_unroutable`.
    pub object: String,
    /// The queue that it died on.
    pub queue: String,
    /// Why, without personal data.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}

/// Lists a dead letter. Listing the same letter twice is once.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn index_dead_letter(
    registry: &impl RegistrySql,
    letter: &IndexedLetter,
) -> Result<(), RegistryError> {
    registry
        .query(
            "/* index_dead_letter */
             INSERT INTO dead_letter_index (letter_id, account_id, queue, reason, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (letter_id) DO NOTHING",
            &[
                Value::text(letter.letter),
                Value::text(&letter.object),
                Value::text(&letter.queue),
                Value::text(&letter.reason),
                Value::text(letter.created_at.to_rfc3339()),
            ],
        )
        .await?;
    Ok(())
}

/// Forgets that a dead letter lies in this object: it was replayed or discarded. Forgetting it twice is once; a letter
/// that lies in another object stays listed.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn forget_dead_letter(
    registry: &impl RegistrySql,
    object: &str,
    letter: DeadLetterId,
) -> Result<(), RegistryError> {
    registry
        .query(
            "/* forget_dead_letter */ DELETE FROM dead_letter_index WHERE letter_id = ?1 AND account_id = ?2",
            &[Value::text(letter), object.into()],
        )
        .await?;
    Ok(())
}

/// The newest letters of all accounts.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn newest_dead_letters(
    registry: &impl RegistrySql,
    limit: u32,
) -> Result<Vec<IndexedLetter>, RegistryError> {
    // The ids are ULIDs: their order is the order of time, and the primary key is the index.
    let rows = registry
        .query(
            "/* newest_dead_letters */
             SELECT letter_id, account_id, queue, reason, created_at FROM dead_letter_index
             ORDER BY letter_id DESC LIMIT ?1",
            &[limit.into()],
        )
        .await?;
    rows.iter().map(|row| read(row).map_err(Into::into)).collect()
}

fn read(row: &Row) -> Result<IndexedLetter, StoreError> {
    Ok(IndexedLetter {
        letter: row.parse(0, "letter_id")?,
        object: row.get(1)?,
        queue: row.get(2)?,
        reason: row.get(3)?,
        created_at: Timestamp::parse_rfc3339(&row.get::<String>(4)?)
            .ok_or(StoreError::Corrupt { what: "created_at" })?,
    })
}
