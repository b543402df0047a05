//! Mirrors as the provider shows them without our having written: echoes, edits by hand, gaps (protocol rule 23).

use std::collections::{BTreeSet, HashSet};

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId, EventId};
use tminus_domain::mark::{Mark, apart, has_form_of_ours};
use tminus_domain::mirroring::{MAX_RESTORES_A_DAY, Mirror, MirrorState, Sight};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::policy::FilterReason;
use tminus_domain::projection::MirrorBody;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::bulk;
use crate::columns::id;
use crate::context::{Context, Effects};
use crate::contract::ApplyChunk;
use crate::lenses::Lenses;
use crate::mirror_journal::{Cause, Recorder};
use crate::mirrors::{self, MirrorKey, Part, Placed, StoredMirror};
use crate::{dismissed, instances, project};

/// Records how a mirror shows; `false` if that is no news. An edit by hand is undone up to three times a day.
pub(crate) fn seen<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    mark: &Mark,
    occurrence: Option<Occurrence>,
    sight: Sight<'_>,
    lane: Lane,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let key = MirrorKey { event: mark.event, calendar: mark.target_calendar, occurrence };
    let Some(mut stored) = mirrors::get(ctx, key)? else {
        return match occurrence {
            Some(_) => instance_seen(ctx, lenses, key, mark.id_generation, sight, lane, effects),
            None => Ok(false),
        };
    };
    if stored.mirror.id_generation != mark.id_generation {
        return Ok(false);
    }
    record(ctx, lenses, &mut stored, sight, lane, effects)
}

fn record<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    stored: &mut StoredMirror,
    sight: Sight<'_>,
    lane: Lane,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let before = stored.clone();
    if !stored.mirror.see(sight) {
        return Ok(false);
    }
    match sight {
        // Nobody is known to have changed it.
        Sight::Missing => effects.nudge(stored.account, lane),
        Sight::Deleted if dismissed::on_deletion(ctx, stored.key.event)? => {
            // Whoever deleted it wants it gone.
            stored.dismissed = true;
            stored.reason = Some(FilterReason::Dismissed);
            stored.mirror.wish(None);
        }
        Sight::Deleted | Sight::Live { .. } => restore(ctx, stored, lane, effects),
    }
    mirrors::put_fact(ctx, stored)?;
    let (mut recorder, cause) = (Recorder::default(), cause(sight));
    recorder.record_found(Some(&before), stored, shows(sight))?;
    recorder.append(ctx, cause)?;
    if stored.dismissed {
        mirrors::put_corrected(ctx, stored)?;
        // What was shown with it goes too: instances of a series, exceptions of their own.
        let event = BTreeSet::from([stored.key.event]);
        project::project_ids(ctx, lenses, &event, lane, cause, effects)?;
    }
    let mut recorder = Recorder::default();
    instances::follow(ctx, stored, before.mirror.id_generation, &mut recorder)?;
    let is_live = matches!(sight, Sight::Live { .. });
    if sight == Sight::Missing || (is_live && instances::stood_elsewhere(&before.mirror, &stored.mirror)) {
        instances::start_over(ctx, stored, &mut recorder)?;
    }
    recorder.append(ctx, cause)?;
    Ok(true)
}

/// What somebody made of a mirror.
const fn shows(sight: Sight<'_>) -> Option<&MirrorBody> {
    match sight {
        Sight::Live { shows, .. } => shows,
        Sight::Deleted | Sight::Missing => None,
    }
}

/// For the journal.
const fn cause(sight: Sight<'_>) -> Cause {
    match sight {
        Sight::Live { .. } => Cause::Seen,
        Sight::Deleted => Cause::Removed,
        Sight::Missing => Cause::Missed,
    }
}

/// Undoes an edit by hand, up to three times a day.
fn restore<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &mut StoredMirror,
    lane: Lane,
    effects: &mut Effects,
) {
    if stored.mirror.state != MirrorState::Pending {
        return;
    }
    let today = ctx.now.to_rfc3339().chars().take(10).collect::<String>();
    let restores = if stored.restore_day.as_deref() == Some(&today) { stored.restores } else { 0 };
    if restores >= MAX_RESTORES_A_DAY {
        stored.mirror.state = MirrorState::Error;
        stored.mirror.error = Some("changed by hand more than three times in a day".to_owned());
    } else {
        effects.nudge(stored.account, lane);
    }
    stored.restores = restores.saturating_add(1);
    stored.restore_day = Some(today);
}

