//! Encryption at rest: AES-256-GCM under a key ring, with associated data.
//!
//! A sealed text is `1.<key id>.<nonce>.<ciphertext>`, base64url without padding. The associated data of the
//! cipher binds the purpose and owner given by the caller, the key id and the format's version (protocol rule 34),
//! so that a sealed text moved to another owner, purpose or key does not open.

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::keys::{Key, KeyRing};

const VERSION: &str = "1";

/// What a sealed text belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// What it is for: `data-key`, `tokens`, `pkce`.
    pub purpose: &'a str,
    /// Whose it is: an id of ours.
    pub owner: &'a str,
}

/// A text does not open (or, which cannot happen with 256-bit keys, does not seal).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Not a sealed text of this version.
    #[error("not a sealed text")]
    Malformed,
    /// Sealed under a key that is not in the ring.
    #[error("sealed under a key that is not known")]
    UnknownKey,
    /// Changed, or of another owner or purpose.
    #[error("the sealed text does not open")]
    Refused,
}

fn associated(context: Context<'_>, key_id: &str) -> Vec<u8> {
    format!("{VERSION}\n{}\n{}\n{key_id}", context.purpose, context.owner).into_bytes()
}

fn cipher(key: &Key) -> Result<Aes256Gcm, SealError> {
    Aes256Gcm::new_from_slice(key.bytes()).map_err(|_| SealError::Refused)
}

/// Seals `plain` under the current key. `nonce` must be fresh and random: never used twice with one key.
///
/// # Errors
/// [`SealError::Refused`] if the cipher refuses (a text over 64 GB).
pub fn seal(
    ring: &KeyRing,
    context: Context<'_>,
    nonce: [u8; 12],
    plain: &[u8],
) -> Result<String, SealError> {
    let (id, key) = ring.current();
    let aad = associated(context, id);
    let sealed = cipher(key)?
        .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad: &aad })
        .map_err(|_| SealError::Refused)?;
    Ok(format!("{VERSION}.{id}.{}.{}", URL_SAFE_NO_PAD.encode(nonce), URL_SAFE_NO_PAD.encode(sealed)))
}

/// Opens a sealed text.
///
/// # Errors
/// [`SealError`].
pub fn open(ring: &KeyRing, context: Context<'_>, text: &str) -> Result<Vec<u8>, SealError> {
    let mut parts = text.split('.');
    let mut part = || parts.next().ok_or(SealError::Malformed);
    if part()? != VERSION {
        return Err(SealError::Malformed);
    }
    let id = part()?;
    let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| SealError::Malformed);
    let nonce: [u8; 12] = bytes(part()?)?.try_into().map_err(|_| SealError::Malformed)?;
    let sealed = bytes(part()?)?;
    if parts.next().is_some() {
        return Err(SealError::Malformed);
    }
    let key = ring.get(id).ok_or(SealError::UnknownKey)?;
    let aad = associated(context, id);
    cipher(key)?
        .decrypt(&Nonce::from(nonce), Payload { msg: &sealed, aad: &aad })
        .map_err(|_| SealError::Refused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ring(id: &str, byte: u8) -> KeyRing {
        KeyRing::single(id.to_owned(), Key::new([byte; 32]))
    }
    const TOKENS: Context<'_> = Context { purpose: "tokens", owner: "acc_1" };

    #[test]
    fn a_text_opens_only_for_its_owner_purpose_and_key() {
        let sealed = seal(&ring("a", 1), TOKENS, [7; 12], b"secret").unwrap();
        assert_eq!(open(&ring("a", 1), TOKENS, &sealed).unwrap(), b"secret");
        let refused = [Context { owner: "acc_2", ..TOKENS }, Context { purpose: "pkce", ..TOKENS }];
        for context in refused {
            assert_eq!(open(&ring("a", 1), context, &sealed), Err(SealError::Refused));
        }
        assert_eq!(open(&ring("a", 2), TOKENS, &sealed), Err(SealError::Refused));
        assert_eq!(open(&ring("b", 1), TOKENS, &sealed), Err(SealError::UnknownKey));
        let renamed = sealed.replacen(".a.", ".b.", 1);
        assert_eq!(open(&ring("b", 1), TOKENS, &renamed), Err(SealError::Refused));
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(plain: Vec<u8>, nonce: [u8; 12]) {
            let sealed = seal(&ring("a", 1), TOKENS, nonce, &plain).unwrap();
            prop_assert_eq!(open(&ring("a", 1), TOKENS, &sealed).unwrap(), plain);
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text: String) {
            prop_assert!(open(&ring("a", 1), TOKENS, &text).is_err());
        }
    }
}
