//! A world: the whole pipeline in one process and one thread, deterministic.
//!
//! | file | what it is |
//! |---|---|
//! | `inner.rs` | what handlers and objects share; effects, commands, alarms |
//! | `ports.rs`, `objects.rs` | the ports of a handler; Durable Objects and what they stand on |
//! | `queues.rs`, `provider.rs` | queues in memory; the fake Google and its pushes |
//! | `task.rs`, `crash.rs` | handlers polled step by step; where one crashes or is held |
//! | `deliver.rs` | delivering messages, pushes and alarms; letting the world settle |
//! | `people.rs` | what people do: sign in, link accounts, edit their calendars |
//! | `inspect.rs` | what tests look at |
//! | `config.rs` | the configuration of every part |

mod config;
mod crash;
mod deliver;
mod inner;
mod inspect;
mod objects;
mod people;
mod ports;
mod provider;
mod queues;
mod task;

use std::cell::Cell;
use std::rc::Rc;

use fake_google::Google;
use tminus_domain::time::Timestamp;
use tminus_ports::{Clock as _, Command, HttpError, HttpResponse, ObjectClass, ObjectError, Verdict};

pub use crash::Side;
pub use deliver::{Idle, MAX_STEPS};
pub use inner::Repeat;
pub use inspect::{LiveMirror, Writes, bytes_of, id_in, mark_of};
pub use people::{Browser, Person};
pub use queues::Queued;

use crash::{Gate, Stop};
use inner::{Inner, command};
use ports::HandlerPorts;
use task::{Step, Task};

/// A message or push on its way through its handler, and what becomes of it.
enum Outcome {
    Message(Queued, Verdict, u32),
    Push(Box<provider::Pushed>, u16),
    Done,
}

/// What a crashed handler had in hand.
enum Hand {
    Message(Queued),
    Push(Box<provider::Pushed>),
    Nothing,
}

/// A world. Everything in it follows from the seed and the operations.
pub struct World {
    inner: Rc<Inner>,
    tasks: Vec<(Hand, Task<Outcome>)>,
    /// Handlers that are held, the one held longest first.
    held: Vec<(Gate, Hand, Task<Outcome>)>,
    /// Pushes that were lost on purpose: nothing but another push tells of those changes.
    pushes_lost: u64,
    /// The status that each delivered push was answered with.
    push_answers: Vec<u16>,
}

