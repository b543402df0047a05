//! Claiming mirrors that wait to be written, and settling what became of them (protocol rules 17 to 20, 22).

use std::collections::{BTreeMap, BTreeSet};

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::lease;
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::{Fact, Step};
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::MirrorBody;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::columns::id;
use crate::context::{Context, Effects};
use crate::contract::{
    ClaimMirrors, Claimed, MirrorAction, MirrorOperation, MirrorResult, SettleMirrors, Settled,
};
use crate::error::GraphError;
use crate::lenses::Lenses;
use crate::mirror_journal::{Cause, Recorder};
use crate::mirrors::{self, MirrorKey, Part, StoredMirror};
use crate::project::{self, Wish};
use crate::timers::{self, Kind};
use crate::{dismissed, edges, instances, progress};

/// Most operations that one claim holds: what fits one batch call.
const MAX_CLAIM: u32 = 50;
/// While a calendar is read wholly, only what starts within a week is written.
const NEAR_S: i64 = 7 * 86_400;

/// Of the instances of a series that could be written now, `m` is the first: one that is not would only take the place of
/// another mirror in a claim.
const FIRST_OF_SERIES: &str = "(m.part IN (0, 2) OR NOT EXISTS (SELECT 1 FROM event_mirrors s
     WHERE s.canonical_event_id = m.canonical_event_id AND s.target_calendar_id = m.target_calendar_id
       AND s.occurrence < m.occurrence AND s.part = m.part AND s.state = 'PENDING' AND s.lane = m.lane
       AND s.next_attempt_ts <= ?3 AND (s.claim_until IS NULL OR s.claim_until <= ?3)))";

/// When a mirror that waits can be written, of `m`, at the time `?3`: what its series leaves behind goes first, the series
/// follows, then what differs from it, and one at a time of each series.
const IN_TURN: &str = "(m.part = 0 OR NOT EXISTS (SELECT 1 FROM event_mirrors s
     WHERE s.canonical_event_id = m.canonical_event_id AND s.target_calendar_id = m.target_calendar_id
       AND s.occurrence <> m.occurrence
       AND ((s.state = 'PENDING' AND s.part < m.part) OR s.claim_until > ?3)))";

/// Whether the series of an instance `m` stands. If it does not, the instance waits for what becomes of it, not for a time.
const SERIES_STANDS: &str = "(m.part <> 3 OR EXISTS (SELECT 1 FROM event_mirrors s
     WHERE s.canonical_event_id = m.canonical_event_id AND s.target_calendar_id = m.target_calendar_id
       AND s.occurrence = '' AND s.state = 'ACTIVE'))";

/// Claims mirrors of a target account. A repeat of a claim gets its operations again.
pub(crate) fn claim<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ClaimMirrors,
) -> Result<Claimed, GraphError> {
    let operations = transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        if !edges::is_linked(ctx, command.account)? {
            // It is being unlinked: no write begins any more.
            return Ok(Vec::new());
        }
        let candidates = candidates(ctx, command)?;
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let events: BTreeSet<EventId> = candidates.iter().map(|stored| stored.key.event).collect();
        let mut wanted = project::wanted(ctx, &Lenses::load(ctx)?, &events)?;
        let (mut operations, mut recorder) = (Vec::new(), Recorder::default());
        for stored in candidates {
            let wish = wanted.remove(&stored.key);
            operations.extend(claim_one(ctx, command, stored, wish, &mut recorder)?);
        }
        recorder.append(ctx, Cause::Policy)?;
        Ok(operations)
    })?;
    Ok(Claimed { operations })
}

