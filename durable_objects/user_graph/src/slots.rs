//! Why a calendar is or is not blocked at a time.

use std::collections::BTreeSet;

use tminus_domain::event::Transparency;
use tminus_domain::ids::{AccountId, EventId};
use tminus_domain::meeting::stands;
use tminus_domain::policy::FilterReason;
use tminus_domain::time::Timestamp;
use tminus_ports::{Named, ObjectHost};
use tminus_store::Value;

use crate::context::Context;
use crate::contract::ListEvents;
use crate::error::GraphError;
use crate::events::{self, StoredEvent};
use crate::expansion::Expansions;
use crate::explaining_contract::{ExplainSlot, ExplainedSlot, SlotEvent, SlotRole, Verdict};
use crate::lenses::Lenses;
use crate::reading_contract::EventFilter;
use crate::{explain, ranges};

/// Most events that one answer tells of.
const MAX_EVENTS: u32 = 100;

/// Explains one time of a calendar that mirrors are written into.
pub(crate) fn explain<H: ObjectHost>(
    ctx: &Context<'_, H>,
    expansions: &Expansions,
    command: &ExplainSlot,
) -> Result<ExplainedSlot, GraphError> {
    let row = ctx.first(
        "/* account_of_slot */ SELECT account_id FROM calendars WHERE calendar_id = ?1",
        &[Value::text(command.calendar)],
    )?;
    let account: AccountId = row.ok_or(GraphError::Unknown(Named::Calendar))?.parse(0, "account id")?;
    let (events, more) = at(ctx, expansions, command.at)?;
    let mut edges = explain::edges(ctx, &Lenses::load(ctx)?, &events)?;
    let mut answer = ExplainedSlot { blocked: false, events: Vec::new(), more };
    for event in events {
        let is = if event.account == account {
            let blocks = stands(&event.content) && event.content.transparency == Transparency::Opaque;
            SlotRole::Own { blocks }
        } else {
            let edges = edges.remove(&event.event).unwrap_or_default();
            let verdict =
                edges.into_iter().find(|edge| edge.calendar == command.calendar).map(|edge| edge.verdict);
            SlotRole::Other { verdict: verdict.unwrap_or(Verdict::Filtered { reason: FilterReason::NoEdge }) }
        };
        answer.blocked |=
            matches!(is, SlotRole::Own { blocks: true } | SlotRole::Other { verdict: Verdict::Mirrored });
        answer.events.push(SlotEvent {
            event: event.event,
            account: event.account,
            title: event.content.title,
            is,
        });
    }
    Ok(answer)
}

/// What takes place at a time, in any account; whether there is more.
fn at<H: ObjectHost>(
    ctx: &Context<'_, H>,
    expansions: &Expansions,
    at: Timestamp,
) -> Result<(Vec<StoredEvent>, bool), GraphError> {
    let list = ListEvents {
        from: at,
        to: at.plus_millis(1),
        limit: MAX_EVENTS,
        after: None,
        filter: EventFilter::default(),
    };
    let page = ranges::list(ctx, expansions, &list)?;
    let ids: BTreeSet<EventId> = page.events.iter().map(|listed| listed.event).collect();
    Ok((events::by_ids(ctx, ids)?, page.next.is_some()))
}
