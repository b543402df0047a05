//! From an event's start and end to a span of time.

use chrono::{Datelike as _, NaiveDate, NaiveDateTime};
use tminus_domain::event::When;
use tminus_domain::floating::{Bound, FloatingSpan, WallTime};
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
    /// A time has no offset, and neither it nor its calendar names a zone.
    #[error("a time of the event has neither an offset nor a zone")]
    NoZone,
    /// A time has no offset where one is needed.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instant {
    /// A point in time.
    Time(Timestamp),
    /// A time on the clock of a zone.
    Wall(WallTime),
    /// A day, in no zone.
    Date(NaiveDate),
}

/// When an event takes place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Times {
    /// The span; if there is a floating one, what stands for it.
    pub when: When,
    /// The span, if a time of it is on a clock.
    pub floating: Option<FloatingSpan>,
}

impl Times {
    /// The span of instants or days.
    ///
    /// # Errors
    /// [`TimeError::NoOffset`] if a time of it is on a clock.
    pub fn known(self) -> Result<When, TimeError> {
        if self.floating.is_some() { Err(TimeError::NoOffset) } else { Ok(self.when) }
    }
}

/// Reads a start or an end, in a calendar of this zone.
///
/// # Errors
/// [`TimeError`] if it cannot be read.
pub fn instant(at: &EventDateTime, calendar_zone: Option<&str>) -> Result<Instant, TimeError> {
    match (&at.date_time, &at.date) {
        (Some(time), _) => {
            let found = match Timestamp::parse_rfc3339(time) {
                Some(time) => Instant::Time(time),
                None => floating(time, at.time_zone.as_deref().or(calendar_zone))?,
            };
            match found {
                Instant::Time(time) if !(FIRST..LAST).contains(&time) => Err(TimeError::BadTime),
                found => Ok(found),
            }
        }
        (None, Some(day)) => match day.parse::<NaiveDate>() {
            Ok(day) if (1..=9999).contains(&day.year()) => Ok(Instant::Date(day)),
            _ => Err(TimeError::BadTime),
        },
        (None, None) => Err(TimeError::NoStart),
    }
}

/// A time without an offset, in this zone.
///
/// The provider is not known to send any, so no zone database is linked for them: 127 KB of a Worker, compressed. Zones
/// that never change their offset are known here; of others the clock is passed on.
fn floating(time: &str, zone: Option<&str>) -> Result<Instant, TimeError> {
    let local =
        NaiveDateTime::parse_from_str(time, "%Y-%m-%dT%H:%M:%S%.f").map_err(|_| TimeError::BadTime)?;
    let hours_west: Option<i8> = match zone.ok_or(TimeError::NoZone)? {
        "UTC" | "GMT" | "Etc/UTC" | "Etc/GMT" => Some(0),
        // POSIX counts westwards: `Etc/GMT-2` is two hours ahead.
        zone => zone.strip_prefix("Etc/GMT").and_then(|hours| hours.parse().ok()),
    };
    match (hours_west, zone) {
        (Some(hours), _) => {
            let utc = Timestamp::from_millis(local.and_utc().timestamp_millis());
            Ok(Instant::Time(utc.plus_seconds(i64::from(hours).saturating_mul(3_600))))
        }
        // A year less at both ends: whatever its offset, the instant has four digits.
        (None, Some(zone)) if (2..=9998).contains(&local.year()) => {
            Ok(Instant::Wall(WallTime { local, zone: zone.to_owned() }))
        }
        _ => Err(TimeError::BadTime),
    }
}

