//! What the platform calls.

use tminus_cloudflare::{CfPorts, config, fetch, logs};
use worker::{Context, Env, Request, Response, Result, event};

use crate::{ApiRequest, Config, MAX_BODY_BYTES, handle};

#[event(start)]
fn start() {
    logs::install("api");
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
    let fetch::Incoming { method, path, query, headers, body } =
        fetch::read(&request, MAX_BODY_BYTES).await?;
    let request = ApiRequest { method, path, query, headers, body };
    let answer = handle(&CfPorts::new(env), &config, request).await;
    fetch::respond(answer.status, &answer.headers, answer.body)
}
