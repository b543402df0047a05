//! What can go wrong in the registry.

use tminus_ports::{Classify, ErrorClass};
use tminus_store::StoreError;

/// The registry did not do what it was asked. Holds no address and no subject.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// The provider account is linked by another person (protocol rule 33).
    #[error("the provider account is linked by another user")]
    AccountTaken,
    /// The account is being unlinked: it can be linked again after that (protocol rule 29).
    #[error("the account is being unlinked")]
    UnlinkUnderWay,
    /// The address belongs to a person with another identity.
    #[error("the address belongs to another user")]
    EmailTaken,
    /// The database refused, could not be reached, or holds what the code does not store.
    #[error("the registry failed")]
    Store(#[from] StoreError),
}

impl Classify for RegistryError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::AccountTaken | Self::EmailTaken | Self::UnlinkUnderWay => ErrorClass::Reject,
            // Across a network an engine's refusal is mostly one of the moment.
            Self::Store(
                StoreError::Engine { .. } | StoreError::RolledBack | StoreError::NewerSchema { .. },
            ) => ErrorClass::RETRY,
            Self::Store(
                StoreError::Column { .. }
                | StoreError::Corrupt { .. }
                | StoreError::TooManyParams(_)
                | StoreError::ValueTooLarge(_),
            ) => ErrorClass::Bug,
        }
    }
}
