//! What the platform calls.

use tminus_cloudflare::{CfPorts, logs, unwind};
use tminus_ports::chain;
use worker::{Env, ScheduleContext, ScheduledEvent, event};

#[event(start)]
fn start() {
    logs::install("cron");
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match unwind::caught(crate::run(&CfPorts::new(env))).await {
        Some(Ok(_)) => {}
        Some(Err(error)) => tracing::error!(error = chain(&error), "the run ended early"),
        None => tracing::error!("the run panicked"),
    }
}
