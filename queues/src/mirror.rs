//! mirror and mirror-bulk: nudges. What to write is claimed from UserGraphDO when the message is handled.

use serde::{Deserialize, Serialize};
use tminus_domain::ids::{AccountId, UserId};

use crate::Body;

/// An account has mirrors to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorNudge {
    /// Whose graph holds the mirrors.
    pub user: UserId,
    /// The account that is written into.
    pub account: AccountId,
}

impl Body for MirrorNudge {
    const VERSION: u32 = 1;
}
