//! The Durable Object.

mod measure;
mod meter;
mod read;
mod shell;
