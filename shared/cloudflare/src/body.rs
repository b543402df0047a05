//! Reads a body up to a limit. (`worker::ByteStream` takes an aborted body for a whole one.)

use wasm_bindgen::{JsCast, JsValue};
use worker::js_sys::{Reflect, Uint8Array};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{ReadableStream, ReadableStreamDefaultReader};

/// The longest wait for a request's whole body.
pub(crate) const DEADLINE_MS: u32 = 10_000;

/// A body was not read to its end.
pub(crate) enum ReadError {
    /// It is over the limit.
    TooLarge,
    /// It broke off.
    Broken(worker::Error),
}

impl From<JsValue> for ReadError {
    fn from(error: JsValue) -> Self {
        Self::Broken(error.into())
    }
}

/// The whole body, if it is at most `limit` bytes.
pub(crate) async fn read(body: Option<ReadableStream>, limit: usize) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let Some(body) = body else { return Ok(bytes) };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    loop {
        let part = JsFuture::from(reader.read()).await?;
        if Reflect::get(&part, &"done".into())?.is_truthy() {
            return Ok(bytes);
        }
        let part: Uint8Array = Reflect::get(&part, &"value".into())?.dyn_into()?;
        let length = usize::try_from(part.length()).unwrap_or(usize::MAX);
        if bytes.len().saturating_add(length) > limit {
            drop(reader.cancel());
            return Err(ReadError::TooLarge);
        }
        bytes.extend_from_slice(&part.to_vec());
    }
}
