//! What an event is, normalised from any provider.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::occurrence::Occurrence;
use crate::time::Timestamp;
use crate::words;

words! {
    /// Whether an event stands.
    #[derive(Default)]
    Status {
        /// It stands.
        #[default]
        Confirmed = "confirmed",
        /// It may stand.
        Tentative = "tentative",
        /// It does not stand (any more).
        Cancelled = "cancelled",
    }
}

words! {
    /// Whether an event blocks time.
    #[derive(Default)]
    Transparency {
        /// It blocks time.
        #[default]
        Opaque = "opaque",
        /// Its owner is free.
        Transparent = "transparent",
    }
}

words! {
    /// Who may see an event at the provider.
    #[derive(Default)]
    Visibility {
        /// As the calendar says.
        #[default]
        Default = "default",
        /// Everyone.
        Public = "public",
        /// Its guests only.
        Private = "private",
    }
}

words! {
    /// What kind of event it is.
    EventType {
        /// An ordinary event; also every kind that is not known here.
        Default = "default",
        /// A birthday.
        Birthday = "birthday",
        /// Focus time.
        FocusTime = "focusTime",
        /// Out of office.
        OutOfOffice = "outOfOffice",
        /// Where someone works.
        WorkingLocation = "workingLocation",
        /// Made from a mail.
        FromGmail = "fromGmail",
    }
}

words! {
    /// What the account's owner answered.
    OwnResponse {
        /// The owner is no guest, or organises the event.
        NotInvited = "notInvited",
        /// No answer yet.
        NeedsAction = "needsAction",
        /// Declined.
        Declined = "declined",
        /// Tentatively accepted.
        Tentative = "tentative",
        /// Accepted.
        Accepted = "accepted",
    }
}

words! {
    /// Whose event it is.
    #[derive(Default)]
    Organizer {
        /// The account's own, or nobody is named.
        #[default]
        Own = "own",
        /// Another's: the account is a guest, or reads along.
        Other = "other",
    }
}

/// When an event takes place. The end is exclusive and never before the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// From one instant to another.
    Timed {
        /// The first instant.
        start: Timestamp,
        /// The instant after the last.
        end: Timestamp,
        /// The IANA zone that the provider gave.
        zone: Option<String>,
        /// The zone of the end, if it is another one.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        end_zone: Option<String>,
    },
    /// Whole days, in no zone.
    AllDay {
        /// The first day.
        start: NaiveDate,
        /// The day after the last.
        end: NaiveDate,
    },
}

/// A span that ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the end is before the start")]
pub struct EndBeforeStart;

impl When {
    /// A timed span, whose end is in the zone of its start.
    ///
    /// # Errors
    /// [`EndBeforeStart`]; a zero length is allowed.
    pub fn timed(start: Timestamp, end: Timestamp, zone: Option<String>) -> Result<Self, EndBeforeStart> {
        if end < start { Err(EndBeforeStart) } else { Ok(Self::Timed { start, end, zone, end_zone: None }) }
    }

    /// The same span with its end in another zone; whole days are in none.
    #[must_use]
    pub fn ending_in(mut self, other: Option<String>) -> Self {
        if let Self::Timed { zone, end_zone, .. } = &mut self {
            *end_zone = other.filter(|other| zone.as_ref() != Some(other));
        }
        self
    }

    /// A span of whole days; an end equal to the start is taken as one day.
    ///
    /// # Errors
    /// [`EndBeforeStart`].
    pub fn all_day(start: NaiveDate, end: NaiveDate) -> Result<Self, EndBeforeStart> {
        match end.cmp(&start) {
            std::cmp::Ordering::Less => Err(EndBeforeStart),
            std::cmp::Ordering::Equal => Ok(Self::AllDay { start, end: start.succ_opt().unwrap_or(start) }),
            std::cmp::Ordering::Greater => Ok(Self::AllDay { start, end }),
        }
    }

    /// The same length from the start of an occurrence on, in the same zones; `None` if days are asked for of times, or
    /// times of days.
    #[must_use]
    pub fn at(&self, occurrence: Occurrence) -> Option<Self> {
        match (self, occurrence) {
            (Self::Timed { start, end, zone, end_zone }, Occurrence::At(at)) => {
                let length = end.millis().saturating_sub(start.millis());
                let (zone, end_zone) = (zone.clone(), end_zone.clone());
                Some(Self::Timed { start: at, end: at.plus_millis(length), zone, end_zone })
            }
            (Self::AllDay { start, end }, Occurrence::On(day)) => {
                let length = end.signed_duration_since(*start);
                Self::all_day(day, day.checked_add_signed(length)?).ok()
            }
            (Self::Timed { .. }, Occurrence::On(_)) | (Self::AllDay { .. }, Occurrence::At(_)) => None,
        }
    }

    /// The same span without the zones that it was told in.
    #[must_use]
    pub fn in_no_zone(self) -> Self {
        match self {
            Self::Timed { start, end, .. } => Self::Timed { start, end, zone: None, end_zone: None },
            Self::AllDay { .. } => self,
        }
    }

