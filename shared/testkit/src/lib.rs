//! Test doubles: clock, seeded rng, recording queues.
//!
//! | file | what it is |
//! |---|---|
//! | [`TestClock`] | a clock that only moves when told |
//! | [`SeededRng`] | random bytes that a seed repeats |
//! | [`RecordedQueues`] | queues that keep what was put on them |

mod clock;
mod queues;
mod rng;

pub use clock::TestClock;
pub use queues::RecordedQueues;
pub use rng::SeededRng;
