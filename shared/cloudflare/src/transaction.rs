//! `transactionSync` of a Durable Object's storage, which `worker` does not bind.

use tminus_store::StoreError;
use wasm_bindgen::prelude::{JsCast, JsValue, ScopedClosure, wasm_bindgen};
use worker::Storage;
use worker::js_sys::{self, Function};

#[wasm_bindgen]
extern "C" {
    type RawStorage;
    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &RawStorage, body: &Function) -> Result<JsValue, JsValue>;
}

/// Runs `body` in a transaction, nested in the one that is open; an `Err` rolls all of it back.
pub(crate) fn run(
    storage: &Storage,
    body: &mut dyn FnMut() -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut outcome = Err(StoreError::RolledBack);
    let committed = {
        let mut call = || -> Result<JsValue, JsValue> {
            outcome = body();
            // Throwing is how the platform is told to roll back.
            match outcome {
                Ok(()) => Ok(JsValue::UNDEFINED),
                Err(_) => Err(js_sys::Error::new("rollback").into()),
            }
        };
        let call = ScopedClosure::<dyn FnMut() -> Result<JsValue, JsValue>>::borrow_mut_assert_unwind_safe(
            &mut call,
        );
        let raw: &RawStorage = AsRef::<JsValue>::as_ref(storage.as_raw()).unchecked_ref();
        raw.transaction_sync(call.as_ref().unchecked_ref())
    };
    outcome?;
    committed.map(drop).map_err(|error| StoreError::engine("/* commit */", worker::Error::from(error)))
}
