//! Linked accounts, their calendars, and the edges between them.

use tminus_domain::ids::{AccountId, CalendarId, PolicyId};
use tminus_domain::policy::{CalendarKind, CalendarRole, DetailLevel};
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value};

use crate::context::Context;

/// Every linked account but `account`, and into which of its calendars mirrors are written.
pub(crate) fn other_accounts<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
) -> Result<Vec<(AccountId, CalendarKind)>, StoreError> {
    ctx.query(
        "/* other_accounts */ SELECT account_id, calendar_kind FROM linked_accounts
         WHERE account_id <> ?1 ORDER BY account_id",
        &[Value::text(account)],
    )?
    .into_iter()
    .map(|row| Ok((row.parse(0, "account id")?, row.parse(1, "calendar kind")?)))
    .collect()
}

/// Whether an account is linked: nothing of one that is not may come in or be written.
pub(crate) fn is_linked<H: ObjectHost>(ctx: &Context<'_, H>, account: AccountId) -> Result<bool, StoreError> {
    let row = ctx.first(
        "/* is_linked */ SELECT 1 FROM linked_accounts WHERE account_id = ?1",
        &[Value::text(account)],
    )?;
    Ok(row.is_some())
}

/// The calendars of an account.
pub(crate) fn calendars_of<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
) -> Result<Vec<CalendarId>, StoreError> {
    ctx.query(
        "/* calendars_of */ SELECT calendar_id FROM calendars WHERE account_id = ?1",
        &[Value::text(account)],
    )?
    .into_iter()
    .map(|row| row.parse(0, "calendar id"))
    .collect()
}

/// Every linked account.
pub(crate) fn accounts<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<Vec<AccountId>, StoreError> {
    ctx.query("/* linked_accounts */ SELECT account_id FROM linked_accounts ORDER BY account_id", &[])?
        .into_iter()
        .map(|row| row.parse(0, "account id"))
        .collect()
}

/// Remembers a linked account, or its new kind: into that all edges to it write from now on. Linked again as it was, its
/// edges stay as their user set them.
pub(crate) fn put_account<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    kind: CalendarKind,
) -> Result<(), StoreError> {
    let changed = ctx.query(
        "/* put_linked_account */ INSERT INTO linked_accounts (account_id, calendar_kind) VALUES (?1, ?2)
         ON CONFLICT (account_id) DO UPDATE SET calendar_kind = excluded.calendar_kind
         WHERE linked_accounts.calendar_kind <> excluded.calendar_kind
         RETURNING 1",
        &[Value::text(account), kind.as_str().into()],
    )?;
    if changed.is_empty() {
        return Ok(());
    }
    ctx.run(
        "/* put_kind_of_edges */ UPDATE policy_edges SET calendar_kind = ?2
         WHERE to_account_id = ?1 AND calendar_kind <> ?2",
        &[Value::text(account), kind.as_str().into()],
    )
}

/// The default policy, made if there is none.
pub(crate) fn default_policy<H: ObjectHost>(ctx: &Context<'_, H>) -> Result<PolicyId, StoreError> {
    let known = ctx.first("/* default_policy */ SELECT policy_id FROM policies WHERE is_default = 1", &[])?;
    if let Some(row) = known {
        return row.parse(0, "policy id");
    }
    let policy = ctx.id::<PolicyId>();
    ctx.run(
        "/* put_policy */ INSERT INTO policies (policy_id, name, is_default, created_at) VALUES (?1, ?2, 1, ?3)",
        &[Value::text(policy), "default".into(), ctx.now.to_rfc3339().into()],
    )?;
    Ok(policy)
}

/// Adds an edge that is not there yet.
pub(crate) fn add<H: ObjectHost>(
    ctx: &Context<'_, H>,
    policy: PolicyId,
    from: AccountId,
    to: AccountId,
    kind: CalendarKind,
) -> Result<(), StoreError> {
    ctx.run(
        "/* add_edge */ INSERT INTO policy_edges
           (policy_id, from_account_id, to_account_id, detail_level, calendar_kind)
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (policy_id, from_account_id, from_calendar_id, to_account_id) DO NOTHING",
        &[
            Value::text(policy),
            Value::text(from),
            Value::text(to),
            DetailLevel::Busy.as_str().into(),
            kind.as_str().into(),
        ],
    )
}

/// Stores a calendar of an account, or what changed of it; whether anything did.
pub(crate) fn put_calendar<H: ObjectHost>(
    ctx: &Context<'_, H>,
    account: AccountId,
    calendar: CalendarId,
    provider_calendar_id: &str,
    role: CalendarRole,
    display_name: Option<&str>,
) -> Result<bool, StoreError> {
    ctx.run(
        // Known under another id: of an account that was unlinked, told late by who maintained it then.
        "/* replace_calendar */ DELETE FROM calendars
         WHERE account_id = ?1 AND provider_calendar_id = ?2 AND calendar_id <> ?3",
        &[Value::text(account), provider_calendar_id.into(), Value::text(calendar)],
    )?;
    let changed = ctx.query(
        "/* put_calendar */ INSERT INTO calendars
           (calendar_id, account_id, provider_calendar_id, role, kind, display_name)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (calendar_id) DO UPDATE
         SET provider_calendar_id = excluded.provider_calendar_id, role = excluded.role, kind = excluded.kind,
             display_name = excluded.display_name
         WHERE provider_calendar_id <> excluded.provider_calendar_id OR kind <> excluded.kind
            OR display_name IS NOT excluded.display_name
         RETURNING calendar_id",
        &[
            Value::text(calendar),
            Value::text(account),
            provider_calendar_id.into(),
            role.as_str().to_ascii_lowercase().into(),
            role.as_str().into(),
            display_name.into(),
        ],
    )?;
    Ok(!changed.is_empty())
}
