//! Which generation of a calendar is too old to make events known (protocol rule 10).
//!
//! What is known is ordered by position. An event that is not known has no position: a chunk that was overtaken by
//! another attempt at its page could bring back what was deleted meanwhile.

use tminus_domain::ids::{AccountId, CalendarId};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::Context;

/// The lowest generation whose pages may make events of the calendar known.
pub(crate) fn of<H: ObjectHost>(ctx: &Context<'_, H>, calendar: CalendarId) -> Result<u32, StoreError> {
    let row = ctx.first(
        "/* generation_floor */ SELECT generation FROM generation_floors WHERE calendar_id = ?1",
        &[Value::text(calendar)],
    )?;
    row.map_or(Ok(0), |row| row.get(0))
}

/// Raises it. Never lowers it.
pub(crate) fn raise<H: ObjectHost>(
    ctx: &Context<'_, H>,
    calendar: CalendarId,
    generation: u32,
) -> Result<(), StoreError> {
    ctx.run(
        "/* raise_floor */ INSERT INTO generation_floors (calendar_id, generation) VALUES (?1, ?2)
         ON CONFLICT (calendar_id) DO UPDATE SET generation = excluded.generation
         WHERE generation_floors.generation < excluded.generation",
        &[Value::text(calendar), generation.into()],
    )
}

/// Whether a page of this generation belongs to an account that was unlinked since: its calendars have begun above that.
pub(crate) fn is_forgotten<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    generation: u32,
) -> Result<bool, StoreError> {
    let row = ctx.first(
        "/* account_floor */ SELECT 1 FROM account_floors WHERE account_id = ?1 AND generation >= ?2",
        &[Value::text(account), generation.into()],
    )?;
    Ok(row.is_some())
}

/// Forgets everything of an account up to this generation.
pub(crate) fn forget<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    generation: u32,
) -> Result<(), StoreError> {
    ctx.run(
        "/* forget_account */ INSERT INTO account_floors (account_id, generation) VALUES (?1, ?2)
         ON CONFLICT (account_id) DO UPDATE SET generation = excluded.generation
         WHERE account_floors.generation < excluded.generation",
        &[Value::text(account), generation.into()],
    )
}
