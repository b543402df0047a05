//! Claiming mirrors that wait to be written, and settling what became of them (protocol rules 17 to 20).

use tminus_domain::dirty::Lane;
use tminus_domain::lease;
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::{Fact, Step};
use tminus_domain::policy::Edge;
use tminus_domain::projection::{MirrorBody, Projection};
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::{Context, Effects};
use crate::contract::{
    ClaimMirrors, Claimed, MirrorAction, MirrorOperation, MirrorResult, SettleMirrors, Settled,
};
use crate::error::GraphError;
use crate::mirrors::{self, MirrorKey, StoredMirror};
use crate::timers::{self, Kind};
use crate::{edges, events, progress};

/// Most operations that one claim holds: what fits one batch call.
const MAX_CLAIM: u32 = 50;
/// While a calendar is read wholly, only what starts within a week is written.
const NEAR_S: i64 = 7 * 86_400;

/// Claims mirrors of a target account. A repeat of a claim gets its operations again.
pub(crate) fn claim<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ClaimMirrors,
) -> Result<Claimed, GraphError> {
    let operations = transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        let mut operations = Vec::new();
        if !edges::is_linked(ctx, command.account)? {
            // It is being unlinked: no write begins any more.
            return Ok(operations);
        }
        for mut stored in candidates(ctx, command)? {
            let repeated = stored.claim.is_some_and(|(claim, _)| claim == command.claim);
            if !repeated {
                stored.mirror.claim();
            }
            correct(ctx, &mut stored)?;
            match operation(ctx, &stored)? {
                Some(operation) => {
                    stored.claim = Some((command.claim, lease::until(ctx.now, lease::WRITING_MS, 0)));
                    mirrors::put_fact(ctx, &stored)?;
                    operations.push(operation);
                }
                None => {
                    // Nothing to write after all: the fact caught up with the wish.
                    stored.claim = None;
                    stored.mirror.release();
                    mirrors::put_fact(ctx, &stored)?;
                }
            }
        }
        Ok(operations)
    })?;
    Ok(Claimed { operations })
}

/// What waits to be written: live work first, then as much bulk work as is allowed.
fn candidates<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ClaimMirrors,
) -> Result<Vec<StoredMirror>, StoreError> {
    let limit = command.limit.min(MAX_CLAIM);
    let mut found = waiting(ctx, command, Lane::Live, limit)?;
    let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
    found.extend(waiting(ctx, command, Lane::Bulk, left.min(command.bulk_limit))?);
    Ok(found)
}

fn waiting<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ClaimMirrors,
    lane: Lane,
    limit: u32,
) -> Result<Vec<StoredMirror>, StoreError> {
    if limit == 0 || command.calendars.is_empty() {
        return Ok(Vec::new());
    }
    let mut params = vec![
        Value::text(command.account),
        mirrors::lane_number(lane).into(),
        ctx.now.millis().into(),
        Value::text(command.claim),
        horizon(ctx, lane)?.into(),
        limit.into(),
    ];
    params.extend(command.calendars.iter().map(Value::text));
    let places: Vec<String> = (7..=params.len()).map(|place| format!("?{place}")).collect();
    ctx.query(
        &format!(
            "/* claimable_mirrors */ SELECT {} FROM event_mirrors
             WHERE target_account_id = ?1 AND state = 'PENDING' AND lane = ?2
               AND ((next_attempt_ts <= ?3 AND start_ts < ?5 AND (claim_until IS NULL OR claim_until <= ?3))
                    OR claim_id = ?4)
               AND target_calendar_id IN ({})
             ORDER BY next_attempt_ts, start_ts LIMIT ?6",
            mirrors::COLUMNS,
            places.join(", ")
        ),
        &params,
    )?
    .iter()
    .map(mirrors::decode)
    .collect()
}

/// The end of what is written now, in the order of claims. As long as a calendar is read wholly, what is far away
/// would take the quota from what is near and not yet read.
fn horizon<H: ObjectHost>(ctx: &Context<'_, H>, lane: Lane) -> Result<String, StoreError> {
    if lane == Lane::Bulk && progress::full_run_until(ctx)?.is_some() {
        return Ok(ctx.now.plus_seconds(NEAR_S).to_rfc3339());
    }
    Ok(mirrors::LAST_IN_ORDER.to_owned())
}

/// Brings the wish to what the event and the edges want now. They differ only while a job projects again after a
/// change of the policy.
fn correct<H: ObjectHost>(ctx: &Context<'_, H>, stored: &mut StoredMirror) -> Result<(), StoreError> {
    let wanted = body(ctx, stored)?.map(|body| body.hash());
    if stored.mirror.wanted != wanted && stored.mirror.wish(wanted) {
        mirrors::put_corrected(ctx, stored)?;
    }
    Ok(())
}

fn operation<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
) -> Result<Option<MirrorOperation>, StoreError> {
    let shown = || -> Result<MirrorBody, StoreError> {
        body(ctx, stored)?.ok_or(StoreError::Corrupt { what: "wish of a mirror" })
    };
    let action = match stored.mirror.next() {
        None => return Ok(None),
        Some(Step::Delete { etag }) => MirrorAction::Delete { etag },
        Some(Step::Insert) => MirrorAction::Insert { body: shown()? },
        Some(Step::Update { etag }) => MirrorAction::Update { body: shown()?, etag: Some(etag) },
    };
    Ok(Some(MirrorOperation {
        mark: stored.mark().to_string(),
        occurrence: None,
        calendar: stored.key.calendar,
        version: stored.mirror.version,
        action,
    }))
}