    /// The start as it is shown: RFC 3339 in UTC, or a date.
    #[must_use]
    pub fn start_text(&self) -> String {
        match self {
            Self::Timed { start, .. } => start.to_rfc3339(),
            Self::AllDay { start, .. } => start.to_string(),
        }
    }

    /// The end as it is shown: RFC 3339 in UTC, or a date.
    #[must_use]
    pub fn end_text(&self) -> String {
        match self {
            Self::Timed { end, .. } => end.to_rfc3339(),
            Self::AllDay { end, .. } => end.to_string(),
        }
    }

    /// The start as stored and sorted: midnight in UTC of a whole day.
    #[must_use]
    pub fn start_key(&self) -> Timestamp {
        match self {
            Self::Timed { start, .. } => *start,
            Self::AllDay { start, .. } => midnight(*start),
        }
    }

    /// The end as stored, exclusive: midnight in UTC of the day after the last whole day.
    #[must_use]
    pub fn end_key(&self) -> Timestamp {
        match self {
            Self::Timed { end, .. } => *end,
            Self::AllDay { end, .. } => midnight(*end),
        }
    }

    /// The zone, if there is one.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        match self {
            Self::Timed { zone, .. } => zone.as_deref(),
            Self::AllDay { .. } => None,
        }
    }

    /// From the stored keys; `None` if they are no span.
    #[must_use]
    pub fn from_keys(start: Timestamp, end: Timestamp, zone: Option<String>, extent: Extent) -> Option<Self> {
        match extent {
            Extent::Timed => Self::timed(start, end, zone).ok(),
            Extent::WholeDays => Self::all_day(day(start)?, day(end)?).ok(),
        }
    }

    /// Whether it takes whole days.
    #[must_use]
    pub const fn extent(&self) -> Extent {
        match self {
            Self::Timed { .. } => Extent::Timed,
            Self::AllDay { .. } => Extent::WholeDays,
        }
    }
}

/// How the two ends of a span are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// As instants.
    Timed,
    /// As days, in no zone.
    WholeDays,
}

fn midnight(day: NaiveDate) -> Timestamp {
    Timestamp::from_millis(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
}

fn day(midnight: Timestamp) -> Option<NaiveDate> {
    Some(chrono::DateTime::from_timestamp_millis(midnight.millis())?.date_naive())
}

/// What an event is to a series.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SeriesPart {
    /// It stands alone.
    Single,
    /// It is the master of a series.
    Master {
        /// RRULE, EXRULE, RDATE and EXDATE lines, in the provider's order (RFC 5545 section 3.8.5).
        lines: Vec<String>,
    },
    /// It is a changed or cancelled occurrence of a series.
    Exception {
        /// The provider's id of the master.
        master: String,
        /// The start that the occurrence has by the rule.
        original_start: Occurrence,
    },
}

/// Everything of an event that T-Minus keeps, as the provider last said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
pub struct EventContent {
    /// The title; `None` if there is none or it is hidden from us.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub title: Option<String>,
    /// The description, at most 16 KB.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// The place.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<String>,
    /// When it takes place.
    pub when: When,
    /// Whether it stands.
    pub status: Status,
    /// Who may see it.
    pub visibility: Visibility,
    /// Whether it blocks time.
    pub transparency: Transparency,
    /// What kind of event it is.
    pub event_type: EventType,
    /// What the account's owner answered.
    pub own_response: OwnResponse,
    /// Whose it is.
    #[serde(default)]
    pub organizer: Organizer,
    /// What it is to a series.
    pub series: SeriesPart,
    /// The iCalendar UID, the same in every copy of an invitation (RFC 5545 section 3.8.4.7).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ical_uid: Option<String>,
    /// The iCalendar sequence number.
    #[serde(default)]
    pub sequence: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_refuse_an_end_before_the_start_and_allow_zero_length() {
        let at = Timestamp::from_millis(1000);
        assert!(When::timed(at, at, None).is_ok());
        assert_eq!(When::timed(at, Timestamp::from_millis(999), None), Err(EndBeforeStart));
        let day: NaiveDate = "2026-02-28".parse().unwrap();
        let next: NaiveDate = "2026-03-01".parse().unwrap();
        assert_eq!(When::all_day(day, day), Ok(When::AllDay { start: day, end: next }));
        assert_eq!(When::all_day(next, day), Err(EndBeforeStart));
    }

    #[test]
    fn stored_keys_lead_back_to_the_span() {
        let spans = [
            When::timed(Timestamp::from_millis(5), Timestamp::from_millis(9), Some("Europe/Berlin".into()))
                .unwrap(),
            When::all_day("2026-01-01".parse().unwrap(), "2026-01-03".parse().unwrap()).unwrap(),
        ];
        for span in spans {
            let zone = span.zone().map(str::to_owned);
            assert_eq!(When::from_keys(span.start_key(), span.end_key(), zone, span.extent()), Some(span));
        }
    }
}
