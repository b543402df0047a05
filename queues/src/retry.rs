//! How long a failed message waits. The only file that names the `backoff` crate, which is unmaintained
//! (RUSTSEC-2025-0012) and the owner's choice; `deny.toml` lists the advisory with the reason.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// The longest wait between two attempts, in seconds.
const MAX_DELAY_S: u64 = 600;

/// Seconds to wait before the next attempt of a message that has been tried `attempts` times (1 and more):
/// 1, 2, 4, … at most 600, each lengthened by up to a quarter by `jitter` (a random byte).
#[must_use]
pub fn retry_delay_seconds(attempts: u32, jitter: u8) -> u32 {
    let mut backoff = ExponentialBackoff {
        initial_interval: Duration::from_secs(1),
        current_interval: Duration::from_secs(1),
        multiplier: 2.0,
        // Randomness is injected, so that a simulation can be replayed.
        randomization_factor: 0.0,
        max_interval: Duration::from_secs(MAX_DELAY_S),
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    };
    let mut delay = Duration::from_secs(1);
    for _ in 0..attempts.clamp(1, 32) {
        delay = backoff.next_backoff().unwrap_or(delay);
    }
    let stretched = delay.as_millis().saturating_mul(1024_u128.saturating_add(u128::from(jitter)));
    u32::try_from(stretched.div_euclid(1024).div_ceil(1000)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_bound() {
        let delays: Vec<u32> = (1..=5).map(|attempts| retry_delay_seconds(attempts, 0)).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16]);
        assert_eq!(retry_delay_seconds(1000, 0), 600);
        assert!((600..=750).contains(&retry_delay_seconds(1000, 255)));
        assert_eq!(retry_delay_seconds(0, 0), 1);
    }
}
