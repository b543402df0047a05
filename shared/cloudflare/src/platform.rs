//! All ports, for a Worker.

use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectCall, ObjectClass, QueueError, QueueSender, Rng,
};
use tminus_registry::RegistrySql;
use tminus_store::{Row, StoreError, Value};
use worker::Env;

use crate::{clock, http, objects, queue, registry, rng};

/// The ports of a Worker, over its bindings. What is not bound answers with an error when it is used.
#[derive(Debug, Clone)]
pub struct CfPorts {
    env: Env,
}

impl CfPorts {
    /// The ports over these bindings.
    #[must_use]
    pub const fn new(env: Env) -> Self {
        Self { env }
    }
}

impl Clock for CfPorts {
    fn now(&self) -> Timestamp {
        clock::now()
    }
}

impl Rng for CfPorts {
    fn fill(&self, buffer: &mut [u8]) {
        rng::fill(buffer);
    }
}

impl Http for CfPorts {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        http::send(request).await
    }
}

impl QueueSender for CfPorts {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        queue::send_batch(&self.env, binding, bodies).await
    }
}

impl ObjectCall for CfPorts {
    async fn call_raw(
        &self,
        class: ObjectClass,
        object: &str,
        name: &'static str,
        trace: &str,
        body: String,
    ) -> Result<String, String> {
        objects::call_raw(&self.env, class, object, name, trace, body).await
    }
}

impl RegistrySql for CfPorts {
    async fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        registry::query(&self.env, statement, params).await
    }

    async fn batch(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<Vec<Row>>, StoreError> {
        registry::batch(&self.env, statements).await
    }
}
