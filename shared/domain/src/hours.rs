//! The hours in which a user works, by the clock on the wall of the user's zone.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::When;
use crate::recurrence::instant_in;
use crate::spans::Span;
use crate::time::Timestamp;
use crate::words;

/// Most days of a span that are looked at: two weeks and both ends. A longer one overlaps any working hours.
const MAX_DAYS: usize = 16;
/// Minutes in a day.
const DAY_MINUTES: u16 = 24 * 60;

words! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Mon = "mon",
        /// Tuesday.
        Tue = "tue",
        /// Wednesday.
        Wed = "wed",
        /// Thursday.
        Thu = "thu",
        /// Friday.
        Fri = "fri",
        /// Saturday.
        Sat = "sat",
        /// Sunday.
        Sun = "sun",
    }
}

impl From<chrono::Weekday> for Weekday {
    fn from(day: chrono::Weekday) -> Self {
        match day {
            chrono::Weekday::Mon => Self::Mon,
            chrono::Weekday::Tue => Self::Tue,
            chrono::Weekday::Wed => Self::Wed,
            chrono::Weekday::Thu => Self::Thu,
            chrono::Weekday::Fri => Self::Fri,
            chrono::Weekday::Sat => Self::Sat,
            chrono::Weekday::Sun => Self::Sun,
        }
    }
}

/// The same hours on some days of every week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkingHours {
    /// The user's zone.
    pub zone: Zone,
    /// The days on which work begins.
    pub days: Vec<Weekday>,
    /// When work begins.
    pub from: TimeOfDay,
    /// When it ends, exclusive; on the next day if it is before `from`.
    pub to: TimeOfDay,
}

/// What is wrong with working hours, told to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// No day is a working day.
    #[error("working hours need at least one day of the week")]
    NoDays,
    /// A day is named twice.
    #[error("a day of the week is named twice in the working hours")]
    RepeatedDay,
    /// They end when they begin.
    #[error("working hours end when they begin; the whole day is from 00:00 to 24:00")]
    Empty,
    /// They begin at the end of a day.
    #[error("working hours cannot begin at 24:00")]
    BeginAtEnd,
    /// A zone is not an IANA zone.
    #[error("a zone is a name of the IANA database, such as Europe/Berlin")]
    UnknownZone,
    /// A text is not a time of the day.
    #[error("a time of the day is written as HH:MM, from 00:00 to 24:00")]
    NotATime,
}

impl WorkingHours {
    /// Finds whatever is wrong, so that a user hears of it when the hours are set.
    ///
    /// # Errors
    /// [`HoursError`], the first one found.
    pub fn check(&self) -> Result<(), HoursError> {
        if self.days.is_empty() {
            return Err(HoursError::NoDays);
        }
        if self.days.iter().enumerate().any(|(at, day)| self.days.iter().take(at).any(|other| other == day)) {
            return Err(HoursError::RepeatedDay);
        }
        if self.from.minutes() >= DAY_MINUTES {
            return Err(HoursError::BeginAtEnd);
        }
        if self.from == self.to { Err(HoursError::Empty) } else { Ok(()) }
    }

    /// Whether a span overlaps the hours. Of whole days: whether one of them is a working day.
    #[must_use]
    pub fn overlaps(&self, when: &When) -> bool {
        match when {
            When::AllDay { start, end } => {
                start.iter_days().take_while(|day| day < end).take(7).any(|day| self.works_on(day))
            }
            When::Timed { start, end, .. } => self.overlaps_timed(*start, *end),
        }
    }

    /// Compares by the clock on the wall: no hour of it is missing or ambiguous for an instant, so that neither end
    /// of summer time needs a rule.
    fn overlaps_timed(&self, start: Timestamp, end: Timestamp) -> bool {
        let (Some(start), Some(end)) = (self.zone.local(start), self.zone.local(end)) else {
            // No clock shows such a time.
            return false;
        };
        // Hours that began on the day before may last into the first day.
        let Some(first) = start.date().checked_sub_days(Days::new(1)) else { return false };
        first.iter_days().take_while(|day| *day <= end.date()).take(MAX_DAYS).any(|day| {
            self.works_on(day)
                && self.on(day).is_some_and(|(from, to)| start < to && (end > from || start >= from))
        })
    }

