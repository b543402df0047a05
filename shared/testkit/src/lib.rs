//! Test doubles. For tests only: nothing else may depend on this crate.
//!
//! | file | what it is |
//! |---|---|
//! | [`TestClock`] | a clock that only moves when told |
//! | [`SeededRng`] | random bytes that a seed repeats |
//! | [`RecordedQueues`] | queues that keep what was put on them |
//! | [`ScriptedHttp`] | a provider that answers from a script |
//! | [`FakeObjects`] | Durable Objects that answer as a test tells them |
//! | [`TestPorts`] | all of them at once, with a real registry on SQLite |

mod clock;
mod http;
mod objects;
mod ports;
mod queues;
mod rng;

pub use clock::TestClock;
pub use http::ScriptedHttp;
pub use objects::{FakeObjects, ObjectCalled};
pub use ports::TestPorts;
pub use queues::RecordedQueues;
pub use rng::SeededRng;
