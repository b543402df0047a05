//! The migration runner: numbered steps with their way back, applied inside one transaction.
//!
//! The schema's version stands in the table `schema_version`, since Durable Objects refuse
//! `PRAGMA user_version`.

use crate::{Sql, StoreError, first, run, transaction};

/// One step of a schema.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The version that the step leads to: 1, 2, 3, … without gaps.
    pub version: u32,
    /// What it brings, in a few words.
    pub name: &'static str,
    /// The way forward.
    pub up: &'static str,
    /// The way back.
    pub down: &'static str,
}

/// The version in the database, 0 if no step was ever applied.
///
/// # Errors
/// [`StoreError`] as the engine says it.
pub fn version(sql: &(impl Sql + ?Sized)) -> Result<u32, StoreError> {
    let known = first(
        sql,
        "/* schema_version_table */ SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'",
        &[],
    )?;
    if known.is_none() {
        return Ok(0);
    }
    first(sql, "/* schema_version */ SELECT version FROM schema_version", &[])?
        .map_or(Ok(0), |row| row.get(0))
}

/// Brings the schema to the newest step, all in one transaction. Does nothing if it is there already.
///
/// # Errors
/// [`StoreError::NewerSchema`] if the database is ahead of `migrations`; else what the engine says.
pub fn migrate_up(sql: &(impl Sql + ?Sized), migrations: &[Migration]) -> Result<(), StoreError> {
    let stored = version(sql)?;
    let known = migrations.last().map_or(0, |step| step.version);
    if stored > known {
        return Err(StoreError::NewerSchema { stored, known });
    }
    if stored == known {
        return Ok(());
    }
    transaction(sql, || {
        sql.script("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)")?;
        for step in migrations.iter().filter(|step| step.version > stored) {
            sql.script(step.up)?;
        }
        set_version(sql, known)
    })
}

/// Takes the schema back to `target`, all in one transaction.
///
/// # Errors
/// [`StoreError::NewerSchema`] if the database is ahead of `migrations`; else what the engine says.
pub fn migrate_down(
    sql: &(impl Sql + ?Sized),
    migrations: &[Migration],
    target: u32,
) -> Result<(), StoreError> {
    let stored = version(sql)?;
    let known = migrations.last().map_or(0, |step| step.version);
    if stored > known {
        return Err(StoreError::NewerSchema { stored, known });
    }
    transaction(sql, || {
        for step in migrations.iter().rev().filter(|step| step.version <= stored && step.version > target) {
            sql.script(step.down)?;
        }
        set_version(sql, target.min(stored))
    })
}

fn set_version(sql: &(impl Sql + ?Sized), version: u32) -> Result<(), StoreError> {
    run(sql, "/* forget_schema_version */ DELETE FROM schema_version", &[])?;
    run(sql, "/* set_schema_version */ INSERT INTO schema_version (version) VALUES (?1)", &[version.into()])
}

/// The schema as text, one object a line in order of name: to compare two ways that lead to it.
///
/// # Errors
/// [`StoreError`] as the engine says it.
pub fn describe(sql: &(impl Sql + ?Sized)) -> Result<String, StoreError> {
    let rows = sql.query(
        "/* describe */ SELECT type, name, sql FROM sqlite_master
         WHERE sql IS NOT NULL AND name <> 'schema_version' ORDER BY name, type",
        &[],
    )?;
    let mut out = String::new();
    for row in rows {
        let (kind, name, text) = (row.get::<String>(0)?, row.get::<String>(1)?, row.get::<String>(2)?);
        // A renamed table stands in quotes.
        let text = text.replace('"', "");
        let words: Vec<&str> = text.split_whitespace().collect();
        out.push_str(&format!("{kind} {name}: {}\n", words.join(" ")));
    }
    Ok(out)
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::Sqlite;

    const STEPS: &[Migration] = &[
        Migration { version: 1, name: "a", up: "CREATE TABLE a (x TEXT)", down: "DROP TABLE a" },
        Migration { version: 2, name: "b", up: "CREATE TABLE b (y TEXT)", down: "DROP TABLE b" },
    ];

    #[test]
    fn up_twice_is_once_and_down_leads_back() {
        let sql = Sqlite::in_memory().unwrap();
        migrate_up(&sql, &STEPS[..1]).unwrap();
        let one = describe(&sql).unwrap();
        migrate_up(&sql, STEPS).unwrap();
        migrate_up(&sql, STEPS).unwrap();
        assert_eq!(version(&sql), Ok(2));
        migrate_down(&sql, STEPS, 1).unwrap();
        assert_eq!(describe(&sql).unwrap(), one);
        migrate_down(&sql, STEPS, 0).unwrap();
        assert_eq!(describe(&sql).unwrap(), "");
    }

    #[test]
    fn a_newer_database_is_refused() {
        let sql = Sqlite::in_memory().unwrap();
        migrate_up(&sql, STEPS).unwrap();
        assert_eq!(migrate_up(&sql, &STEPS[..1]), Err(StoreError::NewerSchema { stored: 2, known: 1 }));
    }

    #[test]
    fn a_failing_step_leaves_nothing_behind() {
        let sql = Sqlite::in_memory().unwrap();
        let broken =
            [STEPS[0], Migration { version: 2, name: "bad", up: "CREATE TABLE a (x TEXT)", down: "" }];
        assert!(migrate_up(&sql, &broken).is_err());
        assert_eq!(describe(&sql).unwrap(), "");
    }
}
