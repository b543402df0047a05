//! The cross-user registry: which person an identity belongs to, which accounts a person linked, where dead
//! letters lie. Nothing here is on the hot path of a push.
//!
//! | file | what it is |
//! |---|---|
//! | [`RegistrySql`] | the port: D1 in production (`shared/cloudflare`), SQLite natively |
//! | [`schema`] | the schema, step by step; the same files are applied to D1 at deploy |
//! | [`users`] | people, their organisations and the identities that they sign in with |
//! | [`accounts`] | linked calendar accounts |
//! | [`unlink`] | the two ends of unlinking one |
//! | [`maintenance`] | which accounts need their channels looked after |
//! | [`dead_letters`] | where each dead letter lies |
//! | [`oauth_states`] | which OAuth states are used up |
//! | [`RegistryError`] | what can go wrong |

pub mod accounts;
pub mod dead_letters;
mod error;
pub mod maintenance;
pub mod oauth_states;
mod port;
pub mod schema;
#[cfg(any(test, feature = "sqlite"))]
mod sqlite;
mod subject;
pub mod unlink;
pub mod users;

pub use error::RegistryError;
pub use port::RegistrySql;
#[cfg(any(test, feature = "sqlite"))]
pub use sqlite::SqliteRegistry;
pub use subject::Subject;

#[cfg(test)]
mod tests;
