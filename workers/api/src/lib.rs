//! The api Worker: sign-in, linking and unlinking accounts, events with their history and their reasons, own events,
//! trips, free and busy, status, the policy, held sweeps, replays, the operator's triggers.
//!
//! [`handle`] is the entry: a request goes through the router to one handler, and every answer, good or bad, leaves
//! through one envelope. Points in time in answers are milliseconds since the Unix epoch, UTC.
//!
//! | file | what it is |
//! |---|---|
//! | `config.rs` | [`Config`]: what the Worker must be told |
//! | `table.rs`, `router.rs` | every route, and how a request finds its own |
//! | `http.rs`, `handle.rs` | requests and answers; the way of a request |
//! | `conventions/` | what all routes share: errors, parameters, bodies, cursors |
//! | `cookies.rs`, `session.rs`, `admin_auth.rs` | who asks |
//! | `own_page.rs` | whether a page of somebody else's asks in their name |
//! | `oauth/` | consent at Google: begun, called back, signed in, linked |
//! | `routes/` | one file a group of routes |
//! | `openapi/` | `openapi.json` and docs/API.md are made of the table and the types, when tests are run |

mod admin_auth;
mod config;
mod conventions;
mod cookies;
mod handle;
mod http;
mod oauth;
#[cfg(test)]
mod openapi;
mod own_page;
mod router;
mod routes;
mod session;
#[cfg(target_arch = "wasm32")]
mod shell;
mod table;

pub use config::Config;
pub use conventions::{ApiError, Code, Details};
pub use handle::handle;
pub use http::{ApiRequest, ApiResponse, MAX_BODY_BYTES};

#[cfg(test)]
mod tests;
