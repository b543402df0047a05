//! What all handlers and objects of a world share.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use tminus_ports::{Clock as _, ObjectClass, QueueError};
use tminus_registry::SqliteRegistry;
use tminus_testkit::{SeededRng, TestClock};

use super::config;
use super::crash::{Side, Stop, Traps};
use super::inspect::dump;
use super::objects::{Host, Memory, Slot};
use super::provider::Provider;
use super::queues::Queues;
use super::task::pause;

/// How soon the platform runs an alarm again whose handler crashed, in milliseconds.
const ALARM_AGAIN_MS: i64 = 2_000;

/// Who makes an effect.
#[derive(Clone, Copy)]
pub(crate) enum Maker<'a> {
    /// A Worker's handler, with its mark of having crashed.
    Handler(&'a Cell<bool>),
    /// An object.
    Object(&'a Slot),
}

impl Maker<'_> {
    async fn crash<T>(self) -> T {
        match self {
            Self::Handler(crashed) => crashed.set(true),
            Self::Object(slot) => slot.crash(),
        }
        pending().await
    }
}

/// A command that was sent twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeat {
    /// The class.
    pub class: ObjectClass,
    /// The command's name.
    pub name: &'static str,
    /// The rows that the second changed: those that are gone and those that are new.
    pub changed: Vec<String>,
}

pub(crate) struct Inner {
    pub(crate) clock: TestClock,
    pub(crate) rng: SeededRng,
    pub(crate) provider: Provider,
    pub(crate) queues: Queues,
    pub(crate) registry: SqliteRegistry,
    pub(crate) objects: RefCell<BTreeMap<(ObjectClass, String), Rc<Slot>>>,
    pub(crate) traps: Traps,
    /// Objects and queues that cannot be reached.
    pub(crate) cut_off: RefCell<BTreeSet<String>>,
    /// Whether every command of a handler is sent twice, and what the second one changed.
    pub(crate) doubled: Cell<bool>,
    pub(crate) repeats: RefCell<Vec<Repeat>>,
    /// Whether every effect lets other handlers go first.
    pub(crate) interleaved: Cell<bool>,
    pub(crate) webhook: tminus_webhook::Config,
    pub(crate) sync: tminus_sync::Config,
    pub(crate) mirror: tminus_mirror::Config,
    pub(crate) api: tminus_api::Config,
}

impl Inner {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            clock: TestClock::default(),
            rng: SeededRng::new(seed),
            provider: Provider::default(),
            queues: Queues::default(),
            registry: SqliteRegistry::in_memory().expect("the registry opens"),
            objects: RefCell::default(),
            traps: Traps::default(),
            cut_off: RefCell::default(),
            doubled: Cell::new(false),
            repeats: RefCell::default(),
            interleaved: Cell::new(false),
            webhook: tminus_webhook::Config::load(config::lookup).expect("the configuration is whole"),
            sync: tminus_sync::Config::load(config::lookup).expect("the configuration is whole"),
            mirror: tminus_mirror::Config::load(config::lookup).expect("the configuration is whole"),
            api: tminus_api::Config::load(config::lookup).expect("the configuration is whole"),
        }
    }

    /// Makes an effect; stops where a trap is laid for its name.
    pub(crate) async fn effect<T>(&self, maker: Maker<'_>, name: &str, act: impl AsyncFnOnce() -> T) -> T {
        if self.interleaved.get() {
            pause().await;
        }
        match self.traps.spring(name) {
            None => act().await,
            Some((Side::Before, Stop::Crash)) => maker.crash().await,
            Some((Side::After, Stop::Crash)) => {
                act().await;
                maker.crash().await
            }
            Some((Side::Before, Stop::Hold)) => {
                self.traps.wait().await;
                act().await
            }
            Some((Side::After, Stop::Hold)) => {
                let out = act().await;
                self.traps.wait().await;
                out
            }
        }
    }

    /// Whether the object or queue of this name cannot be reached.
    pub(crate) fn is_cut_off(&self, name: &str) -> bool {
        self.cut_off.borrow().contains(name)
    }

    /// Puts messages on a queue.
    pub(crate) fn send(&self, binding: &'static str, bodies: Vec<String>) -> Result<(), QueueError> {
        if self.is_cut_off(binding) {
            let reason = "out of reach".to_owned();
            return Err(QueueError::Unavailable { queue: binding.to_owned(), reason });
        }
        self.queues.send(binding, bodies, self.clock.now())
    }

    /// The object of this class and name.
    pub(crate) fn slot(&self, class: ObjectClass, name: &str) -> Rc<Slot> {
        let mut objects = self.objects.borrow_mut();
        let slot = objects.entry((class, name.to_owned())).or_insert_with(|| Rc::new(Slot::new(class)));
        Rc::clone(slot)
    }

    /// Every object.
    pub(crate) fn slots(&self) -> Vec<((ObjectClass, String), Rc<Slot>)> {
        self.objects.borrow().iter().map(|(name, slot)| (name.clone(), Rc::clone(slot))).collect()
    }
}

