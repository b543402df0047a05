//! What can go wrong in the object.

use tminus_ports::ObjectError;
use tminus_store::StoreError;

/// Why a command was not done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The object was never created.
    #[error("no such graph")]
    Gone,
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<GraphError> for ObjectError {
    fn from(error: GraphError) -> Self {
        match error {
            GraphError::Gone => Self::Gone,
            GraphError::Store(StoreError::NewerSchema { stored, known }) => {
                Self::NewerSchema { stored, known }
            }
            GraphError::Store(error) => Self::Internal { reason: error.to_string() },
        }
    }
}
