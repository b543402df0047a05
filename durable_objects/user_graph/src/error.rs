//! What can go wrong in the object.

use tminus_ports::{Named, ObjectError};
use tminus_store::StoreError;

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The object was never created.
    #[error("no such graph")]
    Gone,
    /// The command names what is not there.
    #[error("there is no such {0}")]
    Unknown(Named),
    /// The command asks for what cannot be. The reason is for whoever asked: it may quote them.
    #[error("the command asks for what cannot be")]
    Unfit {
        /// Why.
        reason: String,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl GraphError {
    /// What is asked for cannot be.
    pub(crate) fn unfit(reason: impl std::fmt::Display) -> Self {
        Self::Unfit { reason: reason.to_string() }
    }
}

impl From<GraphError> for ObjectError {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Gone => Self::Gone,
            GraphError::Unknown(what) => Self::Unknown { what },
            GraphError::Unfit { reason } => Self::Unfit { reason },
            GraphError::Store(StoreError::NewerSchema { stored, known }) => {
                Self::NewerSchema { stored, known }
            }
            GraphError::Store(error) => Self::Internal { reason: error.to_string() },
        }
    }
}
