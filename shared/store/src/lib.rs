//! The synchronous SQL port, row decoding and the migration runner.
//!
//! The engines embedded in Durable Objects answer at once, so the port is synchronous and no `await` can split
//! a decision from its write. `shared/cloudflare` implements [`Sql`] over a Durable Object's storage; the
//! feature `sqlite` implements it over a file or memory for tests and the native harness.

mod error;
pub mod migrate;
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
mod value;

pub use error::StoreError;
pub use row::{FromColumn, Row};
#[cfg(feature = "sqlite")]
pub use sqlite::Sqlite;
pub use value::Value;

/// Most bound parameters in one statement (the platform's limit, enforced everywhere).
pub const MAX_PARAMS: usize = 100;
/// Largest text or blob in one column, in bytes (2 MB in production, not enforced by the local runtime).
pub const MAX_VALUE_BYTES: usize = 2_000_000;

/// A SQL engine that answers at once.
///
/// Every statement starts with its name in a comment (`/* claim_mirrors */ …`), binds `?1`, `?2`, … and is a
/// single statement.
pub trait Sql {
    /// Runs one statement and returns all its rows.
    ///
    /// # Errors
    /// [`StoreError`] as the engine says it, or when a bound is over [`MAX_PARAMS`] or [`MAX_VALUE_BYTES`].
    fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs a script of statements without parameters (migrations).
    ///
    /// # Errors
    /// [`StoreError`] as the engine says it.
    fn script(&self, statements: &str) -> Result<(), StoreError>;

    /// Runs `body` in a transaction (nested: in a savepoint); an `Err` rolls all of it back.
    /// Use [`transaction`], which carries a value out.
    ///
    /// # Errors
    /// What `body` returned, or the engine's refusal to commit.
    fn in_transaction(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError>;
}

/// Runs `body` in a transaction; an `Err` of any type rolls everything back and is returned.
///
/// # Errors
/// What `body` returned, or the engine's refusal, converted.
pub fn transaction<T, E: From<StoreError>>(
    sql: &(impl Sql + ?Sized),
    body: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let mut body = Some(body);
    let mut outcome = None;
    let committed = sql.in_transaction(&mut || {
        let Some(body) = body.take() else { return Err(StoreError::RolledBack) };
        let result = body();
        let verdict = if result.is_ok() { Ok(()) } else { Err(StoreError::RolledBack) };
        outcome = Some(result);
        verdict
    });
    match (outcome, committed) {
        (Some(Ok(value)), Ok(())) => Ok(value),
        (Some(Err(error)), _) => Err(error),
        (_, Err(error)) => Err(error.into()),
        (None, Ok(())) => Err(StoreError::RolledBack.into()),
    }
}

/// Runs a statement whose rows are of no interest.
///
/// # Errors
/// As [`Sql::query`].
pub fn run(sql: &(impl Sql + ?Sized), statement: &str, params: &[Value]) -> Result<(), StoreError> {
    sql.query(statement, params).map(|_| ())
}

/// Runs a statement and returns its first row, if any.
///
/// # Errors
/// As [`Sql::query`].
pub fn first(
    sql: &(impl Sql + ?Sized),
    statement: &str,
    params: &[Value],
) -> Result<Option<Row>, StoreError> {
    Ok(sql.query(statement, params)?.into_iter().next())
}

/// Checks the bounds that production enforces.
///
/// # Errors
/// [`StoreError::TooManyParams`] or [`StoreError::ValueTooLarge`].
pub fn check_bounds(params: &[Value]) -> Result<(), StoreError> {
    if params.len() > MAX_PARAMS {
        return Err(StoreError::TooManyParams(params.len()));
    }
    match params.iter().map(Value::bytes).find(|bytes| *bytes > MAX_VALUE_BYTES) {
        Some(bytes) => Err(StoreError::ValueTooLarge(bytes)),
        None => Ok(()),
    }
}
