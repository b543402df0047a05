//! SQL values on their way to and from the engines.

use tminus_store::{StoreError, Value};
use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Array, ArrayBuffer, Number, Uint8Array};

/// The value as the engines bind it. They know only floating-point numbers, so an integer of 2^53 or more is
/// refused instead of rounded.
pub(crate) fn to_js(statement: &str, value: &Value) -> Result<JsValue, StoreError> {
    match value {
        Value::Null => Ok(JsValue::NULL),
        #[expect(clippy::cast_precision_loss, reason = "checked right after")]
        Value::Integer(number) => {
            let js = JsValue::from_f64(*number as f64);
            let exact = Number::is_safe_integer(&js);
            exact.then_some(js).ok_or_else(|| StoreError::engine(statement, "an integer of 2^53 or more"))
        }
        Value::Real(number) => Ok(JsValue::from_f64(*number)),
        Value::Text(text) => Ok(JsValue::from_str(text)),
        Value::Blob(bytes) => Ok(Uint8Array::from(bytes.as_slice()).into()),
    }
}

/// All values of a statement, as the engines bind them.
pub(crate) fn all_to_js(statement: &str, params: &[Value]) -> Result<Vec<JsValue>, StoreError> {
    params.iter().map(|value| to_js(statement, value)).collect()
}

/// The value of a column as the engines give it.
#[expect(clippy::cast_possible_truncation, reason = "a safe integer fits")]
pub(crate) fn from_js(statement: &str, value: JsValue) -> Result<Value, StoreError> {
    if value.is_null() || value.is_undefined() {
        return Ok(Value::Null);
    }
    if let Some(text) = value.as_string() {
        return Ok(Value::Text(text));
    }
    if let Some(number) = value.as_f64() {
        let whole = Number::is_safe_integer(&value);
        return Ok(if whole { Value::Integer(number as i64) } else { Value::Real(number) });
    }
    if let Some(flag) = value.as_bool() {
        return Ok(flag.into());
    }
    if let Some(bytes) = bytes_of(&value) {
        return Ok(Value::Blob(bytes));
    }
    Err(StoreError::engine(statement, "a column of an unknown type"))
}

/// Durable Objects give a buffer; D1 gives an array of numbers.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "D1's numbers are bytes")]
fn bytes_of(value: &JsValue) -> Option<Vec<u8>> {
    if let Some(buffer) = value.dyn_ref::<ArrayBuffer>() {
        return Some(Uint8Array::new(buffer).to_vec());
    }
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return Some(bytes.to_vec());
    }
    let numbers = value.dyn_ref::<Array>()?;
    numbers.iter().map(|number| number.as_f64().map(|number| number as u8)).collect()
}

/// The columns of one row.
pub(crate) fn row(statement: &str, columns: &Array) -> Result<tminus_store::Row, StoreError> {
    let values = columns.iter().map(|value| from_js(statement, value)).collect::<Result<_, _>>()?;
    Ok(tminus_store::Row::new(values))
}
