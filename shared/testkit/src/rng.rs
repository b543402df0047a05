//! Random bytes that a seed repeats.

use std::cell::Cell;

use tminus_ports::Rng;

/// A seeded source of random bytes (SplitMix64): the same seed gives the same bytes. Not for secrets.
#[derive(Debug)]
pub struct SeededRng(Cell<u64>);

impl SeededRng {
    /// The source of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// The next 64 bits.
    pub fn next_u64(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&self, bound: u64) -> u64 {
        self.next_u64().checked_rem(bound).unwrap_or(0)
    }
}

impl Default for SeededRng {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Rng for SeededRng {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.next_u64().to_be_bytes()) {
                *to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_two_seeds_differ() {
        let take = |seed| {
            let (rng, mut bytes) = (SeededRng::new(seed), [0_u8; 20]);
            rng.fill(&mut bytes);
            bytes
        };
        assert_eq!(take(7), take(7));
        assert_ne!(take(7), take(8));
    }
}
