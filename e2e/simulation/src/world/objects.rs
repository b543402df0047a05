//! Durable Objects: storage and alarm that survive, and a memory that does not.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tminus_account::{AccountConfig, AccountObject};
use tminus_domain::time::Timestamp;
use tminus_ports::{
    Clock, Http, HttpError, HttpRequest, HttpResponse, ObjectClass, ObjectHost, QueueError, QueueSender, Rng,
};
use tminus_store::Sqlite;
use tminus_user_graph::UserGraphObject;

use super::config;
use super::inner::{Inner, Maker};
use super::provider::operation;

/// What an object keeps in memory.
pub(crate) enum Memory {
    /// Of an account.
    Account(Box<AccountObject>),
    /// Of a user.
    Graph(Box<UserGraphObject>),
}

impl Memory {
    fn fresh(class: ObjectClass) -> Self {
        match class {
            ObjectClass::Account => {
                let config = AccountConfig::load(config::lookup).expect("the configuration is whole");
                Self::Account(Box::new(AccountObject::new(config)))
            }
            ObjectClass::UserGraph => Self::Graph(Box::new(UserGraphObject::new())),
        }
    }
}

/// An object.
pub(crate) struct Slot {
    pub(crate) class: ObjectClass,
    pub(crate) sql: Sqlite,
    pub(crate) alarm: Cell<Option<Timestamp>>,
    memory: RefCell<Option<Rc<Memory>>>,
    /// Grows with every crash: work that was under way then is over.
    lives: Cell<u64>,
}

impl Slot {
    pub(crate) fn new(class: ObjectClass) -> Self {
        Self {
            class,
            sql: Sqlite::in_memory().expect("SQLite opens"),
            alarm: Cell::new(None),
            memory: RefCell::new(None),
            lives: Cell::new(0),
        }
    }

    /// The object's memory, made when it is needed.
    pub(crate) fn memory(&self) -> Rc<Memory> {
        let mut memory = self.memory.borrow_mut();
        Rc::clone(memory.get_or_insert_with(|| Rc::new(Memory::fresh(self.class))))
    }

    /// Loses the memory.
    pub(crate) fn crash(&self) {
        self.lives.set(self.lives.get() + 1);
        *self.memory.borrow_mut() = None;
    }

    pub(crate) fn lives(&self) -> u64 {
        self.lives.get()
    }
}

/// What an object stands on.
pub(crate) struct Host {
    pub(crate) inner: Rc<Inner>,
    pub(crate) slot: Rc<Slot>,
}

impl Host {
    fn maker(&self) -> Maker<'_> {
        Maker::Object(&self.slot)
    }
}

impl Clock for Host {
    fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }
}

impl Rng for Host {
    fn fill(&self, buffer: &mut [u8]) {
        self.inner.rng.fill(buffer);
    }
}

impl Http for Host {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let send = async || self.inner.provider.send(&self.inner.clock, &request);
        self.inner.effect(self.maker(), operation(&request), send).await
    }
}

impl QueueSender for Host {
    async fn send_batch(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        self.inner.effect(self.maker(), binding, async || self.inner.send(binding, bodies)).await
    }
}

impl ObjectHost for Host {
    type Sql = Sqlite;

    fn sql(&self) -> &Sqlite {
        &self.slot.sql
    }

    async fn set_alarm(&self, at: Timestamp) -> Result<(), String> {
        // Part of the writes before it: the platform commits them together, so only a crash after it is one.
        self.slot.alarm.set(Some(at));
        self.inner.effect(self.maker(), "set_alarm", async || Ok(())).await
    }
}
