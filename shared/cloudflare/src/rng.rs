//! Random bytes of the platform's own generator.

use wasm_bindgen::prelude::wasm_bindgen;

/// The most bytes that the platform fills at once.
const MAX_FILL: usize = 65_536;

#[wasm_bindgen]
extern "C" {
    // Not `catch`: should the generator ever fail, the instance must end. Going on with bytes that are not random
    // would make keys and nonces that anyone can guess.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(buffer: &mut [u8]);
}

/// Fills `buffer` with random bytes.
pub(crate) fn fill(buffer: &mut [u8]) {
    buffer.chunks_mut(MAX_FILL).for_each(get_random_values);
}
