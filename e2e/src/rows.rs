//! What the objects store: every row of every table, read from copies of their databases, and changed while the runtime is
//! down.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};

/// Rows as text, by object and table.
pub type Rows = BTreeMap<(String, String), Vec<String>>;

/// Reads every object's rows in the folder where the runtime keeps state.
pub fn read(persist: &Path) -> Result<Rows> {
    let scratch = std::env::temp_dir().join(format!("tminus-rows-{}", std::process::id()));
    fs::create_dir_all(&scratch)?;
    let mut rows = Rows::new();
    for file in databases(&persist.join("v3/do"))? {
        let name = file.file_stem().context("a file without name")?.to_string_lossy().into_owned();
        let copy = scratch.join("copy.sqlite");
        // The log before the file: what is checkpointed meanwhile is then in both.
        for suffix in ["-wal", ""] {
            let from = PathBuf::from(format!("{}{suffix}", file.display()));
            let to = PathBuf::from(format!("{}{suffix}", copy.display()));
            let _ = fs::remove_file(&to);
            if from.exists() {
                fs::copy(&from, &to)?;
            }
        }
        read_one(&copy, &name, &mut rows)?;
    }
    fs::remove_dir_all(&scratch)?;
    Ok(rows)
}

/// The tables whose rows differ, with the rows on either side.
#[must_use]
pub fn differences(before: &Rows, after: &Rows) -> Vec<String> {
    let mut found = Vec::new();
    let keys: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let none = Vec::new();
        let (old, new) = (before.get(key).unwrap_or(&none), after.get(key).unwrap_or(&none));
        let gone = old.iter().filter(|row| !new.contains(row)).map(|row| format!("- {row}"));
        let come = new.iter().filter(|row| !old.contains(row)).map(|row| format!("+ {row}"));
        let lines: Vec<String> = gone.chain(come).collect();
        if !lines.is_empty() {
            found.push(format!("{}: {}", key.1, lines.join(" ")));
        }
    }
    found
}

/// The values of one column, by table.
pub fn column(persist: &Path, query: &str) -> Result<Vec<Vec<String>>> {
    let mut found = Vec::new();
    for file in databases(&persist.join("v3/do"))? {
        let connection = open(&file)?;
        let Ok(mut statement) = connection.prepare(query) else { continue };
        let count = statement.column_count();
        let mut all = statement.query([])?;
        while let Some(row) = all.next()? {
            found.push((0..count).map(|at| Ok(text(&row.get::<_, Value>(at)?))).collect::<Result<_>>()?);
        }
    }
    Ok(found)
}

/// Runs a statement in every object that has the table. The runtime must be down.
pub fn change(persist: &Path, table: &str, statement: &str) -> Result<usize> {
    let mut changed = 0;
    for file in databases(&persist.join("v3/do"))? {
        let connection = Connection::open(&file)?;
        if connection.table_exists(None, table)? {
            changed += connection.execute(statement, [])?;
        }
    }
    Ok(changed)
}

fn open(file: &Path) -> Result<Connection> {
    Ok(Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?)
}

fn databases(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(databases(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "sqlite") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn read_one(file: &Path, name: &str, rows: &mut Rows) -> Result<()> {
    let connection = Connection::open(file)?;
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for table in
        tables.into_iter().filter(|table| !table.starts_with("_cf_") && !table.starts_with("sqlite_"))
    {
        let mut statement = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut all = statement.query([])?;
        let mut texts = Vec::new();
        while let Some(row) = all.next()? {
            let fields = names.iter().enumerate();
            let fields: Vec<String> = fields
                .map(|(at, name)| Ok(format!("{name}={}", text(&row.get::<_, Value>(at)?))))
                .collect::<Result<_>>()?;
            texts.push(fields.join(" "));
        }
        texts.sort();
        rows.insert((name.to_owned(), table), texts);
    }
    Ok(())
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