impl World {
    /// An empty world: a fake Google without people, no objects.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            inner: Rc::new(Inner::new(seed)),
            tasks: Vec::new(),
            held: Vec::new(),
            pushes_lost: 0,
            push_answers: Vec::new(),
        }
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    /// Moves the clock on.
    pub fn advance_millis(&self, millis: i64) {
        self.inner.clock.advance_millis(millis);
    }

    /// Acts on the fake Google at the current time. Pushes that it makes are on their way.
    pub fn google<T>(&self, act: impl FnOnce(&mut Google) -> T) -> T {
        self.inner.provider.with(&self.inner.clock, act)
    }

    /// A number below `bound`, from the seed.
    #[must_use]
    pub fn below(&self, bound: usize) -> usize {
        usize::try_from(self.inner.rng.below(bound as u64)).unwrap_or_default()
    }

    /// Crashes whoever makes the n-th effect from now on (0: the next).
    pub fn crash_at(&self, effects: u32, side: Side) {
        self.inner.traps.count(effects, side);
    }

    /// Crashes whoever makes the next effect of this name (see `crash.rs`).
    pub fn crash_on(&self, effect: &str, side: Side) {
        self.inner.traps.name(effect, side, Stop::Crash);
    }

    /// Holds the handler that makes the next effect of this name (see `crash.rs`), be it by itself or in an object
    /// that it called: it stands still until [`World::resume`], and everything else goes on meanwhile.
    pub fn hold(&self, effect: &str, side: Side) {
        self.inner.traps.name(effect, side, Stop::Hold);
    }

    /// How many handlers are held.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held.len()
    }

    /// Lets the handler that was held longest go on to its end, or to where it is held again.
    ///
    /// # Panics
    /// If no handler is held.
    pub fn resume(&mut self) {
        assert!(!self.held.is_empty(), "no handler is held");
        let (gate, hand, task) = self.held.remove(0);
        gate.open();
        self.tasks.push((hand, task));
        self.finish();
    }

    /// No crash and no hold any more; answers whether one was still to come.
    pub fn no_crash(&self) -> bool {
        self.inner.traps.clear()
    }

    /// From now on the object or queue of this name cannot be reached: `acc_...`, `usr_...`, or a binding.
    pub fn cut_off(&self, name: &str) {
        self.inner.cut_off.borrow_mut().insert(name.to_owned());
    }

    /// Everything can be reached again.
    pub fn reach_all(&self) {
        self.inner.cut_off.borrow_mut().clear();
    }

    /// Erases an object: storage, alarm and memory, as if it had never been made.
    pub fn erase(&self, class: ObjectClass, object: &str) {
        self.inner.objects.borrow_mut().remove(&(class, object.to_owned()));
    }

    /// Sets the provider's clock ahead of ours, or behind it.
    pub fn skew_provider_ms(&self, ms: i64) {
        self.inner.provider.skew(ms);
    }

    /// Changes every answer of the provider from now on, after it has acted: gets the operation and the answer.
    pub fn tamper(&self, tamper: impl FnMut(&str, &mut Result<HttpResponse, HttpError>) + 'static) {
        self.inner.provider.tamper(Some(Box::new(tamper)));
    }

    /// The provider's answers arrive as they are.
    pub fn no_tamper(&self) {
        self.inner.provider.tamper(None);
    }

    /// Kills everything that runs: handlers under way and the memory of all objects. Storage, alarms and the
    /// registry stay. Messages that were being handled come again, unless all messages are lost.
    pub fn restart(&mut self, lose_messages: bool) {
        let held = std::mem::take(&mut self.held).into_iter().map(|(_, hand, task)| (hand, task));
        for (hand, task) in std::mem::take(&mut self.tasks).into_iter().chain(held) {
            drop(task);
            self.drop_hand(hand);
        }
        for (_, slot) in self.inner.slots() {
            slot.crash();
        }
        if lose_messages {
            self.inner.queues.lose_all();
        }
    }

    /// Sends a command to an object, from outside of any handler.
    ///
    /// # Errors
    /// What the object answered.
    ///
    /// # Panics
    /// If the object crashes.
    pub fn call<C: Command>(&self, object: &str, command: &C) -> Result<C::Reply, ObjectError> {
        let body = serde_json::to_string(command).expect("a command encodes");
        let answer = self.raw(C::CLASS, object, C::NAME, &body).expect("the object answers");
        serde_json::from_str(&answer).expect("an answer decodes")
    }

    /// Sends a command as text; `None` if the object crashes.
    #[must_use]
    pub fn raw(&self, class: ObjectClass, object: &str, name: &str, body: &str) -> Option<String> {
        let inner = Rc::clone(&self.inner);
        let (object, name, body) = (object.to_owned(), name.to_owned(), body.to_owned());
        let mut task = Task::new(
            Box::pin(async move { command(&inner, class, &object, &name, "", &body).await }),
            Rc::default(),
        );
        loop {
            match task.step() {
                Step::Done(answer) => return answer.ok(),
                Step::Crashed => return None,
                Step::Waiting => self.not_held(),
            }
        }
    }

    /// Sends commands to one object at once, as texts; answers each.
    ///
    /// # Panics
    /// If the object crashes.
    #[must_use]
    pub fn raw_together(
        &self,
        class: ObjectClass,
        object: &str,
        commands: Vec<(&'static str, String)>,
    ) -> Vec<String> {
        self.inner.interleaved.set(true);
        let mut tasks: Vec<_> = commands
            .into_iter()
            .map(|(name, body)| {
                let (inner, object) = (Rc::clone(&self.inner), object.to_owned());
                let work = async move { command(&inner, class, &object, name, "", &body).await };
                (Task::new(Box::pin(work), Rc::default()), None)
            })
            .collect();
        while tasks.iter().any(|(_, answer)| answer.is_none()) {
            for (task, answer) in tasks.iter_mut().filter(|(_, answer)| answer.is_none()) {
                if let Step::Done(done) = task.step() {
                    *answer = Some(done.expect("the object answers"));
                }
            }
        }
        self.inner.interleaved.set(false);
        tasks.into_iter().filter_map(|(_, answer)| answer).collect()
    }

    /// From now on every command of a handler is sent twice, as if the first answer had been lost.
    pub fn double_commands(&self) {
        self.inner.doubled.set(true);
    }

    /// The commands that were sent twice so far.
    #[must_use]
    pub fn repeats(&self) -> Vec<Repeat> {
        self.inner.repeats.borrow().clone()
    }

    fn not_held(&self) {
        assert!(self.inner.traps.caught().is_none(), "only a message, a push or an alarm can be held");
    }

    fn ports(&self) -> (HandlerPorts, Rc<Cell<bool>>) {
        let crashed = Rc::new(Cell::new(false));
        (HandlerPorts { inner: Rc::clone(&self.inner), crashed: Rc::clone(&crashed) }, crashed)
    }
}