fn claim_one<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &ClaimMirrors,
    mut stored: StoredMirror,
    wish: Option<Wish>,
    recorder: &mut Recorder,
) -> Result<Option<MirrorOperation>, StoreError> {
    let before = stored.clone();
    let repeated = stored.claim.is_some_and(|(claim, _)| claim == command.claim);
    if !repeated {
        stored.mirror.claim();
    }
    // The wish and what the event and the edges want now differ only while a job projects again after a change of
    // the policy.
    let (shown, reason) = wish.map_or((None, stored.reason), |wish| (wish.shown, wish.reason));
    let hash = shown.as_ref().map(|shown| shown.hash.clone());
    if stored.mirror.wanted != hash && stored.mirror.wish(hash) {
        stored.reason = reason;
        mirrors::put_corrected(ctx, &stored)?;
        recorder.record(stored.key, Some(&before), Some(&stored))?;
    }
    let operation = operation(&stored, shown.map(|shown| shown.body.clone()))?;
    if operation.is_some() {
        stored.claim = Some((command.claim, lease::until(ctx.now, lease::WRITING_MS, 0)));
        mirrors::put_claim(ctx, &stored)?;
    } else {
        // Nothing to write after all: the fact caught up with the wish.
        stored.claim = None;
        stored.mirror.release();
        mirrors::put_fact(ctx, &stored)?;
    }
    Ok(operation)
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
    let mut series: BTreeSet<(EventId, CalendarId)> = BTreeSet::new();
    found.retain(|stored| {
        stored.part == Part::Single || series.insert((stored.key.event, stored.key.calendar))
    });
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
        id(command.account),
        mirrors::lane_number(lane).into(),
        ctx.now.millis().into(),
        id(command.claim),
        horizon(ctx, lane)?.into(),
        limit.into(),
    ];
    params.extend(command.calendars.iter().copied().map(id));
    let places: Vec<String> = (7..=params.len()).map(|place| format!("?{place}")).collect();
    ctx.query(
        &format!(
            "/* claimable_mirrors */ SELECT {} FROM event_mirrors AS m
             WHERE m.target_account_id = ?1 AND m.state = 'PENDING' AND m.lane = ?2
               AND ((m.next_attempt_ts <= ?3 AND m.start_ts < ?5 AND (m.claim_until IS NULL OR m.claim_until <= ?3)
                     AND {IN_TURN} AND {SERIES_STANDS} AND {FIRST_OF_SERIES})
                    OR m.claim_id = ?4)
               AND m.target_calendar_id IN ({})
             ORDER BY m.next_attempt_ts, m.start_ts LIMIT ?6",
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
fn horizon<H: ObjectHost>(ctx: &Context<'_, H>, lane: Lane) -> Result<i64, StoreError> {
    if lane == Lane::Bulk && progress::full_run_until(ctx)?.is_some() {
        return Ok(ctx.now.plus_seconds(NEAR_S).millis());
    }
    Ok(mirrors::LAST_IN_ORDER)
}

fn operation(stored: &StoredMirror, body: Option<MirrorBody>) -> Result<Option<MirrorOperation>, StoreError> {
    let shown = || body.ok_or(StoreError::Corrupt { what: "wish of a mirror" });
    let action = match stored.mirror.next() {
        None => return Ok(None),
        Some(Step::Delete { etag }) => MirrorAction::Delete { etag },
        Some(Step::Insert) => MirrorAction::Insert { body: shown()? },
        Some(Step::Update { etag }) => MirrorAction::Update { body: shown()?, etag },
    };
    Ok(Some(MirrorOperation {
        mark: stored.mark().to_string(),
        occurrence: stored.key.occurrence,
        calendar: stored.key.calendar,
        version: stored.mirror.version,
        action,
    }))
}

/// Records what became of claimed operations, and sees to what is left.
pub(crate) fn settle<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SettleMirrors,
    effects: &mut Effects,
) -> Result<Settled, GraphError> {
    let ready = transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        let mut marks = Vec::new();
        for result in &command.results {
            let mark: Mark = result.mark.parse().map_err(|_| StoreError::Corrupt { what: "mark" })?;
            marks.push((mark, result));
        }
        let mut known: BTreeMap<MirrorKey, StoredMirror> =
            mirrors::of_events(ctx, marks.iter().map(|(mark, _)| mark.event))?
                .into_iter()
                .map(|mirror| (mirror.key, mirror))
                .collect();
        let mut dismissed = BTreeSet::new();
        let mut recorder = Recorder::default();
        for (mark, result) in marks {
            let key = MirrorKey {
                event: mark.event,
                calendar: mark.target_calendar,
                occurrence: result.occurrence,
            };
            if let Some(stored) = known.remove(&key)
                && settle_one(ctx, command, &mark, result, stored, &mut recorder)?
            {
                dismissed.insert(mark.event);
            }
        }
        recorder.append(ctx, Cause::Written)?;
        if !dismissed.is_empty() {
            // What was shown with a dismissed mirror goes too.
            let lenses = Lenses::load(ctx)?;
            project::project_ids(ctx, &lenses, &dismissed, Lane::Live, Cause::Removed, effects)?;
            expect_writers(ctx, effects)?;
        }
        watch(ctx, command.account)
    })?;
    Ok(Settled { ready })
}

