//! What can go wrong in a store.

/// An engine refused, a row did not decode, or a bound was broken. Never holds a bound value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The engine's own words.
    #[error("the engine refused {statement}: {reason}")]
    Engine {
        /// The statement's name: the comment it starts with.
        statement: String,
        /// What the engine said.
        reason: String,
    },
    /// A column is absent or of another type.
    #[error("column {column} of a row is not {wanted}")]
    Column {
        /// The position, from 0.
        column: usize,
        /// The wanted type.
        wanted: &'static str,
    },
    /// A stored text is not what the code stores there.
    #[error("stored {what} does not decode")]
    Corrupt {
        /// What was decoded.
        what: &'static str,
    },
    /// More parameters than the platform binds.
    #[error("{0} bound parameters, at most 100 are allowed")]
    TooManyParams(usize),
    /// A value over the platform's limit.
    #[error("a value of {0} bytes, at most 2,000,000 are allowed")]
    ValueTooLarge(usize),
    /// The database was written by newer code.
    #[error("the stored schema is version {stored}, this code knows {known}")]
    NewerSchema {
        /// The version in the database.
        stored: u32,
        /// The newest version that the code knows.
        known: u32,
    },
    /// The transaction's body asked for a rollback.
    #[error("rolled back")]
    RolledBack,
}

impl StoreError {
    /// An engine's refusal of `statement`; keeps only the statement's name.
    #[must_use]
    pub fn engine(statement: &str, reason: impl std::fmt::Display) -> Self {
        let name = statement
            .trim_start()
            .strip_prefix("/*")
            .and_then(|rest| rest.split_once("*/"))
            .map_or("a statement", |(name, _)| name.trim());
        Self::Engine { statement: name.to_owned(), reason: reason.to_string() }
    }
}
