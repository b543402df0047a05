//! The ports of a Worker's handler.

use std::cell::Cell;
use std::rc::Rc;

use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectCall, ObjectClass, QueueError, QueueSender, Rng,
};
use tminus_registry::RegistrySql;
use tminus_store::{Row, StoreError, Value};

use super::inner::{Inner, Maker, command, command_twice};
use super::provider::operation;

/// The name of every statement of the registry, as an effect.
const REGISTRY: &str = "registry";

/// The ports of one handler.
pub(crate) struct HandlerPorts {
    pub(crate) inner: Rc<Inner>,
    pub(crate) crashed: Rc<Cell<bool>>,
}

impl HandlerPorts {
    fn maker(&self) -> Maker<'_> {
        Maker::Handler(&self.crashed)
    }
}

impl Clock for HandlerPorts {
    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl Rng for HandlerPorts {
    fn fill(&self, buffer: &mut [u8]) {
        self.inner.rng.fill(buffer);
    }
}

impl Http for HandlerPorts {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let send = async || self.inner.provider.send(&self.inner.clock, &request);
        self.inner.effect(self.maker(), operation(&request), send).await
    }
}

impl QueueSender for HandlerPorts {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        self.inner.effect(self.maker(), binding, async || self.inner.send(binding, bodies)).await
    }
}

impl ObjectCall for HandlerPorts {
    async fn call_raw(
        &self,
        class: ObjectClass,
        object: &str,
        name: &'static str,
        trace: &str,
        body: String,
    ) -> Result<String, String> {
        let call = async || {
            if self.inner.doubled.get() {
                return command_twice(&self.inner, class, object, name, trace, &body).await;
            }
            command(&self.inner, class, object, name, trace, &body).await
        };
        self.inner.effect(self.maker(), name, call).await
    }
}

impl RegistrySql for HandlerPorts {
    async fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let query = async || self.inner.registry.query(statement, params).await;
        self.inner.effect(self.maker(), REGISTRY, query).await
    }

    async fn batch(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<Vec<Row>>, StoreError> {
        let batch = async || self.inner.registry.batch(statements).await;
        self.inner.effect(self.maker(), REGISTRY, batch).await
    }
}
