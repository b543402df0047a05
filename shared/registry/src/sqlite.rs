//! The registry on SQLite: for tests and the native harness.

use std::path::Path;

use tminus_store::migrate::migrate_up;
use tminus_store::{Row, Sql as _, Sqlite, StoreError, Value, transaction};

use crate::port::RegistrySql;
use crate::schema::MIGRATIONS;

/// A registry in a SQLite database, brought to the newest schema when opened.
pub struct SqliteRegistry {
    sql: Sqlite,
}

impl SqliteRegistry {
    /// A registry in memory.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened or migrated.
    pub fn in_memory() -> Result<Self, StoreError> {
        Self::over(Sqlite::in_memory()?)
    }

    /// The registry in the file at `path`, made if absent.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be opened or migrated.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::over(Sqlite::open(path)?)
    }

    fn over(sql: Sqlite) -> Result<Self, StoreError> {
        migrate_up(&sql, MIGRATIONS)?;
        Ok(Self { sql })
    }
}

impl RegistrySql for SqliteRegistry {
    async fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.sql.query(statement, params)
    }

    async fn batch(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<Vec<Row>>, StoreError> {
        transaction(&self.sql, || {
            statements.iter().map(|(statement, params)| self.sql.query(statement, params)).collect()
        })
    }
}
