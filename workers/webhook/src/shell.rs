//! What the platform calls.

use tminus_cloudflare::{CfPorts, config, fetch, logs};
use worker::{Context, Env, Request, Response, Result, event};

use crate::{Config, MAX_BODY_BYTES, PushRequest, receive};

#[event(start)]
fn start() {
    logs::install("webhook");
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    fetch::guard(answer(request, env)).await
}

async fn answer(request: Request, env: Env) -> Result<Response> {
    let config = match Config::load(config::lookup(&env)) {
        Ok(config) => config,
        Err(error) => return fetch::misconfigured(&error),
    };
    let request = fetch::read(&request, MAX_BODY_BYTES).await?;
    let push = PushRequest { method: request.method, headers: request.headers, body_len: request.body.len() };
    let answer = receive(&CfPorts::new(env), &config, push).await;
    fetch::json(answer.status, answer.body)
}
