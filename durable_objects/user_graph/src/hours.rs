//! The user's working hours: one row among the constraints.

use tminus_domain::hours::WorkingHours;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::Context;
use crate::error::GraphError;
use crate::policy_contract::{Policy, SetWorkingHours};
use crate::{edges, policy};

/// The id of the one row, which is its kind too.
const WORKING_HOURS: &str = "working_hours";

/// Sets the working hours, or forgets them.
pub(crate) fn set<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SetWorkingHours,
) -> Result<Policy, GraphError> {
    if let Some(hours) = &command.hours {
        hours.check().map_err(GraphError::unfit)?;
    }
    transaction(ctx.host.sql(), || {
        let policy = edges::default_policy(ctx)?;
        if store(ctx, command.hours.as_ref())? {
            policy::changed(ctx, policy)?;
        }
        Ok(policy::read(ctx)?)
    })
}

/// Whether they were others before.
fn store<H: ObjectHost>(ctx: &Context<'_, H>, hours: Option<&WorkingHours>) -> Result<bool, StoreError> {
    let Some(hours) = hours else {
        let gone = ctx.query(
            "/* forget_working_hours */ DELETE FROM constraints WHERE constraint_id = ?1 RETURNING 1",
            &[WORKING_HOURS.into()],
        )?;
        return Ok(!gone.is_empty());
    };
    let config = serde_json::to_string(hours).map_err(|_| StoreError::Corrupt { what: "working hours" })?;
    let rows = ctx.query(
        "/* put_working_hours */ INSERT INTO constraints (constraint_id, kind, config_json, created_at)
         VALUES (?1, ?1, ?2, ?3)
         ON CONFLICT (constraint_id) DO UPDATE SET config_json = excluded.config_json
         WHERE config_json <> excluded.config_json
         RETURNING 1",
        &[WORKING_HOURS.into(), config.into(), Value::text(ctx.now.to_rfc3339())],
    )?;
    Ok(!rows.is_empty())
}
