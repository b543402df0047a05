//! The api Worker: sign-in, linking and unlinking accounts, events, status, the policy,
//! held sweeps, replays, the operator's triggers.
//!
//! [`handle`] is the entry: a request goes through the router to one handler, and every answer, good or bad, leaves
//! through one envelope. Points in time in answers are milliseconds since the Unix epoch, UTC.
//!
//! | file | what it is |
//! |---|---|
//! | `config.rs` | [`Config`]: what the Worker must be told |
//! | `http.rs`, `query.rs`, `body.rs` | requests and answers; parameters; bodies |
//! | `error.rs` | [`ApiError`]: every refusal, its status, code and envelope |
//! | `handle.rs`, `router.rs` | the way of a request; every route |
//! | `cookies.rs`, `session.rs`, `admin_auth.rs` | who asks |
//! | `own_page.rs` | whether a page of somebody else's asks in their name |
//! | `oauth/` | consent at Google: begun, called back, signed in, linked |
//! | `routes/` | one file a group of routes |
//! | `cursor.rs` | where a page of a list ends |

mod admin_auth;
mod body;
mod config;
mod cookies;
mod cursor;
mod error;
mod handle;
mod http;
mod oauth;
mod own_page;
mod query;
mod router;
mod routes;
mod session;
#[cfg(target_arch = "wasm32")]
mod shell;

pub use config::Config;
pub use error::ApiError;
pub use handle::handle;
pub use http::{ApiRequest, ApiResponse, MAX_BODY_BYTES};

#[cfg(test)]
mod tests;
