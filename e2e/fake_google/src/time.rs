//! Dates as Google writes them.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeZone, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value};

use crate::error::{ApiError, ApiResult};

/// Start or end of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// All-day.
    Date(NaiveDate),
    /// An instant in milliseconds, with the zone if one was given.
    Instant {
        /// Milliseconds since 1970 UTC.
        ms: i64,
        /// The zone of the `timeZone` field.
        zone: Option<Tz>,
    },
}

impl Moment {
    /// Reads `{date}` or `{dateTime[, timeZone]}`. `which` is `start` or `end` for the message.
    pub fn parse(value: Option<&Value>, which: &str) -> ApiResult<Self> {
        let missing = || ApiError::required(format!("Missing {which} time."));
        let bad = || ApiError::invalid(format!("Invalid {which} time."));
        let object = value.and_then(Value::as_object).ok_or_else(missing)?;
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let zone = match text("timeZone") {
            Some(name) => Some(parse_zone(name).ok_or_else(|| {
                ApiError::invalid(format!("Invalid time zone definition for {which} time."))
            })?),
            None => None,
        };
        match (text("date"), text("dateTime")) {
            (Some(date), None) => {
                NaiveDate::parse_from_str(date, "%Y-%m-%d").map(Self::Date).map_err(|_| bad())
            }
            (None, Some(instant)) => {
                if let Ok(exact) = DateTime::parse_from_rfc3339(instant) {
                    return Ok(Self::Instant { ms: exact.timestamp_millis(), zone });
                }
                let local =
                    NaiveDateTime::parse_from_str(instant, "%Y-%m-%dT%H:%M:%S%.f").map_err(|_| bad())?;
                let tz = zone.ok_or_else(|| missing_zone(which))?;
                Ok(Self::Instant { ms: local_ms(tz, local), zone })
            }
            (None, None) => Err(missing()),
            (Some(_), Some(_)) => Err(bad()),
        }
    }

    /// Milliseconds; all-day begins at midnight of `zone`.
    #[must_use]
    pub fn ms(&self, zone: Tz) -> i64 {
        match self {
            Self::Date(date) => local_ms(zone, date.and_time(NaiveTime::MIN)),
            Self::Instant { ms, .. } => *ms,
        }
    }

    /// As Google answers it: instants in the calendar's zone, `timeZone` always there.
    #[must_use]
    pub fn render(&self, calendar_zone: Tz) -> Value {
        let mut out = Map::new();
        match self {
            Self::Date(date) => {
                out.insert("date".to_owned(), date.to_string().into());
            }
            Self::Instant { ms, zone } => {
                out.insert("dateTime".to_owned(), rfc3339_in(*ms, calendar_zone).into());
                out.insert("timeZone".to_owned(), zone.unwrap_or(calendar_zone).name().into());
            }
        }
        Value::Object(out)
    }
}

/// 400 for a recurring event without a zone.
#[must_use]
pub fn missing_zone(which: &str) -> ApiError {
    ApiError::required(format!("Missing time zone definition for {which} time."))
}

/// IANA name to zone.
#[must_use]
pub fn parse_zone(name: &str) -> Option<Tz> {
    name.parse().ok()
}

/// Local time to milliseconds: the earlier of two in an overlap, shifted forward in a gap.
#[must_use]
pub fn local_ms(zone: Tz, local: NaiveDateTime) -> i64 {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return found.timestamp_millis();
    }
    let before = local - chrono::TimeDelta::hours(3);
    zone.from_local_datetime(&before)
        .earliest()
        .map_or_else(|| local.and_utc().timestamp_millis(), |t| t.timestamp_millis() + 3 * 3_600_000)
}

/// Instant of milliseconds; the year 9999 when out of range.
#[must_use]
pub fn utc(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `2024-01-23T16:54:43.883Z`.
#[must_use]
pub fn rfc3339_ms(ms: i64) -> String {
    utc(ms).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// `2024-01-23T17:54:43+01:00`.
#[must_use]
pub fn rfc3339_in(ms: i64, zone: Tz) -> String {
    utc(ms).with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// `2024-01-23T16:54:43Z` without milliseconds, as `created` is written.
#[must_use]
pub fn rfc3339_s(ms: i64) -> String {
    format!("{}.000Z", utc(ms).format("%Y-%m-%dT%H:%M:%S"))
}

/// `Fri, 26 Mar 2021 15:51:47 GMT`.
#[must_use]
pub fn rfc1123(ms: i64) -> String {
    utc(ms).format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// A query parameter of type date-time; an offset is mandatory.
pub fn parse_instant(text: &str, location: &'static str) -> ApiResult<i64> {
    DateTime::parse_from_rfc3339(text)
        .map(|t| t.timestamp_millis())
        .map_err(|_| ApiError::new(400, "global", "badRequest", "Bad Request").at("parameter", location))
}

/// Rewrites the instants of an event into another zone.
pub fn rezone(event: &mut Map<String, Value>, zone: Tz) {
    for key in ["start", "end", "originalStartTime"] {
        let Some(time) = event.get_mut(key).and_then(Value::as_object_mut) else { continue };
        let ms =
            time.get("dateTime").and_then(Value::as_str).and_then(|t| DateTime::parse_from_rfc3339(t).ok());
        if let Some(exact) = ms {
            time.insert("dateTime".to_owned(), rfc3339_in(exact.timestamp_millis(), zone).into());
        }
    }
}

/// Rewrites the dates of an event into midnights of `zone`.
pub fn dates_as_times(event: &mut Map<String, Value>, zone: Tz) {
    for key in ["start", "end", "originalStartTime"] {
        if let Ok(moment @ Moment::Date(_)) = Moment::parse(event.get(key), key) {
            let ms = moment.ms(zone);
            event.insert(key.to_owned(), Moment::Instant { ms, zone: Some(zone) }.render(zone));
        }
    }
}
