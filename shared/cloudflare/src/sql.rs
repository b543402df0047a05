//! The SQL port over a Durable Object's storage.
//!
//! Integers are bound as floating-point numbers, the only ones that the engine's interface knows: columns of type
//! INTEGER store them as integers, but `?1 / 2` or `'n' || ?1` see a float.

use tminus_store::{Row, Sql, StoreError, Value, check_bounds};
use wasm_bindgen::JsValue;
use worker::{SqlCursor, SqlStorage, SqlStorageValue, Storage};

use crate::{transaction, values};

/// The engine of a Durable Object.
pub struct CfSql {
    storage: Storage,
    sql: SqlStorage,
}

impl CfSql {
    /// The engine of this storage.
    #[must_use]
    pub fn new(storage: Storage) -> Self {
        let sql = storage.sql();
        Self { storage, sql }
    }

    /// Runs statements to their end. The cursor's `one`, `toArray` and `next` would take the instance with them
    /// when they throw; its `raw` does not throw and is read by an iterator that catches.
    fn exec(&self, statement: &str, params: Vec<JsValue>) -> Result<(Vec<Row>, SqlCursor), StoreError> {
        let engine = |error: worker::Error| StoreError::engine(statement, error);
        let cursor = self.sql.exec_raw(statement, params).map_err(engine)?;
        let row = |columns: worker::Result<Vec<SqlStorageValue>>| {
            let columns = columns.map_err(engine)?;
            Ok(Row::new(columns.into_iter().map(from_storage).collect()))
        };
        let rows = cursor.raw().map(row).collect::<Result<_, StoreError>>()?;
        Ok((rows, cursor))
    }

    /// [`Sql::query`], with the rows that the platform bills for it.
    ///
    /// # Errors
    /// As [`Sql::query`].
    pub fn query_billed(&self, statement: &str, params: &[Value]) -> Result<(Vec<Row>, Billed), StoreError> {
        check_bounds(params)?;
        let (rows, cursor) = self.exec(statement, values::all_to_js(statement, params)?)?;
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        Ok((rows, Billed { read: count(cursor.rows_read()), written: count(cursor.rows_written()) }))
    }
}

/// The rows that the platform bills for a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Billed {
    /// Rows read, index entries included.
    pub read: u64,
    /// Rows written, index entries included.
    pub written: u64,
}

fn from_storage(value: SqlStorageValue) -> Value {
    match value {
        SqlStorageValue::Null => Value::Null,
        SqlStorageValue::Boolean(flag) => flag.into(),
        SqlStorageValue::Integer(number) => Value::Integer(number),
        SqlStorageValue::Float(number) => Value::Real(number),
        SqlStorageValue::String(text) => Value::Text(text),
        SqlStorageValue::Blob(bytes) => Value::Blob(bytes),
    }
}

impl Sql for CfSql {
    fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        check_bounds(params)?;
        self.exec(statement, values::all_to_js(statement, params)?).map(|(rows, _)| rows)
    }

    fn script(&self, statements: &str) -> Result<(), StoreError> {
        self.exec(statements, Vec::new()).map(drop)
    }

    fn in_transaction(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        transaction::run(&self.storage, body)
    }
}
