//! Mirrors that the user does not want.

use std::collections::BTreeSet;

use tminus_domain::dirty::Lane;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::mirroring::MirrorState;
use tminus_ports::{Named, ObjectHost};
use tminus_store::{StoreError, Value, transaction};

use crate::columns::id;
use crate::context::{Context, Effects};
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::keys::key_of;
use crate::lenses::Lenses;
use crate::mirror_journal::Cause;
use crate::policy_contract::{MirrorWish, SetDismissed};
use crate::{claims, project};

/// Dismisses the mirror of an event in one calendar, or takes that back; the event is projected again at once.
pub(crate) fn set<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SetDismissed,
    effects: &mut Effects,
) -> Result<(), GraphError> {
    transaction(ctx.host.sql(), || {
        let stored = events::by_ids(ctx, [command.event])?
            .pop()
            .filter(|stored| !stored.deleted)
            .ok_or(GraphError::Unknown(Named::Event))?;
        let account = account_of(ctx, command.calendar)?.ok_or(GraphError::Unknown(Named::Calendar))?;
        if account == stored.account {
            return Err(GraphError::unfit("an event has no mirror in its own account"));
        }
        let changed = match command.wish {
            MirrorWish::Dismissed => dismiss(ctx, &stored, account, command.calendar)?,
            MirrorWish::AsPolicy => take_back(ctx, &stored, command.calendar)?,
        };
        if changed {
            let event = BTreeSet::from([stored.event]);
            project::project_ids(ctx, &Lenses::load(ctx)?, &event, Lane::Live, Cause::User, effects)?;
            claims::expect_writers(ctx, effects)?;
        }
        Ok(())
    })
}

/// Whose a calendar of the graph is.
pub(crate) fn account_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
) -> Result<Option<AccountId>, StoreError> {
    ctx.first(
        "/* account_of_calendar */ SELECT account_id FROM calendars WHERE calendar_id = ?1",
        &[Value::text(calendar)],
    )?
    .map(|row| row.parse(0, "account id"))
    .transpose()
}

/// A mirror that is not there is dismissed by a row of its own, which no edge that comes later gives a wish.
fn dismiss<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredEvent,
    account: AccountId,
    calendar: CalendarId,
) -> Result<bool, StoreError> {
    let rows = ctx.query(
        "/* dismiss */ INSERT INTO event_mirrors
           (canonical_event_id, target_account_id, target_calendar_id, state, start_ts, dismissed)
         VALUES (?1, ?2, ?3, ?4, 0, 1)
         ON CONFLICT (canonical_event_id, target_calendar_id, occurrence) DO UPDATE SET dismissed = 1
         WHERE dismissed = 0 RETURNING 1",
        &[id(stored.event), id(account), id(calendar), MirrorState::Deleted.as_str().into()],
    )?;
    Ok(!rows.is_empty())
}

/// Of a series also what was dismissed of its instances; of an exception also the instance of its series, which is what
/// someone at the provider deletes.
fn take_back<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredEvent,
    calendar: CalendarId,
) -> Result<bool, StoreError> {
    let (master, key, occurrence) = match stored.exception() {
        Some((master, occurrence)) => (master.into(), key_of(master).into(), occurrence.stamp().into()),
        None => (Value::Null, Value::Null, Value::Null),
    };
    let rows = ctx.query(
        "/* take_back */ UPDATE event_mirrors SET dismissed = 0
         WHERE target_calendar_id = ?2 AND dismissed = 1 AND (canonical_event_id = ?1 OR (occurrence = ?5
           AND canonical_event_id = (SELECT canonical_event_id FROM canonical_events
                                     WHERE origin_key = ?6 AND origin_event_id = ?4 AND origin_calendar_id = ?3)))
         RETURNING 1",
        &[id(stored.event), id(calendar), id(stored.calendar), master, occurrence, key],
    )?;
    Ok(!rows.is_empty())
}
