//! Consent at Google (protocol rule 33).
//!
//! | file | what it is |
//! |---|---|
//! | `begin.rs` | sends the browser to Google |
//! | `state.rs` | what ties its return to its leaving: signed state, sealed cookie, single use |
//! | `callback.rs` | its return: all checks, then the exchange of the code |
//! | `sign_in.rs`, `link.rs` | what follows |
//! | `scopes.rs` | what is asked for, and whether it was granted |

mod begin;
mod callback;
mod link;
mod scopes;
mod sign_in;
mod state;

pub(crate) use begin::{LinkQuery, SignInQuery, begin_link, begin_sign_in};
pub(crate) use callback::callback;
#[cfg(test)]
pub(crate) use callback::{CallbackQuery, Returned};
