//! Forgetting an account (protocol rule 29).
//!
//! Its chunks are refused and its mirrors are claimed no more from the first moment on. Its events, their mirrors
//! elsewhere and the mirrors in it are seen to by the job that projects again, since the edges are gone.

use tminus_domain::actor::{Actor, Asker};
use tminus_domain::dirty::Lane;
use tminus_domain::time::Timestamp;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::change::{Changed, WayBack};
use crate::columns::id;
use crate::context::Context;
use crate::contract::{UnlinkAccount, Unlinked};
use crate::error::GraphError;
use crate::events::StoredEvent;
use crate::own_contract::Subject;
use crate::timers::{self, Kind};
use crate::{edges, floors, mirror_journal, policy, settings_journal};

/// What is kept by calendar, and goes with the account's calendars.
const OF_CALENDAR: &[&str] =
    &["applied_pages", "full_run_chunks", "full_runs", "generation_floors", "holds", "quarantine"];

/// Forgets the account; answers until when a claimed write may still be under way.
pub(crate) fn unlink<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &UnlinkAccount,
) -> Result<Unlinked, GraphError> {
    let account = [Value::text(command.account)];
    Ok(transaction(ctx.host.sql(), || -> Result<_, StoreError> {
        if edges::is_linked(ctx, command.account)? {
            let before = settings_journal::before(ctx, Subject::Policy)?;
            ctx.run("/* unlink */ DELETE FROM linked_accounts WHERE account_id = ?1", &account)?;
            ctx.run(
                "/* unlink_edges */ DELETE FROM policy_edges WHERE from_account_id = ?1 OR to_account_id = ?1",
                &account,
            )?;
            for table in OF_CALENDAR {
                ctx.run(
                    &format!(
                        "/* unlink_calendars_of */ DELETE FROM {table} WHERE calendar_id IN
                           (SELECT calendar_id FROM calendars WHERE account_id = ?1)"
                    ),
                    &account,
                )?;
            }
            mirror_journal::forget_conflicts_in(ctx, &edges::calendars_of(ctx, command.account)?)?;
            ctx.run("/* unlink_calendars */ DELETE FROM calendars WHERE account_id = ?1", &account)?;
            timers::clear(ctx, Kind::Nudge, &command.account.to_string())?;
            floors::forget(ctx, command.account, command.generation)?;
            before.record(ctx, Asker::System, "account unlinked")?;
            policy::changed(ctx)?;
            tracing::info!(account = %command.account, "an account is unlinked");
        }
        let row = ctx.first(
            "/* claimed_until */ SELECT MAX(claim_until) FROM event_mirrors
             WHERE target_account_id = ?1 AND claim_until > ?2",
            &[id(command.account), ctx.now.millis().into()],
        )?;
        let until: Option<i64> = row.map_or(Ok(None), |row| row.get(0))?;
        Ok(Unlinked { claimed_until: until.map(Timestamp::from_millis) })
    })?)
}

/// An event whose account was unlinked since it was read is deleted, and nothing of what it says is kept; `None` if it is
/// to stay, or was forgotten before.
pub(crate) fn forget_event<H: ObjectHost>(
    ctx: &Context<'_, H>,
    stored: &StoredEvent,
) -> Result<Option<Changed>, StoreError> {
    if !floors::is_forgotten(ctx, stored.account, stored.position.generation)? {
        return Ok(None);
    }
    let content = &stored.content;
    let says = content.title.is_some() || content.description.is_some() || content.location.is_some();
    if stored.deleted && !says {
        return Ok(None);
    }
    ctx.run(
        // The way back would lead to what it said.
        "/* forget_patches */ UPDATE event_journal SET patch_json = NULL
         WHERE canonical_event_id = ?1 AND patch_json IS NOT NULL",
        &[id(stored.event)],
    )?;
    mirror_journal::forget_conflicts_of(ctx, stored.event)?;
    let mut gone = Changed::deleted(stored.clone(), stored.position, Lane::Bulk, "account unlinked");
    gone.actor = Actor::System;
    gone.way_back = WayBack::None;
    gone.after.content.title = None;
    gone.after.content.description = None;
    gone.after.content.location = None;
    if stored.deleted {
        // A tombstone keeps no text either.
        gone.after.version = stored.version;
    }
    Ok(Some(gone))
}
