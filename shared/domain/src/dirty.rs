//! How much of a calendar is to be fetched (protocol rule 2): none < incremental < full.

use crate::words;

words! {
    /// How much of a calendar is to be fetched.
    DirtyLevel {
        /// Nothing.
        Clean = "clean",
        /// What changed since the cursor.
        Incremental = "incremental",
        /// Everything.
        Full = "full",
    }
}

impl DirtyLevel {
    /// The number that is stored: 0, 1, 2.
    #[must_use]
    pub const fn rank(self) -> u32 {
        match self {
            Self::Clean => 0,
            Self::Incremental => 1,
            Self::Full => 2,
        }
    }

    /// From the stored number; anything above 1 is [`DirtyLevel::Full`].
    #[must_use]
    pub const fn from_rank(rank: u32) -> Self {
        match rank {
            0 => Self::Clean,
            1 => Self::Incremental,
            _ => Self::Full,
        }
    }

    /// The larger of the two.
    #[must_use]
    pub const fn max(self, other: Self) -> Self {
        if self.rank() >= other.rank() { self } else { other }
    }
}

words! {
    /// Live work never waits behind bulk work (protocol rule 16).
    Lane {
        /// Someone is waiting for it.
        Live = "live",
        /// First syncs, reconciles, echoes.
        Bulk = "bulk",
    }
}
