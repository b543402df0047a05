//! Occurrences of a series.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;
use rrule::{RRule, RRuleSet, Unvalidated};
use serde_json::Value;

use crate::error::{ApiError, ApiResult};
use crate::model::Object;
use crate::time::{Moment, local_ms, utc};

/// One occurrence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Original start in milliseconds.
    pub start_ms: i64,
    /// Date of an all-day occurrence.
    pub date: Option<NaiveDate>,
}

impl Occurrence {
    /// The tail of the instance's id.
    #[must_use]
    pub fn stamp(&self) -> String {
        match self.date {
            Some(date) => date.format("%Y%m%d").to_string(),
            None => utc(self.start_ms).format("%Y%m%dT%H%M%SZ").to_string(),
        }
    }
}

/// A series ready to be expanded.
#[derive(Debug)]
pub struct Series {
    set: RRuleSet,
    all_day: bool,
    zone: Tz,
}

impl Series {
    /// Reads `recurrence` of a master; `calendar_zone` places all-day events.
    pub fn of(master: &Object, calendar_zone: Tz) -> ApiResult<Self> {
        let start = Moment::parse(master.get("start"), "start")?;
        let (all_day, zone) = match &start {
            Moment::Date(_) => (true, calendar_zone),
            Moment::Instant { zone, .. } => (false, zone.unwrap_or(calendar_zone)),
        };
        let dt_zone = if all_day { Tz::UTC } else { zone };
        let first = at(dt_zone, start.ms(dt_zone));
        let mut set = RRuleSet::new(first);
        let mut bounded = false;
        let lines = master.get("recurrence").and_then(Value::as_array);
        for line in lines.into_iter().flatten().filter_map(Value::as_str) {
            let (head, value) = line.split_once(':').ok_or_else(invalid_rule)?;
            let (name, params) = head.split_once(';').unwrap_or((head, ""));
            match name.to_ascii_uppercase().as_str() {
                "RRULE" => {
                    let (text, until_ms) = with_utc_until(value, all_day, zone)?;
                    let rule: RRule<Unvalidated> = text.parse().map_err(|_| invalid_rule())?;
                    // A rule which ends before it begins has no occurrences; the library refuses it.
                    if until_ms.is_none_or(|ms| ms >= first.timestamp_millis()) {
                        set = set.rrule(rule.validate(first).map_err(|_| invalid_rule())?);
                        bounded = true;
                    } else {
                        bounded = true;
                    }
                }
                "RDATE" => {
                    for ms in dates(params, value, all_day, dt_zone)? {
                        set = set.rdate(at(dt_zone, ms));
                    }
                }
                "EXDATE" => {
                    for ms in dates(params, value, all_day, dt_zone)? {
                        set = set.exdate(at(dt_zone, ms));
                    }
                }
                // Read and ignored.
                "EXRULE" => {}
                _ => return Err(invalid_rule()),
            }
        }
        if !bounded {
            set = set.rdate(first);
        }
        Ok(Self { set, all_day, zone })
    }

    /// Occurrences which start in `from_ms..=to_ms`, at most `limit`.
    #[must_use]
    pub fn between(&self, from_ms: Option<i64>, to_ms: i64, limit: usize) -> Vec<Occurrence> {
        let dt_zone = if self.all_day { Tz::UTC } else { self.zone };
        // All-day occurrences are computed as UTC midnights; a day of slack covers every zone.
        let slack = if self.all_day { 86_400_000 } else { 0 };
        let mut set = self.set.clone().before(at(dt_zone, to_ms.saturating_add(slack)));
        if let Some(from_ms) = from_ms {
            set = set.after(at(dt_zone, from_ms.saturating_sub(slack)));
        }
        let mut found: Vec<Occurrence> = Vec::new();
        let iterated = set.all(u16::try_from(limit).unwrap_or(u16::MAX)).dates;
        for start in iterated {
            let occurrence = if self.all_day {
                let date = start.naive_utc().date();
                Occurrence { start_ms: local_ms(self.zone, date.and_time(NaiveTime::MIN)), date: Some(date) }
            } else {
                Occurrence { start_ms: start.timestamp_millis(), date: None }
            };
            let inside = occurrence.start_ms <= to_ms && from_ms.is_none_or(|f| occurrence.start_ms >= f);
            if inside && found.last() != Some(&occurrence) {
                found.push(occurrence);
            }
        }
        found
    }

