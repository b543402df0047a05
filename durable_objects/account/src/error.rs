//! What can go wrong in the object.

use tminus_domain::seal::SealError;
use tminus_google::OauthError;
use tminus_ports::ObjectError;
use tminus_store::StoreError;

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The object was never created.
    #[error("no such account")]
    Gone,
    /// The command asks for something that cannot be.
    #[error("refused: {0}")]
    Refused(&'static str),
    /// The grant at the provider is gone.
    #[error("the account needs a new consent")]
    ConsentNeeded,
    /// The provider's token endpoint failed.
    #[error("the access token could not be refreshed")]
    Refresh(#[from] OauthError),
    /// The stored tokens do not open: a master key is missing.
    #[error("the stored tokens do not open")]
    Seal(#[from] SealError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl From<AccountError> for ObjectError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Gone => Self::Gone,
            AccountError::Refused(reason) => Self::Refused { reason: reason.to_owned() },
            AccountError::ConsentNeeded => Self::ConsentNeeded,
            AccountError::Refresh(error) => Self::Unavailable { reason: tminus_ports::chain(&error) },
            AccountError::Store(StoreError::NewerSchema { stored, known }) => {
                Self::NewerSchema { stored, known }
            }
            AccountError::Seal(error) => Self::Internal { reason: format!("tokens: {error}") },
            AccountError::Store(error) => Self::Internal { reason: error.to_string() },
        }
    }
}
