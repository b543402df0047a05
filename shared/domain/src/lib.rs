//! The rules of T-Minus: ids, events, classification, policy, projection. Pure.
pub mod ids;
pub mod time;
