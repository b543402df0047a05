//! Which OAuth states are used up (protocol rule 33: a state works once).

use tminus_domain::time::Timestamp;
use tminus_store::Value;

use crate::{RegistryError, RegistrySql};

/// Whether this is the first use of the state whose nonce has this hash. Records the use.
///
/// # Errors
/// [`RegistryError::Store`]; the state may be used up then, so the caller must refuse it.
pub async fn use_state_once(
    registry: &impl RegistrySql,
    nonce_hash: &str,
    expires_at: Timestamp,
) -> Result<bool, RegistryError> {
    // One statement decides: of two callbacks at the same moment, one gets a row.
    let rows = registry
        .query(
            "/* use_state_once */ INSERT INTO oauth_states (nonce_hash, expires_at) VALUES (?1, ?2)
             ON CONFLICT (nonce_hash) DO NOTHING RETURNING nonce_hash",
            &[nonce_hash.into(), Value::text(expires_at.to_rfc3339())],
        )
        .await?;
    Ok(!rows.is_empty())
}

/// Forgets uses of states that ended before `before`: their signature refuses them by itself.
///
/// # Errors
/// [`RegistryError::Store`].
pub async fn forget_states(registry: &impl RegistrySql, before: Timestamp) -> Result<(), RegistryError> {
    registry
        .query(
            "/* forget_states */ DELETE FROM oauth_states WHERE expires_at < ?1",
            &[Value::text(before.to_rfc3339())],
        )
        .await?;
    Ok(())
}
