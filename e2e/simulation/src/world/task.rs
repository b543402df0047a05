//! Handlers as tasks: polled one step at a time, dropped where they crash.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A future that a task owns.
pub(crate) type Work<T> = Pin<Box<dyn Future<Output = T>>>;

/// What a poll of a task came to.
pub(crate) enum Step<T> {
    /// It is done.
    Done(T),
    /// It crashed: nothing of it goes on.
    Crashed,
    /// It waits.
    Waiting,
}

/// A handler under way.
pub(crate) struct Task<T> {
    work: Work<T>,
    crashed: Rc<Cell<bool>>,
}

impl<T> Task<T> {
    pub(crate) fn new(work: Work<T>, crashed: Rc<Cell<bool>>) -> Self {
        Self { work, crashed }
    }

    /// Polls once. Wakers are not used: whoever waits is polled again.
    pub(crate) fn step(&mut self) -> Step<T> {
        match self.work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Step::Done(value),
            Poll::Pending if self.crashed.get() => Step::Crashed,
            Poll::Pending => Step::Waiting,
        }
    }
}

/// Lets others go first, once.
pub(crate) async fn pause() {
    let mut paused = false;
    poll_fn(|_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}
