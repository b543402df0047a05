//! The synchronous SQL port, row decoding and the migration runner.
