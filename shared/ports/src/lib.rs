//! The ports through which handlers reach the world.
//!
//! Handlers are generic over [`Ports`]; `shared/cloudflare` implements it on Workers, the native harness in
//! one process. Nothing here knows a platform.
//!
//! | port | file | what it is |
//! |---|---|---|
//! | [`Clock`] | `clock.rs` | what time it is |
//! | [`Rng`] | `rng.rs` | random bytes, fresh ids |
//! | [`Http`] | `http.rs` | one request to a provider |
//! | [`QueueSender`] | `queue.rs` | put messages on a queue |
//! | [`ObjectCall`] | `objects.rs` | one command to a Durable Object |
//! | [`ObjectHost`] | `host.rs` | what a Durable Object stands on |
//! | [`core`] | `core.rs` | what the cores of the objects share |
//! | [`ErrorClass`] | `class.rs` | what an error means for the message that met it |
//! | [`Verdict`] | `verdict.rs` | what becomes of a message |
#![expect(async_fn_in_trait, reason = "every caller runs on one thread; no future has to be Send")]

mod class;
mod clock;
pub mod config;
pub mod core;
mod host;
mod http;
mod objects;
mod queue;
mod rng;
mod verdict;

pub use class::{Classify, ErrorClass};
pub use clock::Clock;
pub use host::ObjectHost;
pub use http::{Http, HttpError, HttpRequest, HttpResponse, Method};
pub use objects::{CallError, Command, Encoded, Named, ObjectCall, ObjectClass, ObjectError, call, call_as};
pub use queue::{QueueError, QueueSender};
pub use rng::{Rng, fresh_id, fresh_nonce};
pub use verdict::{Verdict, chain};

/// All ports at once: what a handler is generic over.
pub trait Ports: Clock + Rng + Http + QueueSender + ObjectCall {}

impl<T: Clock + Rng + Http + QueueSender + ObjectCall> Ports for T {}
