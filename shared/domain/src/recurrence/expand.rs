//! The occurrences of a series in order, merged from its rules and dates, with a bound on the work.

use std::iter::Peekable;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use rrule::RRuleSetIter;

use super::Series;
use super::rule::Rule;
use super::zones::Wall;

/// Most local times that one expansion looks at: a daily rule for a century.
const MAX_STEPS: u32 = 40_000;

/// The starts that one rule yields, in order.
struct Stream<'a> {
    times: RRuleSetIter,
    wall: &'a Wall,
    to: i64,
}

impl<'a> Stream<'a> {
    fn new(rule: &'a Rule, wall: &'a Wall, from: i64, to: i64) -> Option<Self> {
        // The clock is less than two days off UTC.
        let near = DateTime::from_timestamp(from, 0)
            .map_or(NaiveDateTime::MIN, |at| at.naive_utc())
            .checked_sub_signed(TimeDelta::days(2))
            .unwrap_or(wall.first());
        let times = rule.set_near(wall.first(), near)?.into_iter();
        Some(Self { times, wall, to: rule.until().map_or(to, |until| to.min(until.saturating_add(1))) })
    }
}

impl Iterator for Stream<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let at = self.wall.instant(self.times.next()?.naive_utc());
        (at < self.to).then_some(at)
    }
}

/// Whether a rule yields anything at all.
pub(super) fn yields(rule: &Rule, wall: &Wall) -> bool {
    Stream::new(rule, wall, i64::MIN, i64::MAX).is_some_and(|mut stream| stream.next().is_some())
}

/// The starts of a series in `[from, to)`, in order, each once.
pub(super) struct Merge<'a> {
    rules: Vec<Peekable<Stream<'a>>>,
    exrules: Vec<Peekable<Stream<'a>>>,
    dates: Peekable<std::collections::btree_set::Range<'a, i64>>,
    series: &'a Series,
    from: i64,
    steps: u32,
    was_cut: bool,
}

impl<'a> Merge<'a> {
    pub(super) fn new(series: &'a Series, from: i64, to: i64) -> Self {
        let streams = |rules: &'a [Rule]| {
            rules
                .iter()
                .filter_map(|rule| Stream::new(rule, &series.wall, from, to))
                .map(Iterator::peekable)
                .collect()
        };
        Self {
            rules: streams(&series.rules),
            exrules: streams(&series.exrules),
            // A range that ends before it begins would panic.
            dates: series.dates.range(from.min(to)..to).peekable(),
            series,
            from,
            steps: MAX_STEPS,
            was_cut: false,
        }
    }

    /// Whether the bound of work ended it.
    pub(super) fn was_cut(&self) -> bool {
        self.was_cut
    }

    /// The next start, excluded or not.
    fn candidate(&mut self) -> Option<i64> {
        let rules = self.rules.iter_mut().filter_map(|stream| stream.peek().copied());
        let next = rules.chain(self.dates.peek().map(|at| **at)).min()?;
        for stream in &mut self.rules {
            while stream.next_if(|at| *at <= next).is_some() {
                self.steps = self.steps.saturating_sub(1);
            }
        }
        while self.dates.next_if(|at| **at <= next).is_some() {}
        Some(next)
    }

    fn is_excluded(&mut self, at: i64) -> bool {
        let mut is_excluded = self.series.exdates.contains(&at);
        for stream in &mut self.exrules {
            while self.steps > 0 && stream.next_if(|excluded| *excluded < at).is_some() {
                self.steps = self.steps.saturating_sub(1);
            }
            is_excluded |= stream.peek() == Some(&at);
        }
        is_excluded
    }
}

impl Iterator for Merge<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        while let Some(at) = self.candidate() {
            let is_wanted = at >= self.from && !self.is_excluded(at);
            if self.steps == 0 {
                self.was_cut = true;
                return None;
            }
            if is_wanted {
                return Some(at);
            }
        }
        None
    }
}
