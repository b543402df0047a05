//! A chunk that cannot be applied as it is: taken apart until what fails stands alone (protocol rule 11).
//!
//! Halves of halves are applied, not one item after another: one bad item among hundreds is found with a few dozen
//! calls, and the platform bounds how many calls one invocation may make.

use std::ops::Range;

use tminus_ports::{CallError, ObjectCall, ObjectError, chain};
use tminus_queues::DeltaChunk;
use tminus_user_graph::contract::{ApplyChunk, Delta};

use crate::apply::Chunk;

/// The index of what is no chunk of its page but a part of one: it stands for nothing that counts.
const PART: u32 = u32::MAX;
/// Why an item is in quarantine that the graph never answered to.
const NO_ANSWER: &str = "no answer";

/// What an item means that gets no answer from the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// That the graph is away: the chunk is tried again later.
    Wait,
    /// That the item takes the graph down: it goes into quarantine, if it gets no answer by itself either.
    Quarantine,
}

/// Applies a chunk so that no item of it can block its calendar: what fails by itself goes into quarantine with its
/// reason, everything else is applied, and the chunk counts.
///
/// Effects, and why each may repeat:
/// 1. the chunk is applied as a whole: as by [`crate::apply_whole`];
/// 2. if that fails, parts of it are applied: the same etag or a lower position changes nothing. A part is under no
///    index of the page and says nothing of a full run, so it is never taken for the chunk;
/// 3. the chunk is applied as a whole once more, what fails replaced by its reason: only now does a full run know the
///    ids of all items, those in quarantine included;
/// 4. the chunk is counted, a full run concluded: as by [`crate::apply_whole`].
///
/// # Errors
/// [`CallError`] if an object is away, is gone, or fails at what is not the fault of an item.
pub async fn apply_apart(
    ports: &(impl ObjectCall + ?Sized),
    trace: &str,
    chunk: DeltaChunk,
    silence: Silence,
) -> Result<(), CallError> {
    let mut chunk = Chunk::of(chunk);
    let applied = match chunk.apply(ports, trace, &chunk.whole).await {
        Ok(applied) => applied,
        Err(error) => {
            let surgeon = Surgeon { ports, trace, chunk: &chunk, silence };
            for (place, reason) in surgeon.failing(error).await? {
                tracing::warn!(reason, "an item fails by itself and goes into quarantine");
                if let Some(delta) = chunk.whole.deltas.get_mut(place) {
                    *delta = Delta::Bad { id: id(delta), reason };
                }
            }
            chunk.apply(ports, trace, &chunk.whole).await?
        }
    };
    chunk.count(ports, trace, applied).await
}

/// Finds what fails.
struct Surgeon<'a, O: ?Sized> {
    ports: &'a O,
    trace: &'a str,
    chunk: &'a Chunk,
    silence: Silence,
}

impl<O: ObjectCall + ?Sized> Surgeon<'_, O> {
    /// The places of the items that fail by themselves, with their reasons. All others are applied.
    async fn failing(&self, error: CallError) -> Result<Vec<(usize, String)>, CallError> {
        let deltas = &self.chunk.whole.deltas;
        // What is known to be bad goes into quarantine with the whole.
        let fine = deltas.iter().enumerate().filter(|(_, delta)| !matches!(delta, Delta::Bad { .. }));
        let fine: Vec<usize> = fine.map(|(place, _)| place).collect();
        let mut alone = Vec::new();
        let mut apart = vec![(0..fine.len(), self.reason(error).await?)];
        while let Some((range, reason)) = apart.pop() {
            let places = fine.get(range.clone()).unwrap_or_default();
            match places {
                [] => {}
                [place] => alone.push((*place, reason)),
                _ => {
                    for half in halves(range) {
                        let places = fine.get(half.clone()).unwrap_or_default();
                        let part = places.iter().filter_map(|place| deltas.get(*place).cloned()).collect();
                        if let Err(error) = self.apply(part).await {
                            apart.push((half, self.reason(error).await?));
                        }
                    }
                }
            }
        }
        Ok(alone)
    }

    /// Applies a part of the chunk.
    async fn apply(&self, deltas: Vec<Delta>) -> Result<(), CallError> {
        let mut part = ApplyChunk { full: false, deltas, ..self.chunk.whole.clone() };
        part.chunk.index = PART;
        self.chunk.apply(self.ports, self.trace, &part).await.map(drop)
    }

    /// The reason, if what was sent is at fault; the error, if it is not.
    async fn reason(&self, error: CallError) -> Result<String, CallError> {
        let reason = match &error {
            CallError::Object {
                source: ObjectError::Refused { .. } | ObjectError::Internal { .. }, ..
            } => chain(&error),
            CallError::NoAnswer { .. } if self.silence == Silence::Quarantine => NO_ANSWER.to_owned(),
            // Away, of another version, or erased: no item can help that.
            _ => return Err(error),
        };
        // Nor can one help it if the graph does not even take nothing.
        self.apply(Vec::new()).await?;
        Ok(reason)
    }
}

fn halves(range: Range<usize>) -> [Range<usize>; 2] {
    let middle = range.start.saturating_add(range.len().div_euclid(2));
    [range.start..middle, middle..range.end]
}

/// The provider's id of an item, so that it can be fetched again and a full run does not miss it.
fn id(delta: &Delta) -> Option<String> {
    match delta {
        Delta::Present { id, .. } | Delta::Floating { id, .. } | Delta::Deleted { id } => Some(id.clone()),
        Delta::Bad { id, .. } => id.clone(),
        Delta::Mirror { mark, .. } => {
            mark.parse().ok().map(|mark: tminus_domain::mark::Mark| mark.provider_event_id())
        }
    }
}
