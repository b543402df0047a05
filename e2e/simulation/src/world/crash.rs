//! Where a crash is to happen.

use std::cell::Cell;

/// On which side of an effect a crash happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The effect did not take place.
    Before,
    /// The effect took place, its answer was not seen.
    After,
}

/// A crash at the n-th effect from now on: an object call, a provider call, a message sent, an alarm set, a
/// registry call. Whoever makes that effect crashes: a handler's message is delivered again, an object loses its
/// memory and its caller gets no answer.
#[derive(Debug, Default)]
pub(crate) struct Fuse(Cell<Option<(u32, Side)>>);

impl Fuse {
    /// Lights it: 0 is the next effect.
    pub(crate) fn light(&self, effects: u32, side: Side) {
        self.0.set(Some((effects, side)));
    }

    /// Puts it out; answers whether it was lit.
    pub(crate) fn put_out(&self) -> bool {
        self.0.take().is_some()
    }

    /// An effect is made; answers on which side of it to crash, if at all.
    pub(crate) fn burn(&self) -> Option<Side> {
        match self.0.get() {
            Some((0, side)) => {
                self.0.set(None);
                Some(side)
            }
            Some((left, side)) => {
                self.0.set(Some((left - 1, side)));
                None
            }
            None => None,
        }
    }
}