    /// The occurrence with this stamp.
    #[must_use]
    pub fn find(&self, stamp: &str) -> Option<Occurrence> {
        let start_ms = if self.all_day {
            let date = NaiveDate::parse_from_str(stamp, "%Y%m%d").ok().filter(|_| stamp.len() == 8)?;
            local_ms(self.zone, date.and_time(NaiveTime::MIN))
        } else {
            let time = NaiveDateTime::parse_from_str(stamp, "%Y%m%dT%H%M%SZ").ok()?;
            time.and_utc().timestamp_millis()
        };
        self.between(Some(start_ms), start_ms, 8).into_iter().find(|o| o.stamp() == stamp)
    }
}

fn invalid_rule() -> ApiError {
    ApiError::invalid("Invalid recurrence rule.")
}

fn at(zone: Tz, ms: i64) -> DateTime<rrule::Tz> {
    let ms = ms.clamp(-62_000_000_000_000, 250_000_000_000_000);
    utc(ms).with_timezone(&rrule::Tz::from(zone))
}

/// What a client may write: known lines, no sub-daily frequency, `UNTIL` in UTC or as a date.
pub fn check(master: &Object, calendar_zone: Tz, sub_daily_crashes: bool) -> ApiResult<()> {
    let timed = master.get("start").and_then(|s| s.get("dateTime")).is_some();
    let lines = master.get("recurrence").and_then(Value::as_array);
    for line in lines.into_iter().flatten() {
        let line = line.as_str().ok_or_else(invalid_rule)?.to_ascii_uppercase();
        let Some(rule) = line.strip_prefix("RRULE:") else { continue };
        for part in rule.split(';').filter(|p| !p.is_empty()) {
            match part.split_once('=') {
                Some(("FREQ", "HOURLY" | "MINUTELY" | "SECONDLY")) if sub_daily_crashes => {
                    return Err(ApiError::new(500, "global", "backendError", "Backend Error"));
                }
                Some(("FREQ", "HOURLY" | "MINUTELY" | "SECONDLY")) => return Err(invalid_rule()),
                Some(("UNTIL", until)) if timed && until.len() == 15 => return Err(invalid_rule()),
                Some(_) => {}
                None => return Err(invalid_rule()),
            }
        }
    }
    Series::of(master, calendar_zone).map(|_| ())
}

/// Rewrites `UNTIL` of any type to UTC, which the library wants, and returns its instant.
fn with_utc_until(rule: &str, all_day: bool, zone: Tz) -> ApiResult<(String, Option<i64>)> {
    let mut parts = Vec::new();
    let mut until_ms = None;
    for part in rule.split(';').filter(|p| !p.is_empty()) {
        let Some(value) = part.strip_prefix("UNTIL=") else {
            parts.push(part.to_owned());
            continue;
        };
        let ms = if let Ok(date) = NaiveDate::parse_from_str(value, "%Y%m%d")
            && value.len() == 8
        {
            let last = date.and_time(NaiveTime::MIN) + TimeDelta::seconds(86_399);
            if all_day { last.and_utc().timestamp_millis() } else { local_ms(zone, last) }
        } else {
            let bare = value.trim_end_matches('Z');
            let time = NaiveDateTime::parse_from_str(bare, "%Y%m%dT%H%M%S").map_err(|_| invalid_rule())?;
            if all_day || value.ends_with('Z') {
                time.and_utc().timestamp_millis()
            } else {
                local_ms(zone, time)
            }
        };
        until_ms = Some(ms);
        parts.push(format!("UNTIL={}", utc(ms).format("%Y%m%dT%H%M%SZ")));
    }
    Ok((parts.join(";"), until_ms))
}

/// Values of RDATE and EXDATE; of a period only its start. Dates on a timed series mean nothing.
fn dates(params: &str, value: &str, all_day: bool, zone: Tz) -> ApiResult<Vec<i64>> {
    let tzid = params.split(';').find_map(|p| p.strip_prefix("TZID="));
    let zone = tzid.and_then(|t| t.parse().ok()).unwrap_or(zone);
    let mut out = Vec::new();
    for text in value.split(',') {
        let text = text.split('/').next().unwrap_or(text);
        if let Ok(date) = NaiveDate::parse_from_str(text, "%Y%m%d")
            && text.len() == 8
        {
            if all_day && date.year() > 0 {
                out.push(date.and_time(NaiveTime::MIN).and_utc().timestamp_millis());
            }
            continue;
        }
        let bare = text.trim_end_matches('Z');
        let time = NaiveDateTime::parse_from_str(bare, "%Y%m%dT%H%M%S").map_err(|_| invalid_rule())?;
        out.push(match (all_day, text.ends_with('Z')) {
            (true, _) => Tz::UTC.from_utc_datetime(&time.date().and_time(NaiveTime::MIN)).timestamp_millis(),
            (false, true) => time.and_utc().timestamp_millis(),
            (false, false) => local_ms(zone, time),
        });
    }
    Ok(out)
}
