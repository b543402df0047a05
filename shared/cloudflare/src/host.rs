//! What a Durable Object stands on.

use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectHost, QueueError, QueueSender, Rng,
};
use wasm_bindgen::JsValue;
use worker::js_sys::Date;
use worker::{Env, ScheduledTime, State, Storage};

use crate::deadline::within;
use crate::{CfSql, clock, http, queue, rng};

/// The longest wait until an alarm is set.
const DEADLINE_MS: u32 = 10_000;

/// The world of one Durable Object.
pub struct CfHost {
    storage: Storage,
    sql: CfSql,
    env: Env,
}

impl CfHost {
    /// The world of the object with this state, over these bindings.
    #[must_use]
    pub fn new(state: &State, env: Env) -> Self {
        Self { storage: state.storage(), sql: CfSql::new(state.storage()), env }
    }
}

impl Clock for CfHost {
    fn now(&self) -> Timestamp {
        clock::now()
    }
}

impl Rng for CfHost {
    fn fill(&self, buffer: &mut [u8]) {
        rng::fill(buffer);
    }
}

impl Http for CfHost {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        http::send(request).await
    }
}

impl QueueSender for CfHost {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        queue::send_batch(&self.env, binding, bodies).await
    }
}

impl ObjectHost for CfHost {
    type Sql = CfSql;

    fn sql(&self) -> &CfSql {
        &self.sql
    }

    #[expect(clippy::cast_precision_loss, reason = "milliseconds are far below 2^53")]
    async fn set_alarm(&self, at: Timestamp) -> Result<(), String> {
        let at = ScheduledTime::new(Date::new(&JsValue::from_f64(at.millis() as f64)));
        match within(DEADLINE_MS, self.storage.set_alarm(at)).await {
            Some(set) => set.map_err(|error| error.to_string()),
            None => Err(format!("no answer within {DEADLINE_MS} ms")),
        }
    }
}
