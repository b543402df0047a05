//! One rule: read from its canonical text, written back, and handed to the crate that expands it.

use chrono::{Datelike as _, Month, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Weekday};
use rrule::{Frequency, NWeekday, RRule, RRuleSet, Tz};

use super::RecurrenceError;
use super::dates::moment;
use super::zones::Wall;

/// Most days in BYDAY: the crate counts each out in each month of the centuries that it searches.
const MAX_BY_DAY: usize = 14;

/// A rule that repeats daily or less often.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    freq: Frequency,
    interval: u16,
    count: Option<u32>,
    /// The last second that it covers.
    until: Option<i64>,
    week_start: Weekday,
    by_month: Vec<Month>,
    by_week_no: Vec<i8>,
    by_year_day: Vec<i16>,
    by_month_day: Vec<i8>,
    by_day: Vec<NWeekday>,
    by_set_pos: Vec<i32>,
    /// The time of day of its occurrences.
    time: NaiveTime,
    /// The parts as they are written, but for UNTIL.
    parts: Vec<(String, String)>,
}

impl Rule {
    /// Reads the parts of a rule from their canonical text.
    ///
    /// # Errors
    /// [`RecurrenceError`].
    pub(super) fn parse(body: &str, wall: &Wall) -> Result<Self, RecurrenceError> {
        let mut parts: Vec<(String, String)> = Vec::new();
        for part in body.split(';') {
            let (key, value) = part.split_once('=').ok_or(RecurrenceError::Malformed)?;
            if parts.iter().any(|(known, _)| known == key) {
                return Err(RecurrenceError::Malformed);
            }
            let is_time = matches!(key, "BYHOUR" | "BYMINUTE" | "BYSECOND");
            if !(is_time && wall.is_all_day()) {
                parts.push((key.to_owned(), value.to_owned()));
            }
        }
        let mut rule = Self::empty(wall);
        for (key, value) in &parts {
            rule.set(key, value, wall)?;
        }
        if parts.first().is_none_or(|(key, _)| key != "FREQ") {
            return Err(RecurrenceError::Malformed);
        }
        if matches!(rule.freq, Frequency::Daily | Frequency::Weekly) {
            rule.drop_ordinals(&mut parts);
        }
        parts.retain(|(key, _)| key != "UNTIL");
        rule.parts = parts;
        rule.default_days(wall.first());
        // The crate checks what remains, such as BYWEEKNO in a monthly rule.
        rule.set_from(wall.first()).map(|_| rule)
    }

    fn empty(wall: &Wall) -> Self {
        Self {
            freq: Frequency::Yearly,
            interval: 1,
            count: None,
            until: None,
            week_start: Weekday::Mon,
            by_month: Vec::new(),
            by_week_no: Vec::new(),
            by_year_day: Vec::new(),
            by_month_day: Vec::new(),
            by_day: Vec::new(),
            by_set_pos: Vec::new(),
            time: wall.first().time(),
            parts: Vec::new(),
        }
    }

    fn set(&mut self, key: &str, value: &str, wall: &Wall) -> Result<(), RecurrenceError> {
        match key {
            "FREQ" => {
                self.freq = match value {
                    "DAILY" => Frequency::Daily,
                    "WEEKLY" => Frequency::Weekly,
                    "MONTHLY" => Frequency::Monthly,
                    "YEARLY" => Frequency::Yearly,
                    "HOURLY" | "MINUTELY" | "SECONDLY" => return Err(RecurrenceError::TooFrequent),
                    _ => return Err(RecurrenceError::Malformed),
                }
            }
            "INTERVAL" => {
                self.interval = number(value)?;
                if self.interval == 0 {
                    return Err(RecurrenceError::ZeroInterval);
                }
            }
            "COUNT" => self.count = Some(number(value)?),
            "UNTIL" => self.until = Some(wall.until(moment(value)?)),
            "WKST" => self.week_start = weekday(value)?,
            "BYMONTH" => {
                self.by_month = list(value, |text| {
                    Month::try_from(number::<u8>(text)?).map_err(|_| RecurrenceError::Malformed)
                })?;
            }
            "BYWEEKNO" => self.by_week_no = list(value, number)?,
            "BYYEARDAY" => self.by_year_day = list(value, number)?,
            "BYMONTHDAY" => self.by_month_day = list(value, number)?,
            "BYDAY" => {
                self.by_day = list(value, ordinal_weekday)?;
                if self.by_day.len() > MAX_BY_DAY {
                    return Err(RecurrenceError::TooLong);
                }
            }
            "BYSETPOS" => self.by_set_pos = list(value, number)?,
            "BYHOUR" => self.time = replaced(value, |hour| self.time.with_hour(hour))?,
            "BYMINUTE" => self.time = replaced(value, |minute| self.time.with_minute(minute))?,
            "BYSECOND" => self.time = replaced(value, |second| self.time.with_second(second.min(59)))?,
            _ => return Err(RecurrenceError::Malformed),
        }
        Ok(())
    }

    /// "The second Monday" of a day or a week means nothing; it is taken as "Monday".
    fn drop_ordinals(&mut self, parts: &mut [(String, String)]) {
        for day in &mut self.by_day {
            if let NWeekday::Nth(_, weekday) = *day {
                *day = NWeekday::Every(weekday);
            }
        }
        for (_, value) in parts.iter_mut().filter(|(key, _)| key == "BYDAY") {
            value.retain(|c| c.is_ascii_alphabetic() || c == ',');
        }
    }

