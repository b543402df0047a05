//! The state Worker: both Durable Object classes.
//!
//! The classes are shells: what they do is in `durable_objects/account` and `durable_objects/user_graph`.
//!
//! | file | what it is |
//! |---|---|
//! | `account.rs` | the class `AccountDO` |
//! | `user_graph.rs` | the class `UserGraphDO` |
//! | `shell.rs` | the Worker's own address, which answers `GET /healthz` and nothing else |

#[cfg(target_arch = "wasm32")]
mod account;
#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(target_arch = "wasm32")]
mod user_graph;
