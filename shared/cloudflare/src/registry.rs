//! The registry's SQL port over D1.

use tminus_store::{Row, StoreError, Value, check_bounds};
use wasm_bindgen::{JsCast, JsValue};
use worker::Env;
use worker::js_sys::{Array, Object, Promise};
use worker::wasm_bindgen_futures::JsFuture;
use worker::worker_sys::{D1Database, D1PreparedStatement, D1Result};

use crate::deadline::within;
use crate::values;

/// The binding of the registry's database.
const BINDING: &str = "REGISTRY";
/// The longest wait for an answer.
const DEADLINE_MS: u32 = 10_000;

/// Runs one statement and returns all its rows.
pub(crate) async fn query(env: &Env, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
    let engine = |error: JsValue| refused(statement, error);
    let prepared = prepare(&database(env, statement)?, statement, params)?;
    let rows = answer(statement, prepared.raw().map_err(engine)?).await?;
    let rows: Array = rows.dyn_into().map_err(engine)?;
    rows.iter().map(|row| values::row(statement, &row.dyn_into().map_err(engine)?)).collect()
}

/// Runs statements in order, as one transaction. D1 gives a batch's rows by column name, in the order of the
/// columns: the names of one statement's columns must differ and be no numbers. It does not say which statement
/// failed: the error names the first.
pub(crate) async fn batch(
    env: &Env,
    statements: Vec<(String, Vec<Value>)>,
) -> Result<Vec<Vec<Row>>, StoreError> {
    let Some((name, _)) = statements.first() else { return Ok(Vec::new()) };
    let engine = |error: JsValue| refused(name, error);
    let database = database(env, name)?;
    let prepared =
        statements.iter().map(|(statement, params)| prepare(&database, statement, params).map(JsValue::from));
    let prepared = prepared.collect::<Result<Array, _>>()?;
    let results = answer(name, database.batch(prepared).map_err(engine)?).await?;
    let results: Array = results.dyn_into().map_err(engine)?;
    statements
        .iter()
        .zip(results.iter())
        .map(|((statement, _), result)| {
            let engine = |error: JsValue| refused(statement, error);
            let rows = result.unchecked_into::<D1Result>().results().map_err(engine)?.unwrap_or_default();
            rows.iter()
                .map(|row| {
                    values::row(statement, &Object::values(&row.dyn_into::<Object>().map_err(engine)?))
                })
                .collect()
        })
        .collect()
}

fn database(env: &Env, statement: &str) -> Result<D1Database, StoreError> {
    let database = env.d1(BINDING).map_err(|error| StoreError::engine(statement, error))?;
    Ok(JsValue::from(database).unchecked_into())
}

fn prepare(
    database: &D1Database,
    statement: &str,
    params: &[Value],
) -> Result<D1PreparedStatement, StoreError> {
    check_bounds(params)?;
    let params: Array = values::all_to_js(statement, params)?.into_iter().collect();
    let bound = database.prepare(statement).and_then(|prepared| prepared.bind(params));
    bound.map_err(|error| refused(statement, error))
}

async fn answer(statement: &str, promise: Promise) -> Result<JsValue, StoreError> {
    let answer = within(DEADLINE_MS, JsFuture::from(promise)).await;
    let answer =
        answer.ok_or_else(|| StoreError::engine(statement, format!("no answer within {DEADLINE_MS} ms")))?;
    answer.map_err(|error| refused(statement, error))
}

fn refused(statement: &str, error: JsValue) -> StoreError {
    StoreError::engine(statement, worker::Error::from(error))
}
