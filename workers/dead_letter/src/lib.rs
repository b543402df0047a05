//! The dead_letter Worker: stores each dead message, with its reason, in the account object that it belongs to
//! (protocol rule 31), and lets no bad item of a dead chunk block its calendar (rule 11).
//!
//! | file | what it is |
//! |---|---|
//! | [`consume`] | one message of a dead-letter queue |
//! | `letter.rs` | what is kept of a message: whose it is, why it died, what may be stored |
//! | `reduced.rs` | a delta without its events: ids and hashes |

mod consume;
mod letter;
mod reduced;
#[cfg(target_arch = "wasm32")]
mod shell;

pub use consume::consume;

#[cfg(test)]
mod tests;
