//! Statements over many rows at once.
//!
//! The rows travel as one JSON text, one array a row, and the statement takes them apart with [`ROWS`] and `->>`. This
//! is SQLite's own; it is here because one statement for five hundred rows costs a fraction of five hundred statements,
//! each of which crosses from WebAssembly into the engine with every value.

use serde::Serialize;
use serde::de::DeserializeOwned;
use tminus_ports::ObjectHost;
use tminus_store::{Row, StoreError, Value};

use crate::context::Context;

/// The rows of `?1` as the table `rows`, each in its column `v`. Taken apart from `json_each` itself, a row would be
/// rendered and parsed again for each of its values: twice the time (SQLite 3.54, measured on 2026-11-21).
pub(crate) const ROWS: &str = "WITH rows AS MATERIALIZED (SELECT jsonb(value) AS v FROM json_each(?1))";
/// Most bytes of one text: half of what one bound value may have.
const MOST_BYTES: usize = 1_000_000;

/// Runs `statement` with the rows as `?1` and `more` behind it, in as many parts as the rows need.
pub(crate) fn run<H: ObjectHost, R: Serialize>(
    ctx: &Context<'_, H>,
    statement: &str,
    rows: impl IntoIterator<Item = R>,
    more: &[Value],
) -> Result<(), StoreError> {
    let mut text = String::new();
    for row in rows {
        let json = serde_json::to_string(&row).map_err(|_| StoreError::Corrupt { what: "row" })?;
        if !text.is_empty() && text.len().saturating_add(json.len()) > MOST_BYTES {
            run_part(ctx, statement, &mut text, more)?;
        }
        text.push(if text.is_empty() { '[' } else { ',' });
        text.push_str(&json);
    }
    if text.is_empty() { Ok(()) } else { run_part(ctx, statement, &mut text, more) }
}

fn run_part<H: ObjectHost>(
    ctx: &Context<'_, H>,
    statement: &str,
    text: &mut String,
    more: &[Value],
) -> Result<(), StoreError> {
    text.push(']');
    let mut params = vec![Value::Text(std::mem::take(text))];
    params.extend_from_slice(more);
    ctx.run(statement, &params)
}

/// What a column holds as JSON.
pub(crate) fn read<T: DeserializeOwned>(row: &Row, column: usize) -> Result<T, StoreError> {
    serde_json::from_str(&row.get::<String>(column)?).map_err(|_| StoreError::Corrupt { what: "JSON" })
}

/// The list that a statement looks things up by, as its parameter.
pub(crate) fn list<R: Serialize>(rows: impl IntoIterator<Item = R>) -> Result<Value, StoreError> {
    let rows: Vec<R> = rows.into_iter().collect();
    serde_json::to_string(&rows).map(Value::Text).map_err(|_| StoreError::Corrupt { what: "list" })
}
