//! All ports at once.

use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectCall, ObjectClass, QueueError, QueueSender, Rng,
};
use tminus_registry::{RegistrySql, SqliteRegistry};
use tminus_store::{Row, StoreError, Value};

use crate::{FakeObjects, RecordedQueues, ScriptedHttp, SeededRng, TestClock};

/// All ports at once, for tests of a Worker's handlers.
pub struct TestPorts {
    /// The clock.
    pub clock: TestClock,
    /// The source of random bytes.
    pub rng: SeededRng,
    /// The queues.
    pub queues: RecordedQueues,
    /// The provider.
    pub http: ScriptedHttp,
    /// The Durable Objects.
    pub objects: FakeObjects,
    /// The registry.
    pub registry: SqliteRegistry,
}

impl TestPorts {
    /// Fresh ports with an empty registry.
    ///
    /// # Errors
    /// [`StoreError`] if SQLite does not open.
    pub fn new() -> Result<Self, StoreError> {
        Ok(Self {
            clock: TestClock::default(),
            rng: SeededRng::default(),
            queues: RecordedQueues::default(),
            http: ScriptedHttp::default(),
            objects: FakeObjects::default(),
            registry: SqliteRegistry::in_memory()?,
        })
    }
}

impl Clock for TestPorts {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Rng for TestPorts {
    fn fill(&self, buffer: &mut [u8]) {
        self.rng.fill(buffer);
    }
}

impl Http for TestPorts {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.http.send(request).await
    }
}

impl QueueSender for TestPorts {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        self.queues.send_batch(binding, bodies).await
    }
}

impl ObjectCall for TestPorts {
    async fn call_raw(
        &self,
        class: ObjectClass,
        object: &str,
        name: &'static str,
        trace: &str,
        body: String,
    ) -> Result<String, String> {
        self.objects.call_raw(class, object, name, trace, body).await
    }
}

impl RegistrySql for TestPorts {
    async fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.registry.query(statement, params).await
    }

    async fn batch(&self, statements: Vec<(String, Vec<Value>)>) -> Result<Vec<Vec<Row>>, StoreError> {
        self.registry.batch(statements).await
    }
}
