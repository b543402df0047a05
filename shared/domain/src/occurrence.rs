//! Which occurrence of a series is meant: the start that it has by the rule, whatever it was moved to.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, Timelike as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::event::When;
use crate::time::Timestamp;

/// The original start of an occurrence. It is stored as RFC 3339 in UTC or as a date, and is the end of an instance's id
/// as the provider's stamp ("Recurring events", Calendar API).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Occurrence {
    /// Of a timed series: an instant.
    At(Timestamp),
    /// Of an all-day series: a day, in no zone.
    On(NaiveDate),
}

#[cfg(feature = "openapi")]
crate::schema::of_text!(Occurrence, r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}\.\d{3}Z)?$");

/// A text names no occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the start of an occurrence")]
pub struct NotAnOccurrence;

const STAMP: &str = "%Y%m%dT%H%M%SZ";
const DAY_STAMP: &str = "%Y%m%d";

impl Occurrence {
    /// The first of a series that starts so. Ids have no smaller part than the second.
    #[must_use]
    pub const fn of(when: &When) -> Self {
        match when {
            When::Timed { start, .. } => {
                Self::At(Timestamp::from_millis(start.seconds().saturating_mul(1000)))
            }
            When::AllDay { start, .. } => Self::On(*start),
        }
    }

    /// The stamp at the end of an instance's id: `20260301T080000Z`, or `20260301` of an all-day series.
    #[must_use]
    pub fn stamp(self) -> String {
        match self {
            Self::At(at) => {
                let at = DateTime::<Utc>::from_timestamp_millis(at.millis()).unwrap_or_default();
                let day = Self::On(at.date_naive()).stamp();
                format!("{day}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second())
            }
            // Not by a pattern, which would bring all patterns into every Worker that shows a time.
            Self::On(day) => format!("{:04}{:02}{:02}", day.year(), day.month(), day.day()),
        }
    }

    /// From a stamp.
    ///
    /// # Errors
    /// [`NotAnOccurrence`].
    pub fn from_stamp(stamp: &str) -> Result<Self, NotAnOccurrence> {
        let found = if stamp.len() == 8 {
            NaiveDate::parse_from_str(stamp, DAY_STAMP).ok().map(Self::On)
        } else {
            NaiveDateTime::parse_from_str(stamp, STAMP)
                .ok()
                .map(|at| Self::At(Timestamp::from_millis(at.and_utc().timestamp_millis())))
        };
        // One spelling only: what is parsed leniently is not an id that the provider made.
        found.filter(|found| found.stamp() == stamp).ok_or(NotAnOccurrence)
    }

    /// Of a timed series, at this start. Ids have no smaller part than the second.
    #[must_use]
    pub const fn starting(at: Timestamp) -> Self {
        Self::At(Timestamp::from_millis(at.seconds().saturating_mul(1000)))
    }

    /// The instant that it sorts by: midnight in UTC of a day.
    #[must_use]
    pub fn sort_key(self) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::On(day) => {
                Timestamp::from_millis(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
            }
        }
    }
}

impl std::fmt::Display for Occurrence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::At(at) => f.write_str(&at.to_rfc3339()),
            Self::On(day) => write!(f, "{day}"),
        }
    }
}

impl std::str::FromStr for Occurrence {
    type Err = NotAnOccurrence;

    fn from_str(text: &str) -> Result<Self, NotAnOccurrence> {
        let day = || text.parse().ok().map(Self::On);
        Timestamp::parse_rfc3339(text).map(Self::At).or_else(day).ok_or(NotAnOccurrence)
    }
}

impl Serialize for Occurrence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Occurrence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_and_stored_texts_lead_back() {
        let at = Occurrence::At(Timestamp::parse_rfc3339("2026-03-01T08:00:00Z").unwrap());
        let on = Occurrence::On("2026-03-01".parse().unwrap());
        assert_eq!((at.stamp().as_str(), on.stamp().as_str()), ("20260301T080000Z", "20260301"));
        for occurrence in [at, on] {
            assert_eq!(Occurrence::from_stamp(&occurrence.stamp()), Ok(occurrence));
            assert_eq!(occurrence.to_string().parse(), Ok(occurrence));
        }
    }

    #[test]
    fn a_stamp_has_one_spelling() {
        for bad in
            ["", "2026031", "20260230", "20260301t080000z", "20260301T080000", "20260301T250000Z", "2026-3-1"]
        {
            assert_eq!(Occurrence::from_stamp(bad), Err(NotAnOccurrence), "{bad}");
        }
    }
}
