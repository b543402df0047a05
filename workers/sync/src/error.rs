//! What can go wrong while a nudge is handled.

use tminus_google::ApiError;
use tminus_ports::{CallError, Classify, ErrorClass, QueueError};
use tminus_registry::RegistryError;

/// How long a calendar that was just made is given to appear in the list (protocol rule 25).
const OVERLAY_LAG_S: u32 = 10;

/// Why a nudge was not handled.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// An object did not do what it was asked.
    #[error("an object failed")]
    Object(#[from] CallError),
    /// The provider refused.
    #[error("the provider failed")]
    Provider(#[from] ApiError),
    /// A queue took no message.
    #[error("a queue failed")]
    Queue(#[from] QueueError),
    /// The registry failed.
    #[error("the registry failed")]
    Registry(#[from] RegistryError),
    /// The overlay that may have been inserted is not in the list: it is read once more before another is made.
    #[error("the overlay that may have been inserted is not listed yet")]
    OverlayMissed,
}

impl SyncError {
    /// Whether the account is gone: what was asked is moot.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self, Self::Object(error) if error.is_gone())
    }
}

impl Classify for SyncError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Object(error) => error.class(),
            Self::Provider(error) => error.class(),
            Self::Queue(QueueError::TooLarge { .. }) => ErrorClass::Bug,
            Self::Queue(QueueError::Unavailable { .. }) => ErrorClass::RETRY,
            Self::Registry(error) => error.class(),
            Self::OverlayMissed => ErrorClass::Retry { after_s: Some(OVERLAY_LAG_S) },
        }
    }
}