    /// Without a day, the days of DTSTART are meant; said aloud, since the expansion may start elsewhere.
    fn default_days(&mut self, first: NaiveDateTime) {
        if !(self.by_week_no.is_empty()
            && self.by_year_day.is_empty()
            && self.by_month_day.is_empty()
            && self.by_day.is_empty())
        {
            return;
        }
        match self.freq {
            Frequency::Yearly => {
                if self.by_month.is_empty() {
                    self.by_month
                        .extend(u8::try_from(first.month()).ok().and_then(|m| Month::try_from(m).ok()));
                }
                self.by_month_day.extend(i8::try_from(first.day()));
            }
            Frequency::Monthly => self.by_month_day.extend(i8::try_from(first.day())),
            Frequency::Weekly => self.by_day.push(NWeekday::Every(first.weekday())),
            _ => {}
        }
    }

    /// The rule as Google takes it.
    pub(super) fn text(&self, wall: &Wall) -> String {
        let mut text: Vec<_> = self.parts.iter().map(|(key, value)| format!("{key}={value}")).collect();
        text.extend(self.until.map(|until| format!("UNTIL={}", wall.occurrence(until).stamp())));
        text.join(";")
    }

    /// The time of day of its occurrences.
    pub(super) fn time(&self) -> NaiveTime {
        self.time
    }

    /// The last second that it covers; `None` if it names none.
    pub(super) fn until(&self) -> Option<i64> {
        self.until
    }

    /// How often it repeats; `None` if that is not counted.
    pub(super) fn count(&self) -> Option<u32> {
        self.count
    }

    /// What yields its local times, as if they were UTC, from DTSTART on; from some time before `near` on if that
    /// leaves out nothing else.
    pub(super) fn set_near(&self, first: NaiveDateTime, near: NaiveDateTime) -> Option<RRuleSet> {
        // What is counted is counted from DTSTART.
        let start = if self.count.is_some() { None } else { self.moved(first, near) };
        self.set_from(start.unwrap_or(first)).ok()
    }

    /// DTSTART moved on by whole intervals, to at least one of them before `near`: the first week of a rule has fewer
    /// days than the others, and BYSETPOS counts them.
    fn moved(&self, first: NaiveDateTime, near: NaiveDateTime) -> Option<NaiveDateTime> {
        let interval = i64::from(self.interval);
        let months = |at: NaiveDateTime| {
            i64::from(at.year()).saturating_mul(12).saturating_add(i64::from(at.month0()))
        };
        let (period, distance) = match self.freq {
            Frequency::Daily => (interval, near.signed_duration_since(first).num_days()),
            Frequency::Weekly => (interval.saturating_mul(7), near.signed_duration_since(first).num_days()),
            Frequency::Monthly => (interval, months(near).saturating_sub(months(first))),
            _ => (interval.saturating_mul(12), months(near).saturating_sub(months(first))),
        };
        let periods = distance.checked_div(period)?.checked_sub(1).filter(|periods| *periods > 0)?;
        let far = periods.saturating_mul(period);
        match self.freq {
            Frequency::Daily | Frequency::Weekly => first.checked_add_signed(TimeDelta::try_days(far)?),
            // A month is stepped to by its first day, which each has.
            freq => {
                let first = if freq == Frequency::Yearly {
                    first.with_day(1)?.with_month(1)?
                } else {
                    first.with_day(1)?
                };
                first.checked_add_months(chrono::Months::new(u32::try_from(far).ok()?))
            }
        }
    }

    fn set_from(&self, start: NaiveDateTime) -> Result<RRuleSet, RecurrenceError> {
        let small = |number: u32| vec![u8::try_from(number).unwrap_or_default()];
        let mut rule = RRule::new(self.freq)
            .interval(self.interval)
            .week_start(self.week_start)
            .by_month(&self.by_month)
            .by_week_no(self.by_week_no.clone())
            .by_year_day(self.by_year_day.clone())
            .by_month_day(self.by_month_day.clone())
            .by_weekday(self.by_day.clone())
            .by_set_pos(self.by_set_pos.clone())
            .by_hour(small(self.time.hour()))
            .by_minute(small(self.time.minute()))
            .by_second(small(self.time.second()));
        if let Some(count) = self.count {
            rule = rule.count(count);
        }
        let start = start.and_utc().with_timezone(&Tz::UTC);
        let rule = rule.validate(start).map_err(|_| RecurrenceError::Malformed)?;
        Ok(RRuleSet::new(start).rrule(rule).limit())
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, RecurrenceError> {
    text.parse().map_err(|_| RecurrenceError::Malformed)
}

fn list<T>(
    value: &str,
    item: impl Fn(&str) -> Result<T, RecurrenceError>,
) -> Result<Vec<T>, RecurrenceError> {
    value.split(',').map(item).collect()
}

/// One value of the clock; several are several times a day.
fn replaced(value: &str, with: impl Fn(u32) -> Option<NaiveTime>) -> Result<NaiveTime, RecurrenceError> {
    if value.contains(',') {
        return Err(RecurrenceError::TooFrequent);
    }
    with(number(value)?).ok_or(RecurrenceError::Malformed)
}

fn weekday(text: &str) -> Result<Weekday, RecurrenceError> {
    Ok(match text {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return Err(RecurrenceError::Malformed),
    })
}

fn ordinal_weekday(text: &str) -> Result<NWeekday, RecurrenceError> {
    let at = text.len().checked_sub(2).ok_or(RecurrenceError::Malformed)?;
    let (ordinal, day) = text.split_at_checked(at).ok_or(RecurrenceError::Malformed)?;
    let day = weekday(day)?;
    if ordinal.is_empty() {
        return Ok(NWeekday::Every(day));
    }
    match number(ordinal)? {
        0 => Err(RecurrenceError::Malformed),
        ordinal => Ok(NWeekday::Nth(ordinal, day)),
    }
}
