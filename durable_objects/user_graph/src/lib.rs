//! UserGraphDO: the canonical calendar and mirrors of one user.
//!
//! `contract.rs` is what Workers send; `object.rs` dispatches; the logic stands beside it by concern; `schema.rs`
//! holds the tables; the shell that the platform calls is `durable_objects/state`.

pub mod contract;
