//! What the API says of itself: `openapi.json`, which the Worker serves, and docs/API.md. Both are made of the table of
//! routes and of the types, natively, and are checked in; `cargo xtask openapi` writes them.
//!
//! | file | what it is |
//! |---|---|
//! | `schemas.rs` | the schemas of the types |
//! | `document.rs` | the document |
//! | `markdown.rs` | the document for people |
//! | `conventions.md` | what holds for every route |

mod document;
mod markdown;
mod schemas;
mod tests;

pub(crate) use document::Described;
pub(crate) use schemas::Schemas;
