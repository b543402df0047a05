//! Mirrors as the provider shows them without our having written: echoes, edits by hand, gaps (protocol rule 23).

use std::collections::HashSet;

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::mark::Mark;
use tminus_domain::mirroring::{MAX_RESTORES_A_DAY, MirrorState, Sight};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::{Context, Effects};
use crate::mirrors::{self, MirrorKey};

/// Records how a mirror shows; `false` if that is no news. An edit by hand is undone up to three times a day.
pub(crate) fn seen<H: ObjectHost>(
    ctx: &Context<'_, H>,
    mark: &Mark,
    sight: Sight<'_>,
    lane: Lane,
    effects: &mut Effects,
) -> Result<bool, StoreError> {
    let key = MirrorKey { event: mark.event, account: mark.target_account, calendar: mark.target_calendar };
    let Some(mut stored) = mirrors::get(ctx, key)? else { return Ok(false) };
    if stored.mirror.id_generation != mark.id_generation {
        return Ok(false);
    }
    // Nobody is known to have changed it.
    let looks_only = sight == Sight::Missing;
    if !stored.mirror.see(sight) {
        return Ok(false);
    }
    if looks_only {
        effects.nudge(key.account, lane);
    } else if stored.mirror.state == MirrorState::Pending {
        let today = ctx.now.to_rfc3339().chars().take(10).collect::<String>();
        let restores = if stored.restore_day.as_deref() == Some(&today) { stored.restores } else { 0 };
        if restores >= MAX_RESTORES_A_DAY {
            stored.mirror.state = MirrorState::Error;
            stored.mirror.error = Some("changed by hand more than three times in a day".to_owned());
        } else {
            effects.nudge(key.account, lane);
        }
        stored.restores = restores.saturating_add(1);
        stored.restore_day = Some(today);
    }
    mirrors::put_fact(ctx, &stored)?;
    Ok(true)
}

/// Looks for the mirrors that a whole list of their calendar did not hold: deleted by hand, or written after the
/// list was made. The tombstone of one deleted long ago is in no full list.
pub(crate) fn missed<H: ObjectHost>(
    ctx: &Context<'_, H>,
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
        &[Value::text(account), Value::text(calendar)],
    )?;
    for row in &active {
        let mark = mirrors::decode(row)?.mark();
        if !held.contains(&mark.provider_event_id()) {
            seen(ctx, &mark, Sight::Missing, Lane::Bulk, effects)?;
        }
    }
    Ok(())
}