/// What the mirror is to show now, `None` if there is to be none.
fn body<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredMirror,
) -> Result<Option<MirrorBody>, StoreError> {
    let Some(event) = events::by_id(ctx, stored.key.event)?.filter(|event| !event.deleted) else {
        return Ok(None);
    };
    let along = |edge: &&Edge| {
        edge.target_account == stored.key.account && edge.target_calendar == stored.key.calendar
    };
    let edges = edges::leaving(ctx, event.account)?;
    Ok(edges.iter().find(along).and_then(|edge| match mirrors::project(ctx, &event.content, edge) {
        Projection::Shown(body) => Some(body),
        Projection::Filtered(_) => None,
    }))
}

/// Records what became of claimed operations, and sees to what is left.
pub(crate) fn settle<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SettleMirrors,
) -> Result<Settled, GraphError> {
    let ready = transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        for result in &command.results {
            settle_one(ctx, command, result)?;
        }
        watch(ctx, &command.account.to_string())
    })?;
    Ok(Settled { ready })
}

fn settle_one<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SettleMirrors,
    result: &MirrorResult,
) -> Result<(), StoreError> {
    let mark: Mark = result.mark.parse().map_err(|_| StoreError::Corrupt { what: "mark" })?;
    let key = MirrorKey { event: mark.event, account: mark.target_account, calendar: mark.target_calendar };
    let Some(mut stored) = mirrors::get(ctx, key)? else { return Ok(()) };
    // A late answer of a claim that ran out: its successor has marked the mirror in doubt and finds out itself.
    let ours = stored.claim.is_some_and(|(claim, _)| claim == command.claim);
    if !ours || stored.mirror.id_generation != mark.id_generation {
        return Ok(());
    }
    stored.claim = None;
    if matches!(result.fact, Fact::Written { .. } | Fact::Absent) {
        stored.written = Some(ctx.now);
    }
    stored.mirror.learn(result.version, result.fact.clone(), ctx.now);
    mirrors::put_fact(ctx, &stored)
}

/// Sets the timer of an account to when its next mirror can be written. Returns the lane of one that can be now.
pub(crate) fn watch<H: ObjectHost>(ctx: &Context<'_, H>, account: &str) -> Result<Option<Lane>, StoreError> {
    if let Some(lane) = ready(ctx, account)? {
        let due = ctx.now.plus_millis(NUDGE_AGAIN_MS);
        timers::set(ctx, Kind::Nudge, account, due, 0, None)?;
        return Ok(Some(lane));
    }
    let next = ctx.first(
        "/* next_mirror */ SELECT MIN(MAX(next_attempt_ts, COALESCE(claim_until, 0))) FROM event_mirrors
         WHERE target_account_id = ?1 AND state = 'PENDING'",
        &[account.into()],
    )?;
    match next.map_or(Ok(None), |row| row.get::<Option<i64>>(0))? {
        Some(due) => {
            // What is far away and waits for a full run to end could be written now.
            let due = if due > ctx.now.millis() { due } else { ctx.now.plus_millis(NUDGE_AGAIN_MS).millis() };
            timers::set(ctx, Kind::Nudge, account, Timestamp::from_millis(due), 0, None)?;
        }
        None => timers::clear(ctx, Kind::Nudge, account)?,
    }
    Ok(None)
}

/// The lane of a mirror that can be written now.
fn ready<H: ObjectHost>(ctx: &Context<'_, H>, account: &str) -> Result<Option<Lane>, StoreError> {
    for lane in [Lane::Live, Lane::Bulk] {
        let row = ctx.first(
            "/* ready_mirror */ SELECT 1 FROM event_mirrors
             WHERE target_account_id = ?1 AND state = 'PENDING' AND lane = ?2 AND next_attempt_ts <= ?3
               AND start_ts < ?4 AND (claim_until IS NULL OR claim_until <= ?3) LIMIT 1",
            &[
                account.into(),
                mirrors::lane_number(lane).into(),
                ctx.now.millis().into(),
                horizon(ctx, lane)?.into(),
            ],
        )?;
        if row.is_some() {
            return Ok(Some(lane));
        }
    }
    Ok(None)
}

/// Nudges the writers of all accounts that have something to write: a full run has ended.
pub(crate) fn nudge_waiting<H: ObjectHost>(
    ctx: &Context<'_, H>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    for account in edges::accounts(ctx)? {
        if let Some(lane) = ready(ctx, &account.to_string())? {
            effects.nudge(account, lane);
        }
    }
    Ok(())
}

/// Gives every nudge of a transaction its timer, within the transaction: a mirror never waits without one.
pub(crate) fn expect_writers<H: ObjectHost>(
    ctx: &Context<'_, H>,
    effects: &Effects,
) -> Result<(), StoreError> {
    let due = ctx.now.plus_millis(NUDGE_AGAIN_MS);
    effects
        .nudges
        .keys()
        .try_for_each(|account| timers::set_at_most(ctx, Kind::Nudge, &account.to_string(), due))
}

/// How long a nudge may take before it is taken for lost.
pub(crate) const NUDGE_AGAIN_MS: i64 = 10_000;
