//! The object's world, with everything counted that passes through it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use serde::Serialize;
use tminus_cloudflare::{CfHost, CfSql};
use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectHost, QueueError, QueueSender, Rng,
};
use tminus_store::{Row, Sql, StoreError, Value};

const LATER_S: i64 = 3_600;

/// How exactly statements are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Watch {
    /// Not at all: that would take time.
    #[default]
    Nothing,
    /// The rows that they read and write are counted.
    Rows,
    /// And each is timed.
    Statements,
}

/// What a statement, or all of them, came to.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub(crate) struct Cost {
    pub(crate) runs: u32,
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) ms: f64,
}

impl Cost {
    fn add(&mut self, more: Self) {
        self.runs = self.runs.saturating_add(more.runs);
        self.read = self.read.saturating_add(more.read);
        self.written = self.written.saturating_add(more.written);
        self.ms += more.ms;
    }
}

/// The product's adapter, watched.
pub(crate) struct MeterSql {
    inner: CfSql,
    clock: fn() -> f64,
    watch: Cell<Watch>,
    total: Cell<Cost>,
    by_name: RefCell<BTreeMap<String, Cost>>,
}

impl MeterSql {
    pub(crate) fn new(inner: CfSql, clock: fn() -> f64) -> Self {
        let (watch, total, by_name) = Default::default();
        Self { inner, clock, watch, total, by_name }
    }

    /// Watches from now on.
    pub(crate) fn watch(&self, watch: Watch) {
        self.watch.set(watch);
        self.total.take();
        self.by_name.take();
    }

    /// All statements since, and each by its name.
    pub(crate) fn seen(&self) -> (Cost, BTreeMap<String, Cost>) {
        (self.total.get(), self.by_name.borrow().clone())
    }
}

impl Sql for MeterSql {
    fn query(&self, statement: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let watch = self.watch.get();
        if watch == Watch::Nothing {
            return self.inner.query(statement, params);
        }
        let started = (self.clock)();
        let (rows, billed) = self.inner.query_billed(statement, params)?;
        let cost = Cost { runs: 1, read: billed.read, written: billed.written, ms: (self.clock)() - started };
        let mut total = self.total.get();
        total.add(cost);
        self.total.set(total);
        if watch == Watch::Statements {
            let name = statement.strip_prefix("/* ").and_then(|rest| rest.split_once(" */"));
            let name = name.map_or("?", |(name, _)| name);
            self.by_name.borrow_mut().entry(name.to_owned()).or_default().add(cost);
        }
        Ok(rows)
    }

    fn script(&self, statements: &str) -> Result<(), StoreError> {
        self.inner.script(statements)
    }

    fn in_transaction(&self, body: &mut dyn FnMut() -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.inner.in_transaction(body)
    }
}

/// The product's host, with its nudges counted.
pub(crate) struct MeterHost {
    inner: CfHost,
    sql: MeterSql,
    nudges: Cell<u32>,
    /// The time of everything that is awaited: nudges and alarms.
    awaited_ms: Cell<f64>,
}

impl MeterHost {
    pub(crate) const fn new(inner: CfHost, sql: MeterSql) -> Self {
        Self { inner, sql, nudges: Cell::new(0), awaited_ms: Cell::new(0.0) }
    }

    pub(crate) const fn inner(&self) -> &CfHost {
        &self.inner
    }

    /// The nudges since the last question, and the time spent on them and on alarms.
    pub(crate) fn take(&self) -> (u32, f64) {
        (self.nudges.take(), self.awaited_ms.take())
    }

    async fn timed<T>(&self, work: impl Future<Output = T>) -> T {
        let started = (self.sql.clock)();
        let done = work.await;
        self.awaited_ms.set(self.awaited_ms.get() + (self.sql.clock)() - started);
        done
    }
}

impl Clock for MeterHost {
    fn now(&self) -> Timestamp {
        self.inner.now()
    }
}

impl Rng for MeterHost {
    fn fill(&self, buffer: &mut [u8]) {
        self.inner.fill(buffer);
    }
}

impl Http for MeterHost {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.inner.send(request).await
    }
}

impl QueueSender for MeterHost {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        let nudges = u32::try_from(bodies.len()).unwrap_or(u32::MAX);
        self.nudges.set(self.nudges.get().saturating_add(nudges));
        self.timed(self.inner.send_batch(binding, bodies)).await
    }
}

impl ObjectHost for MeterHost {
    type Sql = MeterSql;

    fn sql(&self) -> &MeterSql {
        &self.sql
    }

    /// Set as the product does, but for a time when nothing is measured any more.
    async fn set_alarm(&self, at: Timestamp) -> Result<(), String> {
        self.timed(self.inner.set_alarm(at.plus_seconds(LATER_S))).await
    }
}
