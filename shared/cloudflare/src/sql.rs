//! The SQL port over a Durable Object's storage.
//!
//! Integers are bound as floating-point numbers, the only ones that the engine's interface knows: columns of type
//! INTEGER store them as integers, but `?1 / 2` or `'n' || ?1` see a float.

use tminus_store::{Row, Sql, StoreError, Value, check_bounds};
use wasm_bindgen::JsValue;
use worker::{SqlStorage, SqlStorageValue, Storage};

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
    fn exec(&self, statement: &str, params: Vec<JsValue>) -> Result<Vec<Row>, StoreError> {
        let engine = |error: worker::Error| StoreError::engine(statement, error);
        let cursor = self.sql.exec_raw(statement, params).map_err(engine)?;
        cursor
            .raw()
            .map(|columns| {
                let columns = columns.map_err(engine)?;
                Ok(Row::new(columns.into_iter().map(from_storage).collect()))
            })
            .collect()
    }
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
        self.exec(statement, values::all_to_js(statement, params)?)
    }

    fn script(&self, statements: &str) -> Result<(), StoreError> {
        self.exec(statements, Vec::new()).map(drop)
    }

    fn in_transaction(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        transaction::run(&self.storage, body)
    }
}
