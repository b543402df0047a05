//! Key rings: the keys of one purpose, the first current, the others still honoured.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A 256-bit key. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl Key {
    /// From its bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(..)")
    }
}

/// A text is not a key ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// No key at all.
    #[error("no key")]
    Empty,
    /// An entry is not `id:base64 of 32 bytes`, the id 1 to 16 letters, digits or `-`.
    #[error("an entry is not id:base64-of-32-bytes")]
    Malformed,
    /// Two keys of the same id.
    #[error("two keys have the same id")]
    Repeated,
}

/// The keys of one purpose.
#[derive(Debug, Clone)]
pub struct KeyRing {
    current: (String, Key),
    older: Vec<(String, Key)>,
}

impl KeyRing {
    /// A ring of one key.
    #[must_use]
    pub const fn single(id: String, key: Key) -> Self {
        Self { current: (id, key), older: Vec::new() }
    }

    /// Parses `id:base64,id:base64,…`; the first key is the current one.
    ///
    /// # Errors
    /// [`KeyRingError`], which never shows the text.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let mut keys: Vec<(String, Key)> = Vec::new();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (id, key) = entry.split_once(':').ok_or(KeyRingError::Malformed)?;
            let well_named =
                (1..=16).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let bytes = STANDARD.decode(key).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
            let (true, Some(bytes)) = (well_named, bytes) else { return Err(KeyRingError::Malformed) };
            if keys.iter().any(|(known, _)| known == id) {
                return Err(KeyRingError::Repeated);
            }
            keys.push((id.to_owned(), Key(bytes)));
        }
        let mut keys = keys.into_iter();
        let current = keys.next().ok_or(KeyRingError::Empty)?;
        Ok(Self { current, older: keys.collect() })
    }

    /// The id and key that new texts are made with.
    #[must_use]
    pub fn current(&self) -> (&str, &Key) {
        (&self.current.0, &self.current.1)
    }

    /// The key of this id, current or older.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.older).find(|(known, _)| known == id).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_parses_and_shows_no_key() {
        let a = STANDARD.encode([1_u8; 32]);
        let b = STANDARD.encode([2_u8; 32]);
        let ring = KeyRing::parse(&format!("k2:{a}, k1:{b}")).unwrap();
        assert_eq!(ring.current(), ("k2", &Key([1; 32])));
        assert_eq!(ring.get("k1"), Some(&Key([2; 32])));
        assert_eq!(ring.get("k0"), None);
        assert!(!format!("{ring:?}").contains(&a));
        assert_eq!(KeyRing::parse("").unwrap_err(), KeyRingError::Empty);
        assert_eq!(KeyRing::parse("k1:short").unwrap_err(), KeyRingError::Malformed);
        assert_eq!(KeyRing::parse(&format!("k1:{a},k1:{b}")).unwrap_err(), KeyRingError::Repeated);
    }
}
