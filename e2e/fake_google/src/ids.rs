//! Reproducible ids, tokens and chances: a counter and a seed, no entropy.

use sha2::{Digest, Sha256};

/// Hands out ids.
#[derive(Debug, Clone, Default)]
pub struct Ids {
    counter: u64,
    chance: u64,
}

impl Ids {
    /// The next id of `len` characters over `[a-v0-9]`; `len` at most 51.
    pub fn base32hex(&mut self, purpose: &str, len: usize) -> String {
        const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
        self.counter += 1;
        let digest = Sha256::new().chain_update(purpose).chain_update(self.counter.to_be_bytes()).finalize();
        let mut out = String::with_capacity(len);
        let (mut bits, mut have) = (0_u32, 0);
        for byte in digest {
            bits = (bits << 8) | u32::from(byte);
            have += 8;
            while have >= 5 {
                have -= 5;
                out.push(char::from(ALPHABET[((bits >> have) & 31) as usize]));
            }
            bits &= (1 << have) - 1;
        }
        out.truncate(len);
        out
    }

    /// The next secret-looking token with a prefix.
    pub fn token(&mut self, prefix: &str) -> String {
        let body = self.base32hex(prefix, 43);
        format!("{prefix}{body}")
    }

    /// The next number below one, from the seed.
    pub fn chance(&mut self, seed: u64) -> f64 {
        self.chance += 1;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit exactly")]
        let unit = (splitmix(seed ^ self.chance.rotate_left(17)) >> 11) as f64;
        unit / (1_u64 << 53) as f64
    }
}

/// One step of the splitmix64 generator.
#[must_use]
pub fn splitmix(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Stable number from a text, decimal, for sub claims and resource ids.
#[must_use]
pub fn stable_number(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(8).fold(0, |n, b| (n << 8) | u64::from(*b))
}
