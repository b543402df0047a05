//! AccountDO: tokens, channels, cursors, leases and dead letters of one account.
