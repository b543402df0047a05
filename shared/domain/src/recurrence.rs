//! Series: reading, comparing and expanding them, bounded.
//!
//! The `rrule` crate expands a rule in local time, as if in UTC; everything around it is here, because the crate is
//! strict where Google is not, and silent where it should complain (measured with rrule 0.14.0 on 2026-11-20). What
//! RFC 5545 leaves open is decided as follows, and compared with python-dateutil (`tests/recurrence_vectors.rs`).
//!
//! | question | answer |
//! |---|---|
//! | a local time that a clock change skips, or shows twice | moved on by what was skipped; the first of the two |
//! | DTSTART that no rule yields | an occurrence, beyond COUNT: Google shows it (googleapis/google-api-nodejs-client#2214, fmeringdal/rust-rrule#119) |
//! | UNTIL before DTSTART | nothing, not even DTSTART |
//! | UNTIL as a date on a timed series | to the end of that day in the zone of the series |
//! | UNTIL as a time on an all-day series | the date as written, whatever the zone: the last day is not lost |
//! | EXDATE or RDATE as a date on a timed series | that day at the times of the series |
//! | EXDATE or RDATE as a time on an all-day series | the date as written |
//! | BYHOUR, BYMINUTE, BYSECOND | one value at most; without effect on an all-day series (RFC 5545 section 3.3.10) |
//! | ordinals in BYDAY of a daily or weekly rule | dropped, as by dateutil |
//! | fractions of a second | dropped |
//! | a rule that never yields (30 February) | dropped; refused if the series has nothing else |

mod canonical;
mod dates;
mod expand;
mod rule;
mod windows;
mod zones;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::event::When;
use crate::occurrence::Occurrence;
use crate::time::Timestamp;

use dates::Moment;
use expand::{Budget, Merge};
use rule::Rule;
use zones::Wall;

pub use canonical::canonical_lines;
pub(crate) use zones::instant_in;
pub use zones::{iana_zone, instant_on_clock};

/// Most occurrences that one expansion returns.
pub const MAX_OCCURRENCES: u16 = 1_000;
/// Most lines of a series.
pub const MAX_LINES: usize = 100;
/// Most bytes of all lines of a series.
pub const MAX_BYTES: usize = 64 * 1024;
/// Most dates in the RDATE and EXDATE lines of a series.
pub const MAX_DATES: usize = 3_000;
/// Most rules of a series: each that never yields costs a search of centuries when the series is read.
pub const MAX_RULES: usize = 4;

/// Why a series is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// There is no line, a line is not one of a series, or a rule contradicts itself.
    #[error("a recurrence line is malformed")]
    Malformed,
    /// More often than once a day: unbounded work, and Google refuses it too.
    #[error("a rule repeats more often than daily")]
    TooFrequent,
    /// A zone is neither an IANA nor a Windows zone.
    #[error("a zone of the series is not known")]
    UnknownZone,
    /// The series starts before 1970.
    #[error("the series starts before 1970")]
    TooOld,
    /// More lines, bytes, dates or rules than a series has.
    #[error("the series is too long")]
    TooLong,
    /// INTERVAL=0.
    #[error("a rule repeats at no interval")]
    ZeroInterval,
    /// No rule ever yields anything, such as 30 February, and there are no dates.
    #[error("no rule of the series ever yields an occurrence")]
    NeverYields,
}

/// Occurrences within a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// By their original starts, in order, each once.
    pub occurrences: Vec<Occurrence>,
    /// Whether these are all of the window: neither the limit nor the bound of work cut it.
    pub is_whole: bool,
}

/// Where a series ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastStart {
    /// It is endless, or ends too far off to tell.
    Never,
    /// The start of the last occurrence.
    At(Occurrence),
    /// It yields nothing.
    Empty,
}

/// A series: read, normalised, bounded.
#[derive(Debug, Clone)]
pub struct Series {
    wall: Wall,
    rules: Vec<Rule>,
    exrules: Vec<Rule>,
    /// RDATEs, in seconds; days are midnights in UTC.
    rdates: BTreeSet<i64>,
    /// EXDATEs, likewise.
    exdates: BTreeSet<i64>,
    /// RDATEs and DTSTART.
    dates: BTreeSet<i64>,
}

