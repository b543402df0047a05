//! The cross-user registry: users, accounts, organisations.
