//! The user's working hours: one row among the constraints.

use tminus_domain::actor::Asker;
use tminus_domain::hours::WorkingHours;
use tminus_ports::ObjectHost;
use tminus_store::{StoreError, Value, transaction};

use crate::context::Context;
use crate::error::GraphError;
use crate::own_contract::Subject;
use crate::policy_contract::{Policy, SetWorkingHours};
use crate::{edges, policy, settings_journal};

/// Sets the working hours, or forgets them.
pub(crate) fn set<H: ObjectHost>(
    ctx: &Context<'_, H>,
    command: &SetWorkingHours,
) -> Result<Policy, GraphError> {
    if let Some(hours) = &command.hours {
        hours.check().map_err(GraphError::unfit)?;
    }
    transaction(ctx.host.sql(), || {
        edges::default_policy(ctx)?;
        let before = settings_journal::before(ctx, Subject::WorkingHours)?;
        store(ctx, command.hours.as_ref())?;
        if before.record(ctx, Asker::Ui, "working hours")? {
            policy::changed(ctx)?;
        }
        Ok(policy::read(ctx)?)
    })
}

fn store<H: ObjectHost>(ctx: &Context<'_, H>, hours: Option<&WorkingHours>) -> Result<(), StoreError> {
    let row = Value::text(Subject::WorkingHours);
    let Some(hours) = hours else {
        return ctx
            .run("/* forget_working_hours */ DELETE FROM constraints WHERE constraint_id = ?1", &[row]);
    };
    let config = serde_json::to_string(hours).map_err(|_| StoreError::Corrupt { what: "working hours" })?;
    ctx.run(
        "/* put_working_hours */ INSERT INTO constraints (constraint_id, kind, config_json, created_at)
         VALUES (?1, 'working_hours', ?2, ?3)
         ON CONFLICT (constraint_id) DO UPDATE SET config_json = excluded.config_json
         WHERE config_json <> excluded.config_json",
        &[row, config.into(), Value::text(ctx.now.to_rfc3339())],
    )
}
