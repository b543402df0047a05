//! What the platform calls.

use tminus_cloudflare::{CfPorts, logs};
use tminus_ports::chain;
use worker::{Env, ScheduleContext, ScheduledEvent, event};

#[event(start)]
fn start() {
    logs::install("cron");
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    if let Err(error) = crate::run(&CfPorts::new(env)).await {
        tracing::error!(error = chain(&error), "the run ended early");
    }
}