/// Records one result; `true` if the mirror turned out to be dismissed.
fn settle_one<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SettleMirrors,
    mark: &Mark,
    result: &MirrorResult,
    mut stored: StoredMirror,
    recorder: &mut Recorder,
) -> Result<bool, StoreError> {
    // A late answer of a claim that ran out: its successor has marked the mirror in doubt and finds out itself.
    let ours = stored.claim.is_some_and(|(claim, _)| claim == command.claim);
    if !ours || stored.mirror.id_generation != mark.id_generation {
        return Ok(false);
    }
    let before = stored.clone();
    stored.claim = None;
    if matches!(result.fact, Fact::Written { .. } | Fact::Absent) {
        stored.written = Some(ctx.now);
    }
    // A tombstone that is not of our making: someone deleted it by hand (protocol rule 21). In doubt, it may be of ours.
    let may_be_ours = stored.mirror.in_doubt && stored.mirror.acked.is_some();
    let by_hand = result.fact == Fact::Cancelled && stored.mirror.wanted.is_some() && !may_be_ours;
    stored.dismissed |= by_hand && dismissed::on_deletion(ctx, stored.key.event)?;
    stored.mirror.learn(result.version, result.fact.clone(), ctx.now);
    if stored.dismissed && stored.mirror.wish(None) {
        stored.reason = Some(FilterReason::Dismissed);
        mirrors::put_corrected(ctx, &stored)?;
    }
    mirrors::put_fact(ctx, &stored)?;
    let shows = match &result.fact {
        Fact::Exists { shows, .. } => shows.as_deref(),
        _ => None,
    };
    recorder.record_found(Some(&before), &stored, shows)?;
    instances::follow(ctx, &stored, mark.id_generation, recorder)?;
    if matches!(result.fact, Fact::Exists { .. })
        && instances::stood_elsewhere(&before.mirror, &stored.mirror)
    {
        instances::start_over(ctx, &stored, recorder)?;
    }
    Ok(by_hand && stored.dismissed)
}

/// Sets the timer of an account to when its next mirror can be written. Returns the lane of one that can be now.
pub(crate) fn watch<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
) -> Result<Option<Lane>, StoreError> {
    let subject = account.to_string();
    if let Some(lane) = ready(ctx, account)? {
        let due = ctx.now.plus_millis(NUDGE_AGAIN_MS);
        timers::set(ctx, Kind::Nudge, &subject, due, 0, None)?;
        return Ok(Some(lane));
    }
    let next = ctx.first(
        &format!(
            "/* next_mirror */ SELECT MIN(MAX(next_attempt_ts, COALESCE(claim_until, 0))) FROM event_mirrors AS m
             WHERE target_account_id = ?1 AND state = 'PENDING'
               AND (m.claim_until > ?3 OR ({IN_TURN} AND {SERIES_STANDS}))"
        ),
        &[id(account), Value::Null, ctx.now.millis().into()],
    )?;
    match next.map_or(Ok(None), |row| row.get::<Option<i64>>(0))? {
        Some(due) => {
            // What is far away and waits for a full run to end could be written now.
            let due = if due > ctx.now.millis() { due } else { ctx.now.plus_millis(NUDGE_AGAIN_MS).millis() };
            timers::set(ctx, Kind::Nudge, &subject, Timestamp::from_millis(due), 0, None)?;
        }
        None => timers::clear(ctx, Kind::Nudge, &subject)?,
    }
    Ok(None)
}

/// The lane of a mirror that can be written now.
fn ready<H: ObjectHost>(ctx: &Context<'_, H>, account: AccountId) -> Result<Option<Lane>, StoreError> {
    for lane in [Lane::Live, Lane::Bulk] {
        let row = ctx.first(
            &format!(
                "/* ready_mirror */ SELECT 1 FROM event_mirrors AS m
                 WHERE m.target_account_id = ?1 AND m.state = 'PENDING' AND m.lane = ?2 AND m.next_attempt_ts <= ?3
                   AND m.start_ts < ?4 AND (m.claim_until IS NULL OR m.claim_until <= ?3) AND {IN_TURN}
                   AND {SERIES_STANDS} LIMIT 1"
            ),
            &[
                id(account),
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
        if let Some(lane) = ready(ctx, account)? {
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