/// When an event of a calendar of this zone takes place.
///
/// # Errors
/// [`TimeError`] if its times cannot be read.
pub fn when(event: &Event, calendar_zone: Option<&str>) -> Result<Times, TimeError> {
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
) -> Result<Times, TimeError> {
    let zone = |at: &EventDateTime| {
        let is_floating = |time: &String| Timestamp::parse_rfc3339(time).is_none();
        let of_calendar = calendar_zone.filter(|_| at.date_time.as_ref().is_some_and(is_floating));
        at.time_zone.clone().or(of_calendar.map(str::to_owned))
    };
    let timed = |from, to| When::timed(from, to, zone(start)).map(|when| when.ending_in(zone(end)));
    let bound = |at| match at {
        Instant::Time(at) => Ok(Bound::At(at)),
        Instant::Wall(wall) => Ok(Bound::Wall(wall)),
        Instant::Date(_) => Err(TimeError::MixedTimes),
    };
    let (when, floating) = match (instant(start, calendar_zone)?, instant(end, calendar_zone)?) {
        (Instant::Time(from), Instant::Time(to)) => (timed(from, to), None),
        (Instant::Date(from), Instant::Date(to)) => (When::all_day(from, to), None),
        (from, to) => {
            let span = FloatingSpan { start: bound(from)?, end: bound(to)? };
            let (from, to) = span.stand_in();
            (timed(from, to), Some(span))
        }
    };
    Ok(Times { when: when.map_err(|_| TimeError::EndBeforeStart)?, floating })
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
            Ok(other) => panic!("no instant: {other:?}"),
            Err(error) => Err(error),
        };
        let eight = Ok("2026-03-01T08:00:00.000Z".to_owned());
        assert_eq!(read(Some("Etc/UTC"), Some("Europe/Berlin")), eight, "its own zone goes first");
        assert_eq!(read(None, Some("UTC")), eight);
        assert_eq!(read(None, Some("Etc/GMT-2")), Ok("2026-03-01T06:00:00.000Z".to_owned()));
        assert_eq!(read(None, Some("Etc/GMT+5")), Ok("2026-03-01T13:00:00.000Z".to_owned()));
        assert_eq!(read(None, None), Err(TimeError::NoZone));
        assert_eq!(instant(&at("tomorrow", None), None), Err(TimeError::BadTime));
    }

    #[test]
    fn elsewhere_the_clock_and_its_zone_are_passed_on() {
        let local = "2026-03-01T08:00:00";
        for zone in ["Europe/Berlin", "Nowhere", "Etc/GMTx"] {
            let wall = WallTime { local: local.parse().unwrap(), zone: zone.to_owned() };
            for (own, calendar) in [(Some(zone), Some("UTC")), (None, Some(zone))] {
                assert_eq!(instant(&at(local, own), calendar), Ok(Instant::Wall(wall.clone())), "{zone}");
            }
        }
        for far in ["0001-12-31T23:00:00", "9999-01-01T00:00:00", "+12026-03-01T08:00:00"] {
            assert_eq!(instant(&at(far, Some("Europe/Berlin")), None), Err(TimeError::BadTime), "{far}");
        }
    }

    #[test]
    fn one_end_may_be_on_a_clock_and_the_calendars_zone_is_kept() {
        let end = at("2026-03-01T10:00:00", None);
        let times = span(&at("2026-03-01T08:00:00Z", None), &end, Some("Europe/Berlin")).unwrap();
        let wall =
            WallTime { local: "2026-03-01T10:00:00".parse().unwrap(), zone: "Europe/Berlin".to_owned() };
        let start = Timestamp::parse_rfc3339("2026-03-01T08:00:00Z").unwrap();
        let expected = FloatingSpan { start: Bound::At(start), end: Bound::Wall(wall) };
        assert_eq!(times.floating.as_ref(), Some(&expected));
        let When::Timed { zone, end_zone, .. } = &times.when else { panic!("a day") };
        assert_eq!((zone.as_deref(), end_zone.as_deref()), (None, Some("Europe/Berlin")));
        assert_eq!(times.known(), Err(TimeError::NoOffset));
        let day = EventDateTime { date: Some("2026-03-01".to_owned()), ..EventDateTime::default() };
        assert_eq!(span(&day, &end, Some("Europe/Berlin")), Err(TimeError::MixedTimes));
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
        let zones = |end| match span(&start, &at("2026-03-01T20:00:00Z", end), None).and_then(Times::known) {
            Ok(When::Timed { zone, end_zone, .. }) => (zone, end_zone),
            other => panic!("{other:?}"),
        };
        assert_eq!(zones(tokyo), (berlin.map(str::to_owned), tokyo.map(str::to_owned)));
        assert_eq!(zones(berlin), (berlin.map(str::to_owned), None));
        assert_eq!(zones(None), (berlin.map(str::to_owned), None));
    }
}
