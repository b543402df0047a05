//! Signed, expiring texts: OAuth state and session cookies. HMAC-SHA256 under a key ring.
//!
//! A signed text is `1.<key id>.<expiry in seconds>.<payload>.<mac>`, payload and mac in base64url. The mac also
//! covers the purpose, so that a text of one purpose is refused for another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::keys::{Key, KeyRing};
use crate::time::Timestamp;

const VERSION: &str = "1";

/// Why a signed text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignedError {
    /// Not a signed text of this version.
    #[error("not a signed text")]
    Malformed,
    /// The signature is not ours.
    #[error("the signature is not valid")]
    Forged,
    /// It was ours, but its time is over.
    #[error("expired")]
    Expired,
}

/// The HMAC-SHA256 of `text`.
#[must_use]
pub fn mac(key: &Key, text: &str) -> Vec<u8> {
    let mut mac = keyed(key);
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Whether `mac` is the HMAC-SHA256 of `text`, in constant time.
#[must_use]
pub fn mac_holds(key: &Key, text: &str, expected: &[u8]) -> bool {
    let mut mac = keyed(key);
    mac.update(text.as_bytes());
    mac.verify_slice(expected).is_ok()
}

fn keyed(key: &Key) -> Hmac<Sha256> {
    Hmac::new(&(*key.bytes()).into_block())
}

/// Pads a key to HMAC's block, as RFC 2104 does with any key shorter than it.
trait IntoBlock {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>>;
}

impl IntoBlock for [u8; 32] {
    fn into_block(self) -> hmac::digest::Key<Hmac<Sha256>> {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(self) {
            *to = from;
        }
        block
    }
}

/// Signs `payload` for `purpose` until `expires`.
#[must_use]
pub fn sign(ring: &KeyRing, purpose: &str, payload: &[u8], expires: Timestamp) -> String {
    let (id, key) = ring.current();
    let head = format!("{VERSION}.{id}.{}.{}", expires.seconds(), URL_SAFE_NO_PAD.encode(payload));
    let mac = mac(key, &format!("{purpose}\n{head}"));
    format!("{head}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// The payload of a signed text.
///
/// # Errors
/// [`SignedError`].
pub fn verify(ring: &KeyRing, purpose: &str, text: &str, now: Timestamp) -> Result<Vec<u8>, SignedError> {
    let (head, mac) = text.rsplit_once('.').ok_or(SignedError::Malformed)?;
    let mut parts = head.split('.');
    let mut part = || parts.next().ok_or(SignedError::Malformed);
    if part()? != VERSION {
        return Err(SignedError::Malformed);
    }
    let id = part()?;
    let expires: i64 = part()?.parse().map_err(|_| SignedError::Malformed)?;
    let payload = URL_SAFE_NO_PAD.decode(part()?).map_err(|_| SignedError::Malformed)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| SignedError::Malformed)?;
    let key = ring.get(id).ok_or(SignedError::Forged)?;
    if parts.next().is_some() || !mac_holds(key, &format!("{purpose}\n{head}"), &mac) {
        return Err(SignedError::Forged);
    }
    if now.seconds() >= expires {
        return Err(SignedError::Expired);
    }
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_text_holds_for_its_purpose_until_it_expires() {
        let ring = KeyRing::single("k".into(), Key::new([5; 32]));
        let text = sign(&ring, "state", b"x", Timestamp::from_millis(10_000));
        let at = Timestamp::from_millis;
        assert_eq!(verify(&ring, "state", &text, at(9_999)).unwrap(), b"x");
        assert_eq!(verify(&ring, "state", &text, at(10_000)), Err(SignedError::Expired));
        assert_eq!(verify(&ring, "session", &text, at(0)), Err(SignedError::Forged));
        assert_eq!(verify(&ring, "state", "", at(0)), Err(SignedError::Malformed));
        let longer = text.replacen(".10.", ".99.", 1);
        assert_eq!(verify(&ring, "state", &longer, at(0)), Err(SignedError::Forged));
    }

    #[test]
    fn the_mac_is_hmac_sha256() {
        // RFC 4231 test case 2 has a shorter key; this value was made with Python's hmac module.
        let mac = mac(&Key::new([0x0b; 32]), "Hi There");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&mac),
            "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7"
        );
    }
}