impl Series {
    /// Reads the lines of a series that starts at `when`.
    ///
    /// # Errors
    /// [`RecurrenceError`].
    pub fn parse(when: &When, lines: &[String]) -> Result<Self, RecurrenceError> {
        Self::parse_within(when, lines, &Budget::of_searches())
    }

    fn parse_within(when: &When, lines: &[String], budget: &Budget) -> Result<Self, RecurrenceError> {
        let bytes = lines.iter().fold(0_usize, |sum, line| sum.saturating_add(line.len()));
        if lines.len() > MAX_LINES || bytes > MAX_BYTES {
            return Err(RecurrenceError::TooLong);
        }
        let wall = Wall::of(when)?;
        let mut series = Self {
            wall,
            rules: Vec::new(),
            exrules: Vec::new(),
            rdates: BTreeSet::new(),
            exdates: BTreeSet::new(),
            dates: BTreeSet::new(),
        };
        let (mut rdates, mut exdates) = (Vec::new(), Vec::new());
        for line in canonical_lines(lines) {
            let (head, body) = line.split_once(':').ok_or(RecurrenceError::Malformed)?;
            match head.split(';').next().unwrap_or_default() {
                "RRULE" => series.rules.push(Rule::parse(body, &series.wall)?),
                "EXRULE" => series.exrules.push(Rule::parse(body, &series.wall)?),
                "RDATE" => dates::read(head, body, &series.wall, &mut rdates)?,
                "EXDATE" => dates::read(head, body, &series.wall, &mut exdates)?,
                _ => return Err(RecurrenceError::Malformed),
            }
            if rdates.len().saturating_add(exdates.len()) > MAX_DATES
                || series.rules.len().saturating_add(series.exrules.len()) > MAX_RULES
            {
                return Err(RecurrenceError::TooLong);
            }
        }
        let has_rules = !series.rules.is_empty();
        if !has_rules && rdates.is_empty() && exdates.is_empty() {
            return Err(RecurrenceError::Malformed);
        }
        series.drop_barren(budget);
        if has_rules && series.rules.is_empty() && rdates.is_empty() {
            return Err(RecurrenceError::NeverYields);
        }
        series.place(&rdates, &exdates);
        Ok(series)
    }

    /// Drops the rules that never yield. Each would be searched for centuries by every question, and two of them would
    /// use up what may be looked at.
    fn drop_barren(&mut self, budget: &Budget) {
        let Self { wall, rules, exrules, .. } = self;
        for rules in [rules, exrules] {
            rules.retain(|rule| !expand::is_barren(rule, wall, budget));
        }
    }

    /// Turns dates into starts: a whole day stands for the times of day that the series has on it.
    fn place(&mut self, rdates: &[Moment], exdates: &[Moment]) {
        let start = self.wall.start();
        self.rdates = rdates.iter().map(|moment| self.wall.placed(*moment)).collect();
        let mut times: Vec<_> = self.rules.iter().map(Rule::time).collect();
        times.push(self.wall.first().time());
        times.sort_unstable();
        times.dedup();
        let on_days: BTreeSet<_> = self.rdates.iter().map(|at| (self.wall.day_of(*at), *at)).collect();
        for moment in exdates {
            self.exdates.insert(self.wall.placed(*moment));
            let Moment::Day(day) = moment else { continue };
            self.exdates.extend(times.iter().map(|time| self.wall.instant(day.and_time(*time))));
            let day = Some(*day);
            self.exdates.extend(on_days.range((day, i64::MIN)..=(day, i64::MAX)).map(|(_, at)| at));
        }
        self.dates.clone_from(&self.rdates);
        if self.rules.is_empty()
            || self.rules.iter().any(|rule| rule.until().is_none_or(|until| until >= start))
        {
            self.dates.insert(start);
        }
    }