/// Sends a command to an object. No answer comes if the object crashes.
pub(crate) async fn command(
    inner: &Rc<Inner>,
    class: ObjectClass,
    object: &str,
    name: &str,
    trace: &str,
    body: &str,
) -> Result<String, String> {
    if inner.is_cut_off(object) {
        return Err("the object is out of reach".to_owned());
    }
    let slot = inner.slot(class, object);
    let host = Host { inner: Rc::clone(inner), slot: Rc::clone(&slot) };
    let memory = slot.memory();
    let work = async {
        match &*memory {
            Memory::Account(object) => object.handle(&host, name, trace, body).await,
            Memory::Graph(object) => object.handle(&host, name, trace, body).await,
        }
    };
    alive(&slot, work).await.ok_or_else(|| "the object crashed".to_owned())
}

/// Sends a command twice; answers what the second was answered, as if the first answer had been lost.
pub(crate) async fn command_twice(
    inner: &Rc<Inner>,
    class: ObjectClass,
    object: &str,
    name: &'static str,
    trace: &str,
    body: &str,
) -> Result<String, String> {
    command(inner, class, object, name, trace, body).await?;
    let slot = inner.slot(class, object);
    let before = dump(&slot.sql);
    let answer = command(inner, class, object, name, trace, body).await;
    let after = dump(&slot.sql);
    let changed = before.iter().filter(|row| !after.contains(row));
    let changed = changed.chain(after.iter().filter(|row| !before.contains(row))).cloned().collect();
    inner.repeats.borrow_mut().push(Repeat { class, name, changed });
    answer
}

/// Runs an object's alarm handler, if its alarm is armed and due. At least once: after a crash it runs again.
pub(crate) async fn alarm(inner: Rc<Inner>, slot: Rc<Slot>) {
    slot.alarm.set(None);
    let host = Host { inner: Rc::clone(&inner), slot: Rc::clone(&slot) };
    let memory = slot.memory();
    let work = async {
        match &*memory {
            Memory::Account(object) => object.alarm(&host).await,
            Memory::Graph(object) => object.alarm(&host).await,
        }
    };
    if alive(&slot, work).await.is_none() {
        let again = tminus_ports::Clock::now(&host).plus_millis(ALARM_AGAIN_MS);
        let armed = slot.alarm.get().map_or(again, |armed| armed.min(again));
        slot.alarm.set(Some(armed));
    }
}

/// `work`'s value, `None` once the object crashes, whoever made it crash.
async fn alive<T>(slot: &Slot, work: impl Future<Output = T>) -> Option<T> {
    let life = slot.lives();
    let mut work = pin!(work);
    poll_fn(|cx| {
        if slot.lives() != life {
            return Poll::Ready(None);
        }
        match work.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending if slot.lives() != life => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
