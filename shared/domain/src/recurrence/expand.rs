//! The occurrences of a series in order, merged from its rules and dates, with a bound on the work.

use std::cell::Cell;
use std::iter::Peekable;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use rrule::RRuleSetIter;

use super::Series;
use super::rule::Rule;
use super::zones::Wall;

/// Most local times that are looked at: a daily rule for a century, in some 10 ms.
const MAX_STEPS: u32 = 40_000;
/// What it counts if a rule is found to yield no more: the crate has searched for centuries, in some 40 ms.
const SEARCH: u32 = MAX_STEPS / 2;

/// What may still be looked at; shared by everything that answers one question.
#[derive(Debug)]
pub(super) struct Budget(Cell<u32>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Cell::new(MAX_STEPS))
    }

    /// Whether it is used up: what was found may not be everything.
    pub(super) fn is_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn spend(&self, steps: u32) {
        self.0.set(self.0.get().saturating_sub(steps));
    }
}

/// The starts that one rule yields before some end, in order.
struct Stream<'a> {
    times: RRuleSetIter,
    /// How many are to come; `None` if they are not counted.
    left: Option<u32>,
    wall: &'a Wall,
    to: i64,
    budget: &'a Budget,
}

impl<'a> Stream<'a> {
    /// All from `from` on, and maybe some before.
    fn new(rule: &Rule, wall: &'a Wall, from: i64, to: i64, budget: &'a Budget) -> Option<Self> {
        // The clock is less than two days off UTC.
        let near = DateTime::from_timestamp(from, 0)
            .map_or(NaiveDateTime::MIN, |at| at.naive_utc())
            .checked_sub_signed(TimeDelta::days(2))
            .unwrap_or(wall.first());
        let times = rule.set_near(wall.first(), near)?.into_iter();
        let to = rule.until().map_or(to, |until| to.min(until.saturating_add(1)));
        Some(Self { times, left: rule.count(), wall, to, budget })
    }
}

impl Iterator for Stream<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        if self.budget.is_spent() || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        let Some(at) = self.times.next() else {
            self.budget.spend(SEARCH);
            return None;
        };
        self.budget.spend(1);
        let at = self.wall.instant(at.naive_utc());
        (at < self.to).then_some(at)
    }
}

/// Whether a rule yields anything at all.
pub(super) fn yields(rule: &Rule, wall: &Wall, budget: &Budget) -> bool {
    Stream::new(rule, wall, i64::MIN, i64::MAX, budget).is_some_and(|mut stream| stream.next().is_some())
}

/// The starts of a series in `[from, to)`, in order, each once; all of them unless the budget is spent.
pub(super) struct Merge<'a> {
    rules: Vec<Peekable<Stream<'a>>>,
    exrules: Vec<Peekable<Stream<'a>>>,
    dates: Peekable<std::collections::btree_set::Range<'a, i64>>,
    series: &'a Series,
    from: i64,
    budget: &'a Budget,
}

impl<'a> Merge<'a> {
    /// Of these rules of the series.
    pub(super) fn new(
        series: &'a Series,
        rules: impl IntoIterator<Item = &'a Rule>,
        (from, to): (i64, i64),
        budget: &'a Budget,
    ) -> Self {
        let stream = |rule| Some(Stream::new(rule, &series.wall, from, to, budget)?.peekable());
        Self {
            rules: rules.into_iter().filter_map(stream).collect(),
            exrules: series.exrules.iter().filter_map(stream).collect(),
            // A range that ends before it begins would panic.
            dates: series.dates.range(from.min(to)..to).peekable(),
            series,
            from,
            budget,
        }
    }

    /// The next start, wanted or not.
    fn candidate(&mut self) -> Option<i64> {
        let rules = self.rules.iter_mut().filter_map(|stream| stream.peek().copied());
        let next = rules.chain(self.dates.peek().map(|at| **at)).min()?;
        for stream in &mut self.rules {
            while stream.next_if(|at| *at <= next).is_some() {}
        }
        while self.dates.next_if(|at| **at <= next).is_some() {}
        Some(next)
    }

    fn is_excluded(&mut self, at: i64) -> bool {
        let mut is_excluded = self.series.exdates.contains(&at);
        for stream in &mut self.exrules {
            while stream.next_if(|excluded| *excluded < at).is_some() {}
            is_excluded |= stream.peek() == Some(&at);
        }
        is_excluded
    }
}

impl Iterator for Merge<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        loop {
            let at = self.candidate()?;
            let is_wanted = at >= self.from && !self.is_excluded(at);
            // With the budget spent, an earlier one or its exclusion may be missing.
            if self.budget.is_spent() {
                return None;
            }
            if is_wanted {
                return Some(at);
            }
        }
    }
}
