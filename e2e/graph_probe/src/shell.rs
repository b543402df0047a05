//! The Worker: a request's path is the name of the object that answers it.

use tminus_cloudflare::{fetch, logs};
use worker::{Context, Env, Request, Response, Result, event};

#[event(start)]
fn start() {
    logs::install("graph_probe");
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    fetch::guard(async {
        let object = env.durable_object("GRAPH_PROBE")?.get_by_name(&request.path())?;
        object.fetch_with_request(request).await
    })
    .await
}
