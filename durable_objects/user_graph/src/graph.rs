//! The graph itself: creation, linked accounts, calendars.

use tminus_domain::actor::Asker;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::policy::CalendarRole;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::Context;
use crate::contract::{Create, LinkAccount, PutCalendars};
use crate::error::GraphError;
use crate::own_contract::Subject;
use crate::{edges, policy, reproject, retention, settings_journal};

/// Makes the graph's one row. The schema is there already: `create` alone makes it.
pub(crate) fn create<H: ObjectHost>(ctx: &Context<'_, H>, command: &Create) -> Result<(), GraphError> {
    ctx.run(
        "/* create_graph */ INSERT INTO graph (user_id, incarnation, created_at) VALUES (?1, 1, ?2)
         ON CONFLICT (user_id) DO NOTHING",
        &[Value::text(command.user), ctx.now.to_rfc3339().into()],
    )?;
    Ok(retention::begin(ctx)?)
}

/// The user and incarnation.
pub(crate) fn incarnation<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<u32, GraphError> {
    let row = ctx.first("/* incarnation */ SELECT incarnation FROM graph", &[])?.ok_or(GraphError::Gone)?;
    Ok(row.get(0)?)
}

/// Whose graph it is, as the `usr_` text.
pub(crate) fn user<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<String, GraphError> {
    let row = ctx.first("/* graph_user */ SELECT user_id FROM graph", &[])?.ok_or(GraphError::Gone)?;
    Ok(row.get(0)?)
}

/// Links an account: its overlay calendar, edges both ways with every other account, one from what the user makes with us,
/// and a job that projects the events that are there already.
pub(crate) fn link_account<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &LinkAccount,
) -> Result<(), GraphError> {
    if command.account == AccountId::INTERNAL || command.overlay_calendar == CalendarId::INTERNAL {
        return Err(GraphError::unfit("that id is reserved"));
    }
    transaction(ctx.host.sql(), || -> Result<(), StoreError> {
        let before = settings_journal::before(ctx, Subject::Policy)?;
        if !has_calendar(ctx, command.account, &command.overlay_calendar.to_string())? {
            // The provider's id is not known before the overlay is made there.
            let unknown = format!("?{}", command.overlay_calendar);
            let (account, overlay) = (command.account, command.overlay_calendar);
            edges::put_calendar(ctx, account, overlay, &unknown, CalendarRole::Overlay, None)?;
        }
        let policy = edges::default_policy(ctx)?;
        edges::put_account(ctx, command.account, command.kind)?;
        for (other, kind) in edges::other_accounts(ctx, command.account)? {
            edges::add(ctx, policy, command.account, other, kind)?;
            edges::add(ctx, policy, other, command.account, command.kind)?;
        }
        edges::add(ctx, policy, AccountId::INTERNAL, command.account, command.kind)?;
        if before.record(ctx, Asker::Ui, "account linked")? {
            return policy::changed(ctx);
        }
        reproject::start(ctx)
    })?;
    Ok(())
}

fn has_calendar<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    calendar: &str,
) -> Result<bool, StoreError> {
    let row = ctx.first(
        "/* has_calendar */ SELECT 1 FROM calendars WHERE account_id = ?1 AND calendar_id = ?2",
        &[Value::text(account), calendar.into()],
    )?;
    Ok(row.is_some())
}

/// Stores the calendars of an account. Edges that lead into one that was not known are projected along now.
pub(crate) fn put_calendars<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &PutCalendars,
) -> Result<(), GraphError> {
    transaction(ctx.host.sql(), || -> Result<(), StoreError> {
        if !edges::is_linked(ctx, command.account)? {
            // Told late, of an account that was unlinked meanwhile.
            return Ok(());
        }
        let mut changed = false;
        for entry in &command.calendars {
            changed |= edges::put_calendar(
                ctx,
                command.account,
                entry.calendar,
                &entry.provider_calendar_id,
                entry.role,
                entry.display_name.as_deref(),
            )?;
        }
        retention::expect(ctx)?;
        if changed { reproject::start(ctx) } else { Ok(()) }
    })?;
    Ok(())
}
