//! A Worker that measures the canonical store: UserGraphDO's own code, over the storage adapter of the product, in a
//! Durable Object of workerd. The benchmarks `ingest`, `growth`, `rows` and `range` run it; it is never deployed.
//!
//! | file | what it is |
//! |---|---|
//! | `corpus.rs` | the events, made from a seed |
//! | `steps.rs` | the commands, as a Worker would send them |
//! | `object/meter.rs` | the object's world, with rows, statements and nudges counted |
//! | `object/measure.rs` | hands prepared commands to the object and takes the time |
//! | `object/read.rs` | reads ranges, and takes the time |
//! | `object/shell.rs`, `shell.rs` | the Durable Object, the Worker |

#[cfg(any(target_arch = "wasm32", test))]
mod corpus;
#[cfg(any(target_arch = "wasm32", test))]
#[cfg_attr(not(target_arch = "wasm32"), expect(dead_code, reason = "tests use a part of it"))]
mod steps;

#[cfg(target_arch = "wasm32")]
mod object;
#[cfg(target_arch = "wasm32")]
mod shell;
