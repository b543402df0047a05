//! A chunk that is applied: normalised, sent to the person's graph, counted in the account.

use tminus_account::contract::{ChunkApplied, FetchAgain, Progress};
use tminus_domain::ids::{AccountId, UserId};
use tminus_ports::{CallError, ObjectCall, call};
use tminus_queues::{DeltaChunk, Next};
use tminus_user_graph::contract::{Applied, ApplyChunk, Delta};

use crate::conclude::{FullRun, conclude};
use crate::normalize::delta;

/// Applies a chunk as a whole, counts it, and concludes the full run that it ends.
///
/// Effects, and why each may repeat:
/// 1. the chunk is applied to UserGraphDO: the same etag or a lower position changes nothing;
/// 2. events that the graph wants to have looked at by themselves are asked for: asking twice is asking once;
/// 3. the chunk is counted in AccountDO: setting a mark twice is setting it once;
/// 4. a full run is concluded, then committed: concluding twice within a generation confirms nothing new.
///
/// # Errors
/// [`CallError`] if an object does not do its part.
pub async fn apply_whole(
    ports: &(impl ObjectCall + ?Sized),
    trace: &str,
    chunk: DeltaChunk,
) -> Result<(), CallError> {
    let chunk = Chunk::of(chunk);
    let applied = chunk.apply(ports, trace, &chunk.whole).await?;
    chunk.count(ports, trace, applied).await
}

/// Most events that a chunk has fetched one by one: what is left is found by the next full run.
const LOOK_AGAIN: usize = 200;

/// A chunk whose items are normalised.
pub(crate) struct Chunk {
    user: UserId,
    account: AccountId,
    /// What the graph is sent.
    pub(crate) whole: ApplyChunk,
    /// What follows the page, if this chunk is all of it.
    next: Option<Next>,
}

impl Chunk {
    pub(crate) fn of(message: DeltaChunk) -> Self {
        let DeltaChunk { user, account, calendar, role, chunk, full, lane, items, zone, whole } = message;
        let deltas: Vec<Delta> = items.iter().map(|item| delta(item, zone.as_deref())).collect();
        let command = ApplyChunk { account, calendar, role, chunk, full, lane, deltas };
        Self { user, account, whole: command, next: whole }
    }

    /// Sends the chunk, or a part of it, to the graph.
    pub(crate) async fn apply(
        &self,
        ports: &(impl ObjectCall + ?Sized),
        trace: &str,
        command: &ApplyChunk,
    ) -> Result<Applied, CallError> {
        call(ports, &self.user.to_string(), trace, command).await
    }

    /// Counts the chunk, which is in the graph.
    pub(crate) async fn count(
        self,
        ports: &(impl ObjectCall + ?Sized),
        trace: &str,
        applied: Applied,
    ) -> Result<(), CallError> {
        let ApplyChunk { calendar, chunk, .. } = self.whole;
        if !applied.look_again.is_empty() {
            let ids = applied.look_again.iter().take(LOOK_AGAIN).cloned().collect();
            call(ports, &self.account.to_string(), trace, &FetchAgain { calendar, ids }).await?;
        }
        let counted = ChunkApplied {
            calendar,
            run: chunk.run,
            position: chunk.position,
            attempt: chunk.attempt,
            index: chunk.index,
            incarnation: applied.incarnation,
            generation: applied.generation,
            whole: self.next,
        };
        let mut progress = call(ports, &self.account.to_string(), trace, &counted).await?;
        if progress == Progress::Conclude {
            let full = FullRun {
                user: self.user,
                account: self.account,
                calendar,
                run: chunk.run,
                generation: chunk.position.generation,
            };
            progress = conclude(ports, trace, full).await?;
        }
        tracing::info!(?applied, ?progress, "a chunk was applied");
        Ok(())
    }
}
