//! The class `UserGraphDO`.

use std::panic::AssertUnwindSafe;

use tminus_cloudflare::{CfHost, object_shell};
use tminus_user_graph::UserGraphObject;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object, wasm_bindgen};

/// One person's object.
#[durable_object(alarm)]
pub struct UserGraphDO {
    host: CfHost,
    // A panic leaves what it keeps in memory as an error does: see docs/adr/0009-panics.md.
    object: AssertUnwindSafe<UserGraphObject>,
}

impl DurableObject for UserGraphDO {
    fn new(state: State, env: Env) -> Self {
        Self { host: CfHost::new(&state, env), object: AssertUnwindSafe(UserGraphObject::new()) }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        object_shell::answer("user_graph", request, async |name: &str, trace: &str, body: &str| {
            self.object.handle(&self.host, name, trace, body).await
        })
        .await
    }

    async fn alarm(&self) -> Result<Response> {
        object_shell::alarm("user_graph", &self.host, self.object.alarm(&self.host)).await
    }
}
