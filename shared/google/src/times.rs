//! From an event's start and end to a span of time.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
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
    /// A time has no offset, and its zone is one whose offset changes.
    #[error("a time of the event has no offset")]
    NoOffset,
    /// One of start and end is a date, the other a time.
    #[error("one of start and end is a date, the other a time")]
    MixedTimes,
    /// The end is before the start.
    #[error("the event ends before it starts")]
    EndBeforeStart,
}

/// The years 1 to 9999, which have four digits in every spelling.
const FIRST: Timestamp = Timestamp::from_millis(-62_135_596_800_000);
const LAST: Timestamp = Timestamp::from_millis(253_402_300_800_000);

/// A point in time, or a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instant {
    /// A point in time.
    Time(Timestamp),
    /// A day, in no zone.
    Date(NaiveDate),
}

/// Reads a start or an end, in a calendar of this zone.
///
/// # Errors
/// [`TimeError`] if it cannot be read.
pub fn instant(at: &EventDateTime, calendar_zone: Option<&str>) -> Result<Instant, TimeError> {
    match (&at.date_time, &at.date) {
        (Some(time), _) => match Timestamp::parse_rfc3339(time) {
            Some(time) => Ok(time),
            None => floating(time, at.time_zone.as_deref().or(calendar_zone)),
        }
        .and_then(|time| {
            if (FIRST..LAST).contains(&time) { Ok(Instant::Time(time)) } else { Err(TimeError::BadTime) }
        }),
        (None, Some(day)) => match day.parse::<NaiveDate>() {
            Ok(day) if (1..=9999).contains(&day.year()) => Ok(Instant::Date(day)),
            _ => Err(TimeError::BadTime),
        },
        (None, None) => Err(TimeError::NoStart),
    }
}

/// A time without an offset, in the zone that it names, else its calendar's, else UTC.
///
/// The provider always answers with offsets, so no zone database is linked for this: 127 KB of a Worker, compressed.
/// Only zones that never change theirs are known here.
fn floating(time: &str, zone: Option<&str>) -> Result<Timestamp, TimeError> {
    let local =
        NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").map_err(|_| TimeError::BadTime)?;
    let hours_west = match zone {
        None | Some("UTC" | "GMT" | "Etc/UTC" | "Etc/GMT") => Some(0),
        // POSIX counts westwards: `Etc/GMT-2` is two hours ahead.
        Some(zone) => zone.strip_prefix("Etc/GMT").and_then(|hours| hours.parse().ok()),
    };
    let hours_west: i8 = hours_west.ok_or(TimeError::NoOffset)?;
    let utc = Timestamp::from_millis(local.and_utc().timestamp_millis());
    Ok(utc.plus_seconds(i64::from(hours_west).saturating_mul(3_600)))
}

/// When an event of a calendar of this zone takes place.
///
/// # Errors
/// [`TimeError`] if its times cannot be read.
pub fn when(event: &Event, calendar_zone: Option<&str>) -> Result<When, TimeError> {
    let start = event.start.as_ref().ok_or(TimeError::NoStart)?;
    // An event without an end ends when it starts.
    span(start, event.end.as_ref().unwrap_or(start), calendar_zone)
}

/// The span from a start to an end.
///
/// # Errors
/// [`TimeError`] if they cannot be read, or do not fit together.
pub fn span(
    start: &EventDateTime,
    end: &EventDateTime,
    calendar_zone: Option<&str>,
) -> Result<When, TimeError> {
    let zone = start.time_zone.clone();
    match (instant(start, calendar_zone)?, instant(end, calendar_zone)?) {
        (Instant::Time(from), Instant::Time(to)) => {
            When::timed(from, to, zone).map(|when| when.ending_in(end.time_zone.clone()))
        }
        (Instant::Date(start), Instant::Date(end)) => When::all_day(start, end),
        _ => return Err(TimeError::MixedTimes),
    }
    .map_err(|_| TimeError::EndBeforeStart)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str, zone: Option<&str>) -> EventDateTime {
        EventDateTime { date: None, date_time: Some(time.to_owned()), time_zone: zone.map(str::to_owned) }
    }

    #[test]
    fn a_time_without_an_offset_is_read_where_no_database_is_needed() {
        let read = |zone, calendar| match instant(&at("2026-03-01T08:00:00", zone), calendar) {
            Ok(Instant::Time(at)) => Ok(at.to_rfc3339()),
            Ok(Instant::Date(day)) => panic!("a day: {day}"),
            Err(error) => Err(error),
        };
        let eight = Ok("2026-03-01T08:00:00.000Z".to_owned());
        assert_eq!(read(None, None), eight);
        assert_eq!(read(Some("Etc/UTC"), Some("Europe/Berlin")), eight, "its own zone goes first");
        assert_eq!(read(None, Some("Etc/GMT-2")), Ok("2026-03-01T06:00:00.000Z".to_owned()));
        assert_eq!(read(None, Some("Etc/GMT+5")), Ok("2026-03-01T13:00:00.000Z".to_owned()));
        for zone in ["Europe/Berlin", "Nowhere", "Etc/GMTx"] {
            assert_eq!(read(Some(zone), None), Err(TimeError::NoOffset), "{zone}");
            assert_eq!(read(None, Some(zone)), Err(TimeError::NoOffset), "{zone}");
        }
        assert_eq!(instant(&at("tomorrow", None), None), Err(TimeError::BadTime));
    }

    #[test]
    fn a_year_has_four_digits() {
        let day = |day: &str| {
            instant(&EventDateTime { date: Some(day.to_owned()), ..EventDateTime::default() }, None)
        };
        assert!(day("9999-12-31").is_ok() && day("0001-01-01").is_ok());
        for bad in ["+12345-01-01", "0000-12-31", "-0001-01-01"] {
            assert_eq!(day(bad), Err(TimeError::BadTime), "{bad}");
        }
        assert!(instant(&at("9999-12-31T23:59:59Z", None), None).is_ok());
        assert_eq!(instant(&at("9999-12-31T23:59:59-01:00", None), None), Err(TimeError::BadTime));
        assert_eq!(instant(&at("0000-12-31T00:00:00Z", None), None), Err(TimeError::BadTime));
    }

    #[test]
    fn start_and_end_keep_their_zones() {
        let (berlin, tokyo) = (Some("Europe/Berlin"), Some("Asia/Tokyo"));
        let start = at("2026-03-01T08:00:00Z", berlin);
        let zones = |end| match span(&start, &at("2026-03-01T20:00:00Z", end), None) {
            Ok(When::Timed { zone, end_zone, .. }) => (zone, end_zone),
            other => panic!("{other:?}"),
        };
        assert_eq!(zones(tokyo), (berlin.map(str::to_owned), tokyo.map(str::to_owned)));
        assert_eq!(zones(berlin), (berlin.map(str::to_owned), None));
        assert_eq!(zones(None), (berlin.map(str::to_owned), None));
    }
}