    /// The lines as the Google Calendar API takes them: canonical, times in UTC, dates only of an all-day series.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<_> =
            self.rules.iter().map(|rule| format!("RRULE:{}", rule.text(&self.wall))).collect();
        lines.extend(self.exrules.iter().map(|rule| format!("EXRULE:{}", rule.text(&self.wall))));
        for (name, starts) in [("RDATE", &self.rdates), ("EXDATE", &self.exdates)] {
            lines.extend(starts.iter().map(|at| format!("{name}:{}", self.wall.occurrence(*at).stamp())));
        }
        canonical_lines(&lines)
    }

    /// The IANA zone of the series; `None` if it is an all-day one.
    #[must_use]
    pub fn zone(&self) -> Option<&'static str> {
        self.wall.zone_name()
    }

    /// The occurrences whose original start is in `[from, to)`, in order, at most `limit` and at most
    /// [`MAX_OCCURRENCES`]; days count as their midnights in UTC.
    #[must_use]
    pub fn between(&self, from: Timestamp, to: Timestamp, limit: u16) -> Expansion {
        self.between_within(from, to, limit, &Budget::new())
    }

    fn between_within(&self, from: Timestamp, to: Timestamp, limit: u16, budget: &Budget) -> Expansion {
        let limit = usize::from(limit.min(MAX_OCCURRENCES));
        let window = (seconds_up(from), seconds_up(to));
        let mut merge = Merge::new(self, &self.rules, window, budget);
        let occurrences = merge.by_ref().take(limit).map(|at| self.wall.occurrence(at)).collect();
        let is_whole = merge.next().is_none() && !budget.is_spent();
        Expansion { occurrences, is_whole }
    }

    /// Whether an occurrence starts there by the rule.
    #[must_use]
    pub fn contains(&self, occurrence: Occurrence) -> bool {
        self.contains_within(occurrence, &Budget::new())
    }

    fn contains_within(&self, occurrence: Occurrence, budget: &Budget) -> bool {
        let at = occurrence.sort_key();
        self.between_within(at, at.plus_millis(1), 1, budget).occurrences.first() == Some(&occurrence)
    }

    /// Those of these occurrences that the series has by its rules and dates. Of many at once this is asked, not
    /// [`Series::contains`] of each: what is counted is counted from DTSTART, and only once here.
    #[must_use]
    pub fn having(&self, asked: &BTreeSet<Occurrence>) -> BTreeSet<Occurrence> {
        self.having_within(asked, &Budget::new())
    }

    fn having_within(&self, asked: &BTreeSet<Occurrence>, budget: &Budget) -> BTreeSet<Occurrence> {
        if self.rules.iter().chain(&self.exrules).all(|rule| rule.count().is_none()) {
            // What is not counted is begun near each of them: they may lie centuries apart.
            return asked.iter().copied().filter(|occurrence| self.contains(*occurrence)).collect();
        }
        let keys = || asked.iter().map(|occurrence| occurrence.sort_key());
        let (Some(first), Some(last)) = (keys().min(), keys().max()) else { return BTreeSet::new() };
        let window = (seconds_up(first), seconds_up(last.plus_millis(1)));
        Merge::new(self, &self.rules, window, budget)
            .map(|at| self.wall.occurrence(at))
            .filter(|occurrence| asked.contains(occurrence))
            .collect()
    }

    /// The start of the last occurrence.
    #[must_use]
    pub fn last(&self) -> LastStart {
        let budget = Budget::new();
        let mut until = self.dates.last().copied().unwrap_or_default();
        for rule in &self.rules {
            match (rule.until(), rule.count()) {
                (None, None) => return LastStart::Never,
                (end, _) => until = until.max(end.unwrap_or(until)),
            }
        }
        // The last year first: what is not counted need not be followed through all the years before it.
        let is_counted = self.rules.iter().all(|rule| rule.count().is_some());
        let late = (!is_counted).then(|| until.saturating_sub(400 * 86_400));
        for from in late.into_iter().chain([i64::MIN]) {
            let last = Merge::new(self, &self.rules, (from, i64::MAX), &budget).last();
            if budget.is_spent() {
                return LastStart::Never;
            }
            if let Some(last) = last {
                return LastStart::At(self.wall.occurrence(last));
            }
        }
        LastStart::Empty
    }
}

/// Whole seconds, rounded up: a start at a whole second is before an instant if and only if it is before this.
fn seconds_up(at: Timestamp) -> i64 {
    at.plus_millis(999).seconds()
}
