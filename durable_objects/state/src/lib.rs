//! The state Worker: both Durable Object classes.
