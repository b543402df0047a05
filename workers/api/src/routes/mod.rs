//! The routes behind sign-in, one file a group.

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod holds;
pub(crate) mod mirrors;
mod own_graph;
pub(crate) mod policy;
pub(crate) mod replay;
pub(crate) mod status;
pub(crate) mod unlink;
