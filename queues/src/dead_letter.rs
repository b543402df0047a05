//! The dead-letter queues: a message that used up its retries arrives as it was; one that a consumer refused at
//! once arrives wrapped, with the reason.

use serde::{Deserialize, Serialize};

use crate::Body;

/// A message that its consumer refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejected {
    /// Why, without personal data.
    pub rejected: String,
    /// The message's text, as it was.
    pub original: String,
}

impl Body for Rejected {
    const VERSION: u32 = 1;
}
