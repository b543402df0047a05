//! The registry's SQL port: asynchronous, since the registry is across a network from every Worker.
#![expect(async_fn_in_trait, reason = "every caller runs on one thread; no future has to be Send")]

use tminus_store::{Row, StoreError, Value};

/// A SQL engine across a network: D1 in production, SQLite in tests and the native harness.
///
/// Every statement starts with its name in a comment (`/* account_by_id */ …`), binds `?1`, `?2`, … and is a
/// single statement.
pub trait RegistrySql {
    /// Runs one statement and returns all its rows.
    ///
    /// # Errors
    /// [`StoreError`] as the engine says it, or when a bound of the platform is broken.
    async fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs statements in order, as one transaction: either all of them have their effect or none has.
    /// Answers the rows of each.
    ///
    /// # Errors
    /// [`StoreError`] of the first statement that fails; nothing has changed then.
    async fn batch(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<Vec<Row>>, StoreError>;
}
