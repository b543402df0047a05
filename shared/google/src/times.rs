//! From an event's start and end to a span of time.

use chrono::NaiveDate;
use tminus_domain::event::When;
use tminus_domain::time::Timestamp;

use crate::wire::{Event, EventDateTime};

/// Why the times of an event cannot be read. Never holds a value of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It has no start.
    #[error("the event has no start")]
    NoStart,
    /// A date or time cannot be read.
    #[error("a date or time of the event cannot be read")]
    BadTime,
    /// One of start and end is a date, the other a time.
    #[error("one of start and end is a date, the other a time")]
    MixedTimes,
    /// The end is before the start.
    #[error("the event ends before it starts")]
    EndBeforeStart,
}

/// A point in time, or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instant {
    /// A point in time.
    Time(Timestamp),
    /// A day, in no zone.
    Date(NaiveDate),
}

/// Reads a start or an end.
///
/// # Errors
/// [`TimeError`] if it cannot be read.
pub fn instant(at: &EventDateTime) -> Result<Instant, TimeError> {
    match (&at.date_time, &at.date) {
        (Some(time), _) => Timestamp::parse_rfc3339(time).map(Instant::Time).ok_or(TimeError::BadTime),
        (None, Some(day)) => day.parse().map(Instant::Date).map_err(|_| TimeError::BadTime),
        (None, None) => Err(TimeError::NoStart),
    }
}

/// When an event takes place.
///
/// # Errors
/// [`TimeError`] if its times cannot be read.
pub fn when(event: &Event) -> Result<When, TimeError> {
    let start = event.start.as_ref().ok_or(TimeError::NoStart)?;
    // An event without an end ends when it starts (endTimeUnspecified).
    span(start, event.end.as_ref().unwrap_or(start))
}

/// The span from a start to an end.
///
/// # Errors
/// [`TimeError`] if they cannot be read, or do not fit together.
pub fn span(start: &EventDateTime, end: &EventDateTime) -> Result<When, TimeError> {
    let zone = start.time_zone.clone();
    match (instant(start)?, instant(end)?) {
        (Instant::Time(from), Instant::Time(to)) => {
            When::timed(from, to, zone).map(|when| when.ending_in(end.time_zone.clone()))
        }
        (Instant::Date(start), Instant::Date(end)) => When::all_day(start, end),
        _ => return Err(TimeError::MixedTimes),
    }
    .map_err(|_| TimeError::EndBeforeStart)
}
