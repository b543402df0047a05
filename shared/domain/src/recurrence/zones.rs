//! Zones by any name, and the clock of a series: which instant a time on it is.

use chrono::{DateTime, Datelike as _, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, Offset as _};
use chrono::{TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use super::RecurrenceError;
use super::dates::Moment;
use super::windows::WINDOWS_ZONES;
use crate::event::When;
use crate::occurrence::Occurrence;
use crate::time::Timestamp;

/// Most hours that a clock change skips (Samoa left out a day).
const LONGEST_GAP_HOURS: i64 = 26;

/// The IANA name of a zone that is named as IANA, Windows or a mail program does; `None` if it is not known.
#[must_use]
pub fn iana_zone(name: &str) -> Option<&'static str> {
    zone_of(name).ok().map(Tz::name)
}

/// The instant of a local time in a zone by any name: the first of two; one that is skipped is moved on by what was
/// skipped.
///
/// # Errors
/// [`RecurrenceError::UnknownZone`].
pub fn instant_on_clock(zone: &str, local: NaiveDateTime) -> Result<Timestamp, RecurrenceError> {
    let seconds = instant_in(zone_of(zone)?, local);
    let millis = i64::from(local.and_utc().timestamp_subsec_millis());
    Ok(Timestamp::default().plus_seconds(seconds).plus_millis(millis))
}

/// Reads the name of a zone.
pub(super) fn zone_of(name: &str) -> Result<Tz, RecurrenceError> {
    let name = name.trim();
    if name.eq_ignore_ascii_case("Z") {
        return Ok(Tz::UTC);
    }
    let windows = || {
        let at = WINDOWS_ZONES.binary_search_by_key(&name, |(windows, _)| windows).ok()?;
        WINDOWS_ZONES.get(at)?.1.parse().ok()
    };
    name.parse().ok().or_else(windows).ok_or(RecurrenceError::UnknownZone)
}

/// The instant of a local time, in seconds: the first of two; one that is skipped is moved on by what was skipped.
pub(crate) fn instant_in(zone: Tz, local: NaiveDateTime) -> i64 {
    let offset_at = |local: NaiveDateTime| match zone.offset_from_local_datetime(&local) {
        MappedLocalTime::Single(offset) => Some((offset, offset)),
        MappedLocalTime::Ambiguous(first, second) => Some((first, second)),
        MappedLocalTime::None => None,
    };
    let offset = offset_at(local).map(|(first, _)| first).or_else(|| {
        (1..=LONGEST_GAP_HOURS)
            .find_map(|hours| offset_at(local.checked_sub_signed(TimeDelta::hours(hours))?))
            .map(|(_, second)| second)
    });
    let offset = offset.map_or(0, |offset| i64::from(offset.fix().local_minus_utc()));
    local.and_utc().timestamp().saturating_sub(offset)
}

/// The clock of a series. Starts are seconds since the Unix epoch; a day is its midnight in UTC.
#[derive(Debug, Clone)]
pub(super) struct Wall {
    /// `None` of an all-day series.
    zone: Option<Tz>,
    first: NaiveDateTime,
    start: i64,
}

impl Wall {
    /// Of a series that starts at `when`.
    pub(super) fn of(when: &When) -> Result<Self, RecurrenceError> {
        let wall = match when {
            When::Timed { start, zone, .. } => {
                let zone = zone.as_deref().map_or(Ok(Tz::UTC), zone_of)?;
                let at = DateTime::from_timestamp(start.seconds(), 0).ok_or(RecurrenceError::Malformed)?;
                Self {
                    zone: Some(zone),
                    first: at.with_timezone(&zone).naive_local(),
                    start: start.seconds(),
                }
            }
            When::AllDay { start, .. } => {
                let first = start.and_time(NaiveTime::MIN);
                Self { zone: None, first, start: first.and_utc().timestamp() }
            }
        };
        if wall.start < 0 {
            return Err(RecurrenceError::TooOld);
        }
        // A year of five digits has no spelling in a line.
        if wall.first.year() > 9998 { Err(RecurrenceError::Malformed) } else { Ok(wall) }
    }

    pub(super) fn is_all_day(&self) -> bool {
        self.zone.is_none()
    }

    pub(super) fn zone_name(&self) -> Option<&'static str> {
        self.zone.map(Tz::name)
    }

    /// DTSTART on the clock.
    pub(super) fn first(&self) -> NaiveDateTime {
        self.first
    }

    /// DTSTART.
    pub(super) fn start(&self) -> i64 {
        self.start
    }

    /// The instant of a time on the clock. That of DTSTART is known, even if the clock shows it twice.
    pub(super) fn instant(&self, local: NaiveDateTime) -> i64 {
        match self.zone {
            _ if local == self.first => self.start,
            Some(zone) => instant_in(zone, local),
            None => local.and_utc().timestamp(),
        }
    }

    /// The day on the clock of an instant.
    pub(super) fn day_of(&self, at: i64) -> Option<NaiveDate> {
        let at = DateTime::from_timestamp(at, 0)?;
        Some(self.zone.map_or(at.naive_utc(), |zone| at.with_timezone(&zone).naive_local()).date())
    }

    /// The start that an RDATE or EXDATE means.
    pub(super) fn placed(&self, moment: Moment) -> i64 {
        match moment {
            _ if self.is_all_day() => self.instant(moment.written_day().and_time(NaiveTime::MIN)),
            Moment::Day(day) => self.instant(day.and_time(self.first.time())),
            Moment::Local(local) => self.instant(local),
            Moment::Utc(at) => at.and_utc().timestamp(),
            Moment::Instant(at, _) => at,
        }
    }

    /// The last second that an UNTIL covers.
    pub(super) fn until(&self, moment: Moment) -> i64 {
        match moment {
            Moment::Day(day) if !self.is_all_day() => {
                let end = day.and_hms_opt(23, 59, 59).unwrap_or(day.and_time(NaiveTime::MIN));
                self.instant(end)
            }
            moment => self.placed(moment),
        }
    }

    /// The occurrence that starts there.
    pub(super) fn occurrence(&self, at: i64) -> Occurrence {
        let instant = || Occurrence::At(Timestamp::from_millis(at.saturating_mul(1000)));
        match self.zone {
            Some(_) => instant(),
            None => {
                DateTime::from_timestamp(at, 0).map_or_else(instant, |at| Occurrence::On(at.date_naive()))
            }
        }
    }
}