/// An instance of a mirrored series shows by itself, of which nothing was ever written: someone changed it by hand.
fn instance_seen<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    key: MirrorKey,
    generation: u32,
    sight: Sight<'_>,
    lane: Lane,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let Some(series) = mirrors::get(ctx, MirrorKey { occurrence: None, ..key })? else { return Ok(false) };
    // What repeats no more has no instances to miss; but what a hand made of one before is left behind, and goes.
    if series.part != Part::Series && !matches!(sight, Sight::Live { .. }) {
        return Ok(false);
    }
    let is_another = series.mirror.id_generation != generation;
    if is_another || series.mirror.wanted.is_none() || series.mirror.state == MirrorState::Tombstoned {
        // It goes, and takes its instances with it.
        return Ok(false);
    }
    let mut mirror = Mirror::instance(None);
    mirror.id_generation = series.mirror.id_generation;
    mirror.state = MirrorState::Active;
    mirror.see(sight);
    let is_dismissed = sight == Sight::Deleted && dismissed::on_deletion(ctx, key.event)?;
    let mut stored = StoredMirror {
        key,
        account: series.account,
        part: Part::Instance,
        mirror,
        lane,
        claim: None,
        restores: 0,
        restore_day: None,
        dismissed: is_dismissed,
        reason: None,
        written: None,
    };
    mirrors::insert(ctx, [Placed { mirror: &stored, lane, order: 0 }])?;
    restore(ctx, &mut stored, lane, effects);
    mirrors::put_fact(ctx, &stored)?;
    let (mut recorder, cause) = (Recorder::default(), cause(sight));
    recorder.record_found(None, &stored, shows(sight))?;
    recorder.append(ctx, cause)?;
    // What it is to show is what the series shows there.
    project::project_ids(ctx, lenses, &BTreeSet::from([key.event]), lane, cause, effects)?;
    Ok(true)
}

/// Ids that are deleted and no event's may be mirrors of ours: a tombstone carries no mark. They are looked for in one
/// pass, since an index would cost a billed write a mirror.
pub(crate) fn gone<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    command: &ApplyChunk,
    ids: &[&str],
    effects: &mut Effects,
) -> Result<u32, StoreError> {
    let ours: Vec<(&str, Option<Occurrence>)> =
        ids.iter().map(|id| apart(id)).filter(|(own, _)| has_form_of_ours(own)).collect();
    if ours.is_empty() {
        return Ok(0);
    }
    let rows = ctx.query(
        &format!(
            "/* mirrors_of_ids */ SELECT {} FROM event_mirrors
             WHERE target_calendar_id = ?1 AND occurrence = ''
               AND provider_event_id IN (SELECT value FROM json_each(?2))",
            mirrors::COLUMNS
        ),
        &[id(command.calendar), bulk::list(ours.iter().map(|(own, _)| own))?],
    )?;
    let mut count: u32 = 0;
    for row in &rows {
        let found = mirrors::decode(row)?;
        let own = found.provider_event_id();
        for (_, occurrence) in ours.iter().filter(|(id, _)| *id == own) {
            let mark = found.mark();
            if seen(ctx, lenses, &mark, *occurrence, Sight::Deleted, command.lane, effects)? {
                count = count.saturating_add(1);
            }
        }
    }
    Ok(count)
}

/// Looks for the mirrors that a whole list of their calendar did not hold: deleted by hand, or written after the
/// list was made. The tombstone of one deleted long ago is in no full list.
pub(crate) fn missed<H: ObjectHost>(
    ctx: &Context<'_, H>,
    lenses: &Lenses,
    account: AccountId,
    calendar: CalendarId,
    held: &HashSet<String>,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let active = ctx.query(
        &format!(
            "/* active_mirrors */ SELECT {} FROM event_mirrors
             WHERE target_account_id = ?1 AND target_calendar_id = ?2 AND state = 'ACTIVE'",
            mirrors::COLUMNS
        ),
        &[id(account), id(calendar)],
    )?;
    let mut gone: BTreeSet<EventId> = BTreeSet::new();
    for row in &active {
        let mut stored = mirrors::decode(row)?;
        if held.contains(&stored.provider_event_id()) {
            continue;
        }
        if stored.key.occurrence.is_none() {
            gone.insert(stored.key.event);
        } else if gone.contains(&stored.key.event) {
            // It is missing with its series, which is looked for first.
            continue;
        }
        record(ctx, lenses, &mut stored, Sight::Missing, Lane::Bulk, effects)?;
    }
    Ok(())
}
