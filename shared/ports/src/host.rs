//! What a Durable Object stands on.

use tminus_domain::time::Timestamp;
use tminus_store::Sql;

use crate::{Clock, Http, QueueSender, Rng};

/// The world of one Durable Object: its own storage and alarm, beside the ports of every handler.
pub trait ObjectHost: Clock + Rng + Http + QueueSender {
    /// The engine of the object's storage.
    type Sql: Sql;

    /// The object's storage.
    fn sql(&self) -> &Self::Sql;

    /// Arms the object's one alarm, replacing what was armed. A time that has passed fires at once.
    ///
    /// # Errors
    /// What the platform said.
    async fn set_alarm(&self, at: Timestamp) -> Result<(), String>;
}
