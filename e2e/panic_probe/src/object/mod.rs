//! The Durable Object.

mod shell;

pub(crate) use shell::panic;
