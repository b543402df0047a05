//! Variables and secrets by name.

use wasm_bindgen::JsValue;
use worker::Env;
use worker::js_sys::Reflect;

/// Reads variables and secrets: what a `ConfigReader` looks values up with.
pub fn lookup(env: &Env) -> impl Fn(&str) -> Option<String> + use<> {
    let env = JsValue::from(env.clone());
    move |name| Reflect::get(&env, &name.into()).ok()?.as_string()
}
