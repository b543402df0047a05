//! The occurrences of a series in order, merged from its rules and dates, with a bound on the work.

use std::cell::Cell;
use std::iter::Peekable;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use rrule::RRuleSetIter;

use super::rule::Rule;
use super::zones::Wall;
use super::{MAX_RULES, Series};

/// Most local times that are looked at: a daily rule for a century, in some 10 ms.
const MAX_STEPS: u32 = 40_000;
/// What it counts if a rule is found to yield no more: the crate has searched for centuries, in some 40 ms.
pub(super) const SEARCH: u32 = MAX_STEPS / 2;

/// What may still be looked at; shared by everything that answers one question.
#[derive(Debug)]
pub(super) struct Budget(Cell<u32>);

impl Budget {
    /// For one question.
    pub(super) fn new() -> Self {
        Self::of(MAX_STEPS)
    }

    /// Enough to search for an occurrence of each rule of a series.
    pub(super) fn of_searches() -> Self {
        let searches = u32::try_from(MAX_RULES).unwrap_or(u32::MAX).saturating_add(1);
        Self::of(searches.saturating_mul(SEARCH))
    }

    pub(super) fn of(steps: u32) -> Self {
        Self(Cell::new(steps))
    }

    /// How many steps are left.
    #[cfg(test)]
    pub(super) fn left(&self) -> u32 {
        self.0.get()
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

    /// The next local time.
    fn step(&mut self) -> Option<NaiveDateTime> {
        let found = self.times.next();
        self.budget.spend(if found.is_some() { 1 } else { SEARCH });
        found.map(|at| at.naive_utc())
    }
}

impl Iterator for Stream<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        if self.budget.is_spent() || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        let at = self.step()?;
        let at = self.wall.instant(at);
        (at < self.to).then_some(at)
    }
}

/// Whether a rule never yields anything, wherever it ends. What only ends before it begins is told at the first step.
pub(super) fn is_barren(rule: &Rule, wall: &Wall, budget: &Budget) -> bool {
    rule.count() != Some(0)
        && Stream::new(rule, wall, i64::MIN, i64::MAX, budget)
            .is_some_and(|mut stream| stream.step().is_none())
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
