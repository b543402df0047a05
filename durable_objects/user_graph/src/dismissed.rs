//! What becomes of mirrors that someone deletes by hand: the user's setting, or that of the event.

use tminus_domain::ids::EventId;
use tminus_ports::ObjectHost;
use tminus_store::StoreError;

use crate::columns::id;
use crate::context::Context;
use crate::policy_contract::HandDeleted;

/// Whether a mirror of this event that is deleted by hand stays away.
pub(crate) fn on_deletion<H: ObjectHost>(ctx: &Context<'_, H>, event: EventId) -> Result<bool, StoreError> {
    let row = ctx.first(
        "/* hand_deleted */ SELECT COALESCE(
           (SELECT hand_deleted FROM event_settings WHERE canonical_event_id = ?1),
           (SELECT hand_deleted FROM policies WHERE is_default = 1))",
        &[id(event)],
    )?;
    let becomes: Option<HandDeleted> = row.map_or(Ok(None), |row| row.parse_opt(0, "hand deleted"))?;
    Ok(becomes == Some(HandDeleted::Dismiss))
}
