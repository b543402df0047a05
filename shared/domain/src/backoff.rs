//! Pauses that double with every failure, up to a bound.

/// `base` doubled `times` times, at most `most`; all in the same unit.
#[must_use]
pub fn doubled(base: i64, times: u32, most: i64) -> i64 {
    2_i64.checked_pow(times).map_or(most, |factor| base.saturating_mul(factor).min(most))
}

#[cfg(test)]
mod tests {
    use super::doubled;

    #[test]
    fn a_pause_doubles_up_to_its_bound_however_often() {
        assert_eq!(
            [0, 1, 2, 3, 4, 62, 63, 64, u32::MAX].map(|times| doubled(5, times, 60)),
            [5, 10, 20, 40, 60, 60, 60, 60, 60]
        );
    }
}
