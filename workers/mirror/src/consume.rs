//! Consuming nudges: the writer's seat is taken, mirrors are claimed, written and settled until none is left
//! (protocol rules 17 to 21).
//!
//! Effects, and why each may repeat:
//! 1. the seat is taken: the same message re-enters its lease;
//! 2. mirrors are claimed: a repeat of a claim gets its operations again;
//! 3. they are written: ids are deterministic, updates and deletes carry the etag that they expect;
//! 4. they are settled: what does not belong to the claim is ignored;
//! 5. the seat is left: one who no longer sits there changes nothing.

use std::collections::BTreeSet;

use tminus_account::contract::{BeginWrite, EndWrite, WriteGrant, WriteOutcome, WriteStart};
use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, ClaimId};
use tminus_google::CalendarApi;
use tminus_ports::{CallError, Ports, Verdict, call, fresh_id};
use tminus_queues::{Message, MirrorNudge, Queue, decode};
use tminus_user_graph::contract::{ClaimMirrors, SettleMirrors};
use tracing::Instrument as _;

use crate::Config;
use crate::write::{Halt, write};

/// How many operations one batch holds.
const BATCH: u32 = 50;
/// After this long a writer leaves the seat, well before its lease ends.
const SITTING_MS: i64 = 20_000;
/// How many batches one sitting writes before others get a turn.
const MAX_ROUNDS: u32 = 10;

/// Consumes one nudge.
pub async fn consume<P: Ports>(
    ports: &P,
    config: &Config,
    queue: Queue,
    text: &str,
    attempts: u32,
) -> Verdict {
    let message: Message<MirrorNudge> = match decode(text) {
        Ok(message) => message,
        Err(error) => return Verdict::of(&error),
    };
    let account = message.body.account;
    let lane = if queue == Queue::MirrorBulk { Lane::Bulk } else { Lane::Live };
    let span = tracing::info_span!(
        "write", worker = "mirror", trace = %message.trace, %account, message_id = %message.id, attempts
    );
    async {
        match sit(ports, config, &message, lane).await {
            Ok(()) => Verdict::Ack,
            Err(error) if error.is_gone() => Verdict::Ack,
            Err(error) => Verdict::of(&error),
        }
    }
    .instrument(span)
    .await
}

async fn sit<P: Ports>(
    ports: &P,
    config: &Config,
    message: &Message<MirrorNudge>,
    lane: Lane,
) -> Result<(), CallError> {
    let (object, trace) = (message.body.account.to_string(), message.trace.to_string());
    let begin = BeginWrite { holder: message.id, lane };
    let grant = match call(ports, &object, &trace, &begin).await? {
        WriteStart::Granted(grant) => grant,
        WriteStart::Coalesced | WriteStart::NotNow => {
            tracing::info!("nothing to write now");
            return Ok(());
        }
    };
    let mut sitting = Sitting { used: 0, unwritable: BTreeSet::new() };
    let outcome = rounds(ports, config, message.body.account, &grant, &trace, &mut sitting).await?;
    let Sitting { used, unwritable } = sitting;
    let unwritable = unwritable.into_iter().collect();
    call(ports, &object, &trace, &EndWrite { holder: message.id, used, unwritable, outcome }).await
}

/// What a writer did so far.
struct Sitting {
    /// Calls that were made.
    used: u32,
    /// Calendars that refused every write.
    unwritable: BTreeSet<CalendarId>,
}

async fn rounds<P: Ports>(
    ports: &P,
    config: &Config,
    account: AccountId,
    grant: &WriteGrant,
    trace: &str,
    sitting: &mut Sitting,
) -> Result<WriteOutcome, CallError> {
    let graph = grant.user.to_string();
    let api = CalendarApi::new(ports, &config.api_base, &grant.token.access);
    let leave = ports.now().plus_millis(SITTING_MS);
    let mut more = None;
    for _ in 0..MAX_ROUNDS {
        let claim: ClaimId = fresh_id(ports);
        let left = |permits: u32| BATCH.min(permits.saturating_sub(sitting.used));
        let calendars = grant.targets.iter().map(|target| target.calendar);
        let claim_mirrors = ClaimMirrors {
            account,
            claim,
            limit: left(grant.permits.live),
            bulk_limit: left(grant.permits.bulk),
            calendars: calendars.filter(|calendar| !sitting.unwritable.contains(calendar)).collect(),
        };
        let claimed = call(ports, &graph, trace, &claim_mirrors).await?;
        if claimed.operations.is_empty() {
            break;
        }
        let written = write(&api, &claimed.operations, |operation| {
            grant
                .targets
                .iter()
                .find(|target| target.calendar == operation.calendar)
                .map(|target| target.provider_calendar_id.as_str())
        })
        .await;
        sitting.used = sitting.used.saturating_add(written.calls);
        sitting.unwritable.extend(written.unwritable);
        let settle = SettleMirrors { account, claim, results: written.results };
        more = call(ports, &graph, trace, &settle).await?.ready;
        tracing::info!(operations = claimed.operations.len(), calls = written.calls, "mirrors were written");
        match written.halt {
            Some(Halt::Unauthorized) => {
                return Ok(WriteOutcome::Unauthorized { token_version: grant.token.version });
            }
            Some(Halt::TryAfter { seconds }) => return Ok(WriteOutcome::TryAfter { seconds }),
            None => {}
        }
        if more.is_none() || sitting.used >= grant.permits.live || ports.now() > leave {
            break;
        }
    }
    Ok(more.map_or(WriteOutcome::Drained, |lane| WriteOutcome::More { lane }))
}
