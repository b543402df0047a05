//! The conventions of every route, each in one place; docs/API.md says them to clients.
//!
//! | file | what it is |
//! |---|---|
//! | `error.rs`, `code.rs` | [`ApiError`]: every refusal, its status, code and envelope |
//! | `query.rs`, `parameters.rs` | parameters of a query, typed |
//! | `body.rs` | bodies |
//! | `cursor.rs` | where a page of a list ends, and what is signed of it |
//! | `idempotency.rs` | requests under a key are done once |

mod body;
mod code;
mod cursor;
mod error;
pub(crate) mod idempotency;
mod parameters;
mod query;

pub(crate) use body::{json as body, none as no_body, require_json};
pub use code::Code;
pub(crate) use cursor::List;
#[cfg(test)]
pub(crate) use error::Refusal;
pub use error::{ApiError, Details};
pub(crate) use parameters::{
    Form, Instant, Limit, Parameter, Several, Version, Words, parameters, require_range,
};
pub(crate) use query::Query;
