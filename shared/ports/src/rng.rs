//! Random bytes and what is made of them.

use tminus_domain::ids::{PrefixedId, Ulid};

use crate::Clock;

/// A source of random bytes; cryptographically secure in production, seeded in tests.
pub trait Rng {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// A fresh prefixed ULID of the current time.
pub fn fresh_id<I: PrefixedId>(ports: &(impl Clock + Rng + ?Sized)) -> I {
    let mut bytes = [0_u8; 16];
    ports.fill(&mut bytes);
    let millis = u64::try_from(ports.now().millis()).unwrap_or(0);
    I::from_ulid(Ulid::from_parts(millis, u128::from_be_bytes(bytes)))
}

/// `N` fresh random bytes, for nonces and keys.
pub fn fresh_nonce<const N: usize>(rng: &(impl Rng + ?Sized)) -> [u8; N] {
    let mut bytes = [0_u8; N];
    rng.fill(&mut bytes);
    bytes
}
