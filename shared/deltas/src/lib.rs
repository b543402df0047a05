//! What is done with a chunk of fetched events, whoever consumes it: the canonicalize Worker as it comes, the
//! dead_letter Worker after that gave it up.
//!
//! | file | what it is |
//! |---|---|
//! | [`normalize`] | from a provider's event to what the canonical store keeps |
//! | [`apply_whole`] | applies a chunk and counts it |
//! | [`apply_apart`] | the same for a chunk that fails: what fails by itself goes into quarantine |
//! | [`conclude`] | the end of a full run |

mod apart;
mod apply;
mod conclude;
pub mod normalize;

pub use apart::{Silence, apply_apart};
pub use apply::apply_whole;
pub use conclude::{FullRun, conclude};

#[cfg(test)]
mod tests;
