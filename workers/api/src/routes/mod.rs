//! The routes behind sign-in, one file a group.

use serde::Serialize;

pub(crate) mod accounts;
pub(crate) mod admin;
pub(crate) mod constraints;
pub(crate) mod dead_letters;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod free_busy;
pub(crate) mod holds;
pub(crate) mod ics;
pub(crate) mod journal;
pub(crate) mod mirrors;
pub(crate) mod own_events;
mod own_graph;
pub(crate) mod policy;
pub(crate) mod preview;
pub(crate) mod replay;
pub(crate) mod status;
pub(crate) mod unlink;

/// That the Worker answers.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Health {
    /// Always true.
    pub(crate) ok: bool,
}

/// Nothing: an empty object.
#[cfg(test)]
#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
