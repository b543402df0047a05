//! The class.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;

use tminus_cloudflare::{CfHost, CfSql, object_shell};
use tminus_user_graph::UserGraphObject;
use wasm_bindgen::prelude::wasm_bindgen as bindgen;
use worker::{DurableObject, Env, Request, Response, Result, State, Storage, durable_object, wasm_bindgen};

use super::measure::{Ask, Bench, Platform};
use super::meter::{MeterHost, MeterSql};

#[bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds. Unlike on the platform itself, they pass while code runs.
fn clock() -> f64 {
    performance_now()
}

/// The object under test, in the world of the product.
#[durable_object(alarm)]
pub struct GraphProbe {
    host: AssertUnwindSafe<MeterHost>,
    object: AssertUnwindSafe<UserGraphObject>,
    claims: AssertUnwindSafe<Cell<u64>>,
    storage: Storage,
}

struct Here<'a>(&'a Storage);

impl Platform for Here<'_> {
    fn clock(&self) -> f64 {
        clock()
    }

    async fn sync(&self) -> std::result::Result<(), String> {
        self.0.sync().await.map_err(|error| error.to_string())
    }

    fn size(&self) -> u64 {
        u64::try_from(self.0.sql().database_size()).unwrap_or_default()
    }
}

impl DurableObject for GraphProbe {
    fn new(state: State, env: Env) -> Self {
        let sql = MeterSql::new(CfSql::new(state.storage()), clock);
        let storage = state.storage();
        Self {
            host: AssertUnwindSafe(MeterHost::new(CfHost::new(&state, env), sql)),
            object: AssertUnwindSafe(UserGraphObject::new()),
            claims: AssertUnwindSafe(Cell::new(0)),
            storage,
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let ask: Ask = request.json().await?;
        let bench = Bench {
            host: &self.host,
            object: &self.object,
            claims: &self.claims,
            platform: Here(&self.storage),
        };
        match bench.answer(ask).await {
            Ok(json) => Ok(Response::ok(json)?),
            Err(reason) => Response::error(reason, 500),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        let host = self.host.inner();
        object_shell::alarm("graph_probe", host, self.object.alarm(host)).await
    }
}
