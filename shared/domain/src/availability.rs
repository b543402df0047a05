//! When someone is taken, and when they are free to work: of everything that any of their accounts holds.

use serde::{Deserialize, Serialize};

use crate::event::{OwnResponse, Status, Transparency};
use crate::hours::WorkingHours;
use crate::spans::{Span, Spans};
use crate::time::Timestamp;
use crate::words;

words! {
    /// How surely time is taken.
    Taken {
        /// Something stands there.
        Busy = "busy",
        /// Something may: it is tentative, or the invitation was answered by "perhaps" or not at all.
        Tentative = "tentative",
    }
}

/// Whether an event takes its owner's time, and how surely; `None` if they are free.
#[must_use]
pub const fn taken(status: Status, transparency: Transparency, response: OwnResponse) -> Option<Taken> {
    match (status, transparency, response) {
        (Status::Cancelled, _, _) | (_, Transparency::Transparent, _) | (_, _, OwnResponse::Declined) => None,
        (Status::Tentative, _, _) | (_, _, OwnResponse::Tentative | OwnResponse::NeedsAction) => {
            Some(Taken::Tentative)
        }
        (Status::Confirmed, Transparency::Opaque, OwnResponse::NotInvited | OwnResponse::Accepted) => {
            Some(Taken::Busy)
        }
    }
}

/// What says something of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It is taken.
    Taken(Taken),
    /// The user said that it is free, whatever else is there.
    Free,
}

/// A span that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct TakenSpan {
    /// The first instant.
    pub start: Timestamp,
    /// The instant after the last.
    pub end: Timestamp,
    /// How surely.
    pub kind: Taken,
}

/// Someone's time within a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Availability {
    /// What is taken, in order and disjoint; what touches is of two kinds. Where both kinds overlap, it is busy.
    pub taken: Vec<TakenSpan>,
    /// What is left of the working hours, in order and disjoint; `None` if there are no working hours.
    pub free: Option<Vec<Span>>,
}

/// Merges everything that is said of a range.
#[must_use]
pub fn availability(
    range: Span,
    claims: impl IntoIterator<Item = (Span, Claim)>,
    hours: Option<&WorkingHours>,
) -> Availability {
    let (mut busy, mut tentative, mut freed) = (Vec::new(), Vec::new(), Vec::new());
    for (span, claim) in claims {
        match claim {
            Claim::Taken(Taken::Busy) => &mut busy,
            Claim::Taken(Taken::Tentative) => &mut tentative,
            Claim::Free => &mut freed,
        }
        .push(span.within(&range));
    }
    let freed = Spans::of(freed);
    let busy = Spans::of(busy).minus(&freed);
    let tentative = Spans::of(tentative).minus(&freed).minus(&busy);
    let of = |spans: &Spans, kind| -> Vec<TakenSpan> {
        spans.iter().map(|span| TakenSpan { start: span.start, end: span.end, kind }).collect()
    };
    let mut taken = of(&busy, Taken::Busy);
    taken.extend(of(&tentative, Taken::Tentative));
    taken.sort_unstable_by_key(|span| span.start);
    let free = hours.map(|hours| {
        let worked = hours.spans(range).into_iter().map(|span| span.within(&range));
        Spans::of(worked).minus(&busy).minus(&tentative).into_vec()
    });
    Availability { taken, free }
}

#[cfg(test)]
mod tests;
