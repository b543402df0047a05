//! Reading: one event, and how the graph stands.

use tminus_ports::{Named, ObjectHost};
use tminus_store::StoreError;

use crate::context::Context;
use crate::contract::{GraphStatus, ListedEvent, ListedMirror, QuarantinedItem};
use crate::error::GraphError;
use crate::reading_contract::{EventDetails, GetEvent};
use crate::{events, floors, mirrors, reproject};

/// One event with its mirrors, also one that is deleted; not one of an account that was unlinked.
pub(crate) fn event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &GetEvent,
) -> Result<EventDetails, GraphError> {
    let unknown = GraphError::Unknown(Named::Event);
    let Some(mut stored) = events::by_ids(ctx, [command.event])?.pop() else { return Err(unknown) };
    if floors::is_forgotten(ctx, stored.account, stored.position.generation)? {
        return Err(unknown);
    }
    let mirrors = mirrors::of_events(ctx, [stored.event])?.into_iter().map(|mirror| ListedMirror {
        account: mirror.account,
        calendar: mirror.key.calendar,
        occurrence: mirror.key.occurrence,
        state: mirror.mirror.state.to_string(),
        error: mirror.mirror.error,
    });
    // The usual UID is not stored.
    stored.content.ical_uid = Some(stored.uid());
    Ok(EventDetails { mirrors: mirrors.collect(), event: ListedEvent::of(stored, None) })
}

/// How the graph stands.
pub(crate) fn status<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<GraphStatus, GraphError> {
    let events = ctx
        .first("/* count_events */ SELECT COUNT(*) FROM canonical_events WHERE deleted = 0", &[])?
        .map_or(Ok(0), |row| row.get(0))?;
    let mirrors = ctx
        .query(
            "/* count_mirrors */ SELECT state, COUNT(*) FROM event_mirrors GROUP BY state ORDER BY state",
            &[],
        )?
        .into_iter()
        .map(|row| Ok((row.get(0)?, row.get(1)?)))
        .collect::<Result<_, StoreError>>()?;
    let quarantined = ctx
        .query(
            "/* list_quarantine */ SELECT account_id, calendar_id, origin_event_id, reason, ts FROM quarantine
             ORDER BY ts DESC LIMIT 1000",
            &[],
        )?
        .into_iter()
        .map(|row| {
            Ok(QuarantinedItem {
                account: row.parse(0, "account id")?,
                calendar: row.parse(1, "calendar id")?,
                // An item without an id is kept under a name of ours.
                event_id: Some(row.get::<String>(2)?).filter(|id| !id.starts_with('?')),
                reason: row.get(3)?,
                since: row.get(4)?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(GraphStatus { events, mirrors, quarantined, reprojecting: reproject::is_running(ctx)? })
}
