//! What the platform calls, beside the classes.

use tminus_cloudflare::{fetch, logs};
use worker::{Context, Env, Method, Request, Response, Result, event};

#[event(start)]
fn start() {
    logs::install("state");
}

#[event(fetch)]
async fn fetch(request: Request, _env: Env, _context: Context) -> Result<Response> {
    match (request.method(), request.path().as_str()) {
        (Method::Get, "/healthz") => fetch::json(200, r#"{"ok":true}"#.to_owned()),
        _ => fetch::refuse(404, "not_found", "no such address"),
    }
}
