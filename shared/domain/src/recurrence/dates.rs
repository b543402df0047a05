//! The dates of RDATE, EXDATE and UNTIL.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime};

use super::RecurrenceError;
use super::zones::{Wall, zone_of};

/// What a date in a line says, before it is known what it means to the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// A day.
    Day(NaiveDate),
    /// A time on the clock of the series.
    Local(NaiveDateTime),
    /// A time in UTC.
    Utc(NaiveDateTime),
    /// A time that was read in a zone of its own: seconds since the Unix epoch, and as written.
    Instant(i64, NaiveDateTime),
}

impl Moment {
    /// The date as written.
    pub(super) fn written_day(self) -> NaiveDate {
        match self {
            Self::Day(day) => day,
            Self::Local(at) | Self::Utc(at) | Self::Instant(_, at) => at.date(),
        }
    }
}

/// Reads `20260301`, `20260301T080000` or `20260301T080000Z`.
pub(super) fn moment(text: &str) -> Result<Moment, RecurrenceError> {
    let (day, time) = match text.split_once('T') {
        None => return date(text).map(Moment::Day).ok_or(RecurrenceError::Malformed),
        Some(parts) => parts,
    };
    let (time, is_utc) = time.strip_suffix('Z').map_or((time, false), |time| (time, true));
    let at = date(day).zip(time_of_day(time)).ok_or(RecurrenceError::Malformed)?;
    let at = at.0.and_time(at.1);
    Ok(if is_utc { Moment::Utc(at) } else { Moment::Local(at) })
}

/// Reads the dates of a canonical RDATE or EXDATE line.
pub(super) fn read(
    head: &str,
    body: &str,
    wall: &Wall,
    into: &mut Vec<Moment>,
) -> Result<(), RecurrenceError> {
    let zone = head.split_once("TZID=").map(|(_, zone)| zone.trim_matches('"'));
    // An all-day series is in no zone, and neither are its dates, whatever they say.
    let zone = zone.filter(|_| !wall.is_all_day()).map(zone_of).transpose()?;
    for text in body.split(',') {
        into.push(match (moment(text)?, zone) {
            (Moment::Local(at), Some(zone)) => Moment::Instant(super::zones::instant_in(zone, at), at),
            (moment, _) => moment,
        });
    }
    Ok(())
}

fn date(text: &str) -> Option<NaiveDate> {
    let number = digits(text, 8)?;
    let (year, rest) = (number.checked_div(10_000)?, number.checked_rem(10_000)?);
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, rest.checked_div(100)?, rest.checked_rem(100)?)
}

fn time_of_day(text: &str) -> Option<NaiveTime> {
    let number = digits(text, 6)?;
    let (hour, rest) = (number.checked_div(10_000)?, number.checked_rem(10_000)?);
    // A leap second is on no clock that a calendar shows.
    NaiveTime::from_hms_opt(hour, rest.checked_div(100)?, rest.checked_rem(100)?.min(59))
}

fn digits(text: &str, length: usize) -> Option<u32> {
    (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}
