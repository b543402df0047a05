//! The cron Worker: keeps every account's push channels alive. Takes no input, acts on state, safe to run at any
//! time and as often as one likes.
//!
//! It only says that an account needs maintenance. The sync Worker does it: opens the new channel first and stops
//! the old one after, so that no push falls between them.

use tminus_domain::ids::{AccountId, TraceId};
use tminus_ports::{Classify, Clock, ErrorClass, QueueError, QueueSender, Rng, fresh_id};
use tminus_queues::{Queue, SyncMessage, send_all};
use tminus_registry::maintenance::accounts_needing_maintenance;
use tminus_registry::oauth_states::forget_states;
use tminus_registry::{RegistryError, RegistrySql};
use tracing::Instrument as _;

#[cfg(target_arch = "wasm32")]
mod shell;
#[cfg(test)]
mod tests;

/// Channels that end within this are renewed: the cron fires every quarter of an hour, so a renewal that fails
/// has many more chances before pushes stop.
const AHEAD_S: i64 = 24 * 3600;
/// Accounts asked for at once: as many as one call to a queue takes.
const PAGE: u32 = 100;
/// Most accounts nudged by one run; the next run goes on, since nudged accounts stop being due: channels are renewed,
/// unlinking comes to its end.
const MOST: usize = 1000;
/// How long a used OAuth state is remembered beyond its end, for clocks that disagree.
const STATE_GRACE_S: i64 = 3600;

/// What a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CronReport {
    /// Accounts nudged.
    pub nudged: usize,
    /// Whether accounts may be left for the next run.
    pub more: bool,
}

/// A run did not come to its end. What it nudged stays nudged; the next run does the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The registry failed.
    #[error("cron could not read or sweep the registry")]
    Registry(#[from] RegistryError),
    /// A queue failed.
    #[error("cron could not nudge")]
    Queue(#[from] QueueError),
}

impl Classify for CronError {
    fn class(&self) -> ErrorClass {
        match self {
            Self::Registry(error) => error.class(),
            Self::Queue(_) => ErrorClass::RETRY,
        }
    }
}

/// Nudges every account whose first channel ends within a day or which has none, or which is being unlinked, and forgets
/// used OAuth states that have long expired.
///
/// # Errors
/// [`CronError`]; the next run makes up for it.
pub async fn run<P: Clock + Rng + QueueSender + RegistrySql>(ports: &P) -> Result<CronReport, CronError> {
    let trace: TraceId = fresh_id(ports);
    let span = tracing::info_span!("cron", worker = "cron", %trace);
    async {
        let report = nudge(ports, trace).await?;
        // Last: a table that is swept late harms nobody, a channel that is renewed late does.
        forget_states(ports, ports.now().plus_seconds(-STATE_GRACE_S)).await?;
        tracing::info!(nudged = report.nudged, more = report.more, "channels looked after");
        Ok(report)
    }
    .instrument(span)
    .await
}

async fn nudge<P: Clock + Rng + QueueSender + RegistrySql>(
    ports: &P,
    trace: TraceId,
) -> Result<CronReport, CronError> {
    let before = ports.now().plus_seconds(AHEAD_S);
    let (mut nudged, mut end) = (0_usize, None);
    loop {
        let page = accounts_needing_maintenance(ports, before, PAGE, end.as_ref()).await?;
        nudged = nudged.saturating_add(page.accounts.len());
        send_all(ports, Queue::Backfill, trace, page.accounts.into_iter().map(maintain).collect()).await?;
        end = page.next;
        if end.is_none() || nudged >= MOST {
            return Ok(CronReport { nudged, more: end.is_some() });
        }
    }
}

const fn maintain(account: AccountId) -> SyncMessage {
    SyncMessage::Maintain { account }
}
