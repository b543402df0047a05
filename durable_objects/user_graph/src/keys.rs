//! The numbers that events are found by: of their provider's id, and of their iCalUID.
//!
//! An index over these texts is three times as large, and since a provider's ids are random, a batch of new events touches
//! nearly as many pages of it as it has events (docs/adr/0014). Two texts may have one number: whoever looks something up
//! compares the text too.

use std::collections::BTreeSet;

use tminus_store::{StoreError, Value};

use crate::bulk;

/// The largest prime below 2^48: a number stays exact where the platform binds it as a float.
const MODULUS: i64 = 281_474_976_710_597;
/// A prime so large that five characters pass the modulus, and so small that no product overflows.
const BASE: i64 = 1021;

/// The number of a text. The fourth step of the schema computes it in SQL: it never changes.
pub(crate) fn key_of(text: &str) -> i64 {
    // Never more than 2^48 * 2^10 + 2^21.
    text.chars()
        .fold(0, |key: i64, digit| key.wrapping_mul(BASE).wrapping_add(i64::from(u32::from(digit))) % MODULUS)
}

/// The numbers of texts as the list that a statement looks them up by, each once.
pub(crate) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Value, StoreError> {
    bulk::list(texts.into_iter().map(key_of).collect::<BTreeSet<i64>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_number_for_ever() {
        assert_eq!(key_of(""), 0);
        assert_eq!(key_of("ab"), 97 * 1021 + 98);
        assert_eq!(key_of("0123456789abcdefghijklmnop"), 187_483_780_965_407);
        assert!(key_of(&"\u{10FFFF}".repeat(1000)) < MODULUS);
    }
}
