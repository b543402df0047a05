//! Spans of time, and sets of them.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// From one instant to another, which is no part of it. Empty if it does not end after it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct Span {
    /// The first instant.
    pub start: Timestamp,
    /// The instant after the last.
    pub end: Timestamp,
}

impl Span {
    /// Whether it holds no instant.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end <= self.start
    }

    /// What both have.
    #[must_use]
    pub fn within(&self, other: &Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// A set of instants as spans: in order, none empty, none touching the next.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// Everything that one of these has.
    #[must_use]
    pub fn of(spans: impl IntoIterator<Item = Span>) -> Self {
        let mut spans: Vec<Span> = spans.into_iter().filter(|span| !span.is_empty()).collect();
        spans.sort_unstable_by_key(|span| span.start);
        let mut all: Vec<Span> = Vec::new();
        for span in spans {
            match all.last_mut() {
                Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
                _ => all.push(span),
            }
        }
        Self(all)
    }

    /// What is in this set and not in the other.
    #[must_use]
    pub fn minus(&self, other: &Self) -> Self {
        let mut left = Vec::new();
        let mut holes = other.0.iter().peekable();
        for span in &self.0 {
            let mut rest = *span;
            while holes.next_if(|hole| hole.end <= rest.start).is_some() {}
            while let Some(hole) = holes.peek().filter(|hole| hole.start < rest.end) {
                left.push(Span { start: rest.start, end: hole.start });
                rest.start = hole.end;
                if hole.end >= rest.end {
                    // It may reach into the next span too.
                    break;
                }
                holes.next();
            }
            left.push(rest);
        }
        left.retain(|span| !span.is_empty());
        Self(left)
    }

    /// The spans in order.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.0.iter()
    }

    /// The spans in order.
    #[must_use]
    pub fn into_vec(self) -> Vec<Span> {
        self.0
    }
}
