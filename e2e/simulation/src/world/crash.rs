//! Where whoever makes an effect is stopped: crashed for good, or held until the test lets it go on.
//!
//! An effect is everything that a handler or an object does to the outside. Its name is
//!
//! | effect | name |
//! |---|---|
//! | a command sent to an object | the command's: `apply_chunk`, `begin_run`, ... |
//! | a call to the provider | its operation: `events.list`, `batch`, `events.watch`, `oauth.token`, ... |
//! | messages put on a queue | the binding: `DELTA_QUEUE`, ... |
//! | an alarm set | `set_alarm` |
//! | a statement of the registry | `registry` |
//!
//! A handler crashes alone: its message is delivered again. An object that crashes loses its memory, and its caller
//! gets no answer.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

/// On which side of an effect someone is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The effect did not take place.
    Before,
    /// The effect took place, its answer was not seen.
    After,
}

/// How someone is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// For good.
    Crash,
    /// Until the gate opens.
    Hold,
}

/// Opens for someone who is held.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Rc<Cell<bool>>);

impl Gate {
    pub(crate) fn open(&self) {
        self.0.set(true);
    }
}

/// The stops that are laid out. Each springs once.
#[derive(Debug, Default)]
pub(crate) struct Traps {
    /// A crash at the n-th effect from now on, whatever its name.
    counted: Cell<Option<(u32, Side)>>,
    /// At the next effect of a name.
    named: RefCell<Vec<(String, Side, Stop)>>,
    /// The gate of whoever was held just now: its task is set aside by who polled it.
    held: RefCell<Option<Gate>>,
}

impl Traps {
    /// A crash at the n-th effect from now on; 0 is the next.
    pub(crate) fn count(&self, effects: u32, side: Side) {
        self.counted.set(Some((effects, side)));
    }

    /// A stop at the next effect of this name.
    pub(crate) fn name(&self, effect: &str, side: Side, stop: Stop) {
        self.named.borrow_mut().push((effect.to_owned(), side, stop));
    }

    /// Takes all of them away; answers whether there was one.
    pub(crate) fn clear(&self) -> bool {
        let named = self.named.take();
        self.counted.take().is_some() || !named.is_empty()
    }

    /// An effect is made; answers how and on which side of it to stop, if at all.
    pub(crate) fn spring(&self, effect: &str) -> Option<(Side, Stop)> {
        if let Some((left, side)) = self.counted.get() {
            self.counted.set(left.checked_sub(1).map(|left| (left, side)));
            if left == 0 {
                return Some((side, Stop::Crash));
            }
        }
        let mut named = self.named.borrow_mut();
        let at = named.iter().position(|(name, ..)| name == effect)?;
        let (_, side, stop) = named.remove(at);
        Some((side, stop))
    }

    /// Waits until the gate opens.
    pub(crate) async fn wait(&self) {
        let gate = Gate::default();
        *self.held.borrow_mut() = Some(gate.clone());
        poll_fn(|_| if gate.0.get() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// The gate of whoever was held by the poll just made.
    pub(crate) fn caught(&self) -> Option<Gate> {
        self.held.borrow_mut().take()
    }
}
