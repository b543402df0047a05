//! Every queue by name, binding and dead-letter queue. `cargo xtask check` compares this table with the
//! wrangler.toml files.

use tminus_domain::dirty::Lane;

/// A queue of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Nudges of calendars, from pushes.
    Sync,
    /// Fetched events, from pushes.
    Delta,
    /// Nudges of accounts with mirrors to write.
    Mirror,
    /// The bulk lane of [`Queue::Sync`]: first syncs, reconciles, echoes, maintenance.
    Backfill,
    /// The bulk lane of [`Queue::Delta`].
    DeltaBulk,
    /// The bulk lane of [`Queue::Mirror`].
    MirrorBulk,
}

/// What a queue is called where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueSpec {
    /// The queue.
    pub queue: Queue,
    /// Its name on the platform.
    pub name: &'static str,
    /// The binding under which producers reach it.
    pub binding: &'static str,
    /// The name of its dead-letter queue.
    pub dlq_name: &'static str,
    /// The binding under which its consumer reaches the dead-letter queue.
    pub dlq_binding: &'static str,
}

/// Every queue.
pub const QUEUES: &[QueueSpec] = &[
    spec(Queue::Sync, "tminus-sync", "SYNC_QUEUE", "tminus-sync-dlq", "SYNC_DLQ"),
    spec(Queue::Delta, "tminus-delta", "DELTA_QUEUE", "tminus-delta-dlq", "DELTA_DLQ"),
    spec(Queue::Mirror, "tminus-mirror", "MIRROR_QUEUE", "tminus-mirror-dlq", "MIRROR_DLQ"),
    spec(Queue::Backfill, "tminus-backfill", "BACKFILL_QUEUE", "tminus-backfill-dlq", "BACKFILL_DLQ"),
    spec(
        Queue::DeltaBulk,
        "tminus-delta-bulk",
        "DELTA_BULK_QUEUE",
        "tminus-delta-bulk-dlq",
        "DELTA_BULK_DLQ",
    ),
    spec(
        Queue::MirrorBulk,
        "tminus-mirror-bulk",
        "MIRROR_BULK_QUEUE",
        "tminus-mirror-bulk-dlq",
        "MIRROR_BULK_DLQ",
    ),
];

const fn spec(
    queue: Queue,
    name: &'static str,
    binding: &'static str,
    dlq_name: &'static str,
    dlq_binding: &'static str,
) -> QueueSpec {
    QueueSpec { queue, name, binding, dlq_name, dlq_binding }
}

impl Queue {
    /// The queue of nudges to the sync Worker, by lane.
    #[must_use]
    pub const fn sync(lane: Lane) -> Self {
        match lane {
            Lane::Live => Self::Sync,
            Lane::Bulk => Self::Backfill,
        }
    }

    /// The queue of fetched events, by lane.
    #[must_use]
    pub const fn delta(lane: Lane) -> Self {
        match lane {
            Lane::Live => Self::Delta,
            Lane::Bulk => Self::DeltaBulk,
        }
    }

    /// The queue of nudges to the mirror Worker, by lane.
    #[must_use]
    pub const fn mirror(lane: Lane) -> Self {
        match lane {
            Lane::Live => Self::Mirror,
            Lane::Bulk => Self::MirrorBulk,
        }
    }

    /// The binding under which producers reach it.
    #[must_use]
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Sync => "SYNC_QUEUE",
            Self::Delta => "DELTA_QUEUE",
            Self::Mirror => "MIRROR_QUEUE",
            Self::Backfill => "BACKFILL_QUEUE",
            Self::DeltaBulk => "DELTA_BULK_QUEUE",
            Self::MirrorBulk => "MIRROR_BULK_QUEUE",
        }
    }

    /// The spec of the queue of this platform name, or whose dead-letter queue has it.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static QueueSpec> {
        QUEUES.iter().find(|spec| spec.name == name || spec.dlq_name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_agrees_with_itself() {
        for spec in QUEUES {
            assert_eq!(spec.binding, spec.queue.binding());
            assert_eq!(spec.dlq_name, format!("{}-dlq", spec.name));
            assert_eq!(spec.dlq_binding, spec.binding.replace("_QUEUE", "_DLQ"));
            assert_eq!(Queue::by_name(spec.dlq_name), Some(spec));
        }
        assert_eq!(Queue::by_name("tminus-unknown"), None);
    }
}