    /// The hours that overlap a range, in order, whole.
    #[must_use]
    pub fn spans(&self, range: Span) -> Vec<Span> {
        let (Some(start), Some(end)) = (self.zone.local(range.start), self.zone.local(range.end)) else {
            return Vec::new();
        };
        let Some(first) = start.date().checked_sub_days(Days::new(1)) else { return Vec::new() };
        first
            .iter_days()
            .take_while(|day| *day <= end.date())
            .filter(|day| self.works_on(*day))
            .filter_map(|day| self.on(day))
            .map(|(from, to)| Span { start: self.zone.instant(from), end: self.zone.instant(to) })
            .filter(|span| !span.within(&range).is_empty())
            .collect()
    }

    /// When work begins and ends on a working day, by the clock on the wall.
    fn on(&self, day: NaiveDate) -> Option<(NaiveDateTime, NaiveDateTime)> {
        let last = if self.to <= self.from { day.succ_opt()? } else { day };
        Some((self.from.on(day)?, self.to.on(last)?))
    }

    fn works_on(&self, day: NaiveDate) -> bool {
        self.days.contains(&day.weekday().into())
    }
}

/// An IANA zone, stored by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Zone(Tz);

impl Zone {
    /// The zone of who named none.
    pub const UTC: Self = Self(Tz::UTC);

    /// The name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// From the first midnight of whole days to the one after the last; the end is exclusive.
    #[must_use]
    pub fn days(&self, start: NaiveDate, end: NaiveDate) -> Span {
        let midnight = |day: NaiveDate| self.instant(day.and_time(NaiveTime::MIN));
        Span { start: midnight(start), end: midnight(end) }
    }

    /// The instant of a time on the clock: the first of two; one that is skipped is moved on by what was skipped.
    fn instant(&self, local: NaiveDateTime) -> Timestamp {
        Timestamp::default().plus_seconds(instant_in(self.0, local))
    }

    fn local(&self, at: Timestamp) -> Option<NaiveDateTime> {
        Some(DateTime::<Utc>::from_timestamp_millis(at.millis())?.with_timezone(&self.0).naive_local())
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Zone {
    type Err = HoursError;

    fn from_str(name: &str) -> Result<Self, HoursError> {
        name.parse().map(Self).map_err(|_| HoursError::UnknownZone)
    }
}

/// A time of the day to the minute, written `HH:MM`, from `00:00` to `24:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Minutes since midnight, 0 to 1440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.0
    }

    fn on(self, day: NaiveDate) -> Option<NaiveDateTime> {
        day.and_time(NaiveTime::MIN).checked_add_signed(chrono::TimeDelta::minutes(i64::from(self.0)))
    }
}

impl std::fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02}:{:02}", self.0.div_euclid(60), self.0.rem_euclid(60))
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = HoursError;

    fn from_str(text: &str) -> Result<Self, HoursError> {
        let number = |part: &str| part.parse::<u16>().map_err(|_| HoursError::NotATime);
        let (hours, minutes) = text.split_once(':').ok_or(HoursError::NotATime)?;
        let (hours, minutes) = (number(hours)?, number(minutes)?);
        let time = Self(hours.saturating_mul(60).saturating_add(minutes));
        // One spelling only: "9:5" or "08:61" parse as numbers but are no times.
        if time.0 <= DAY_MINUTES && time.to_string() == text { Ok(time) } else { Err(HoursError::NotATime) }
    }
}

/// Serde by the text of a value.
macro_rules! by_text {
    ($name:ident) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
#[cfg(feature = "openapi")]
crate::schema::of_text!(Zone, "^[A-Za-z0-9_+/-]+$");
#[cfg(feature = "openapi")]
crate::schema::of_text!(TimeOfDay, r"^(([01]\d|2[0-3]):[0-5]\d|24:00)$");
by_text!(Zone);
by_text!(TimeOfDay);

#[cfg(test)]
mod tests;
