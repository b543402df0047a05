//! SQLite by `rusqlite`: the engine of tests and of the native harness.

use std::cell::Cell;
use std::path::Path;

use rusqlite::types::{Value as Native, ValueRef};
use rusqlite::{Connection, params_from_iter};

use crate::{Row, Sql, StoreError, Value, check_bounds};

/// A SQLite database in memory or in a file.
pub struct Sqlite {
    connection: Connection,
    depth: Cell<u32>,
}

impl Sqlite {
    /// A database in memory.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if it cannot be opened.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::over(Connection::open_in_memory())
    }

    /// The database in the file at `path`, made if absent.
    ///
    /// # Errors
    /// [`StoreError::Engine`] if it cannot be opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(Connection::open(path))
    }

    fn over(connection: rusqlite::Result<Connection>) -> Result<Self, StoreError> {
        let connection = connection.map_err(|error| StoreError::engine("/* open */", error))?;
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .map_err(|error| StoreError::engine("/* foreign_keys */", error))?;
        Ok(Self { connection, depth: Cell::new(0) })
    }
}

fn to_native(value: &Value) -> Native {
    match value {
        Value::Null => Native::Null,
        Value::Integer(number) => Native::Integer(*number),
        Value::Real(number) => Native::Real(*number),
        Value::Text(text) => Native::Text(text.clone()),
        Value::Blob(bytes) => Native::Blob(bytes.clone()),
    }
}

fn from_native(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

impl Sql for Sqlite {
    fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        check_bounds(params)?;
        let engine = |error| StoreError::engine(statement, error);
        let mut prepared = self.connection.prepare_cached(statement).map_err(engine)?;
        let width = prepared.column_count();
        let mut rows = prepared.query(params_from_iter(params.iter().map(to_native))).map_err(engine)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next().map_err(engine)? {
            let values = (0..width)
                .map(|column| row.get_ref(column).map(from_native))
                .collect::<Result<_, _>>()
                .map_err(engine)?;
            out.push(Row::new(values));
        }
        Ok(out)
    }

    fn script(&self, statements: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(statements).map_err(|error| StoreError::engine(statements, error))
    }

    fn in_transaction(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        let depth = self.depth.get();
        self.script(&format!("SAVEPOINT t{depth}"))?;
        self.depth.set(depth.saturating_add(1));
        let result = body();
        self.depth.set(depth);
        match result {
            Ok(()) => self.script(&format!("RELEASE t{depth}")),
            Err(error) => {
                self.script(&format!("ROLLBACK TO t{depth}; RELEASE t{depth}"))?;
                Err(error)
            }
        }
    }
}
