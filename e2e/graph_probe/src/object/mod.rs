//! The Durable Object.

mod measure;
mod meter;
mod shell;
