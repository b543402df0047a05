//! Series: normalising and expanding rules, bounded.
//!
//! The `rrule` crate is strict where Google is not, and silent where it should complain; the normaliser in front
//! of it takes the spellings that occur (RFC 5545 section 3.8.5; measured with rrule 0.14.0 on 2026-11-20).

use chrono::{DateTime, TimeZone as _, Utc};
use rrule::{RRuleSet, Tz};

use crate::event::{EventContent, SeriesPart, When};
use crate::time::Timestamp;

/// Most occurrences that one expansion returns.
pub const MAX_OCCURRENCES: u16 = 1_000;

/// Why a series is not expanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RecurrenceError {
    /// The event is not the master of a series.
    #[error("not the master of a series")]
    NotASeries,
    /// A line is not a rule, or a rule says nothing sensible (INTERVAL=0).
    #[error("a recurrence line is malformed")]
    Malformed,
    /// Seconds, minutes or hours: unbounded work, and Google refuses them too.
    #[error("a rule repeats more often than daily")]
    TooFrequent,
    /// The zone is not an IANA zone.
    #[error("the zone of the series is not known")]
    UnknownZone,
    /// The series starts before 1970.
    #[error("the series starts before 1970")]
    TooOld,
}

/// The starts of the occurrences of a series that begin in `[from, to)`, at most `limit` and at most
/// [`MAX_OCCURRENCES`], exceptions not considered.
///
/// # Errors
/// [`RecurrenceError`].
pub fn starts_between(
    content: &EventContent,
    from: Timestamp,
    to: Timestamp,
    limit: u16,
) -> Result<Vec<Timestamp>, RecurrenceError> {
    let SeriesPart::Master { lines } = &content.series else { return Err(RecurrenceError::NotASeries) };
    let set = parse(&content.when, lines)?;
    let instant = |at: Timestamp| {
        DateTime::<Utc>::from_timestamp_millis(at.millis())
            .map(|at| at.with_timezone(&Tz::UTC))
            .ok_or(RecurrenceError::TooOld)
    };
    let set = set.after(instant(from)?).before(instant(to.plus_millis(-1))?);
    let dates = set.all(limit.min(MAX_OCCURRENCES)).dates;
    Ok(dates.into_iter().map(|at| Timestamp::from_millis(at.timestamp_millis())).collect())
}

fn parse(when: &When, lines: &[String]) -> Result<RRuleSet, RecurrenceError> {
    let (start, zone) = match when {
        When::Timed { start, zone, .. } => {
            let zone: Tz = match zone.as_deref() {
                None | Some("UTC") => Tz::UTC,
                Some(name) => name.parse::<chrono_tz::Tz>().map_err(|_| RecurrenceError::UnknownZone)?.into(),
            };
            (*start, zone)
        }
        When::AllDay { start, .. } => {
            let midnight = start.and_hms_opt(0, 0, 0).ok_or(RecurrenceError::Malformed)?;
            (Timestamp::from_millis(midnight.and_utc().timestamp_millis()), Tz::UTC)
        }
    };
    if start.millis() < 0 {
        return Err(RecurrenceError::TooOld);
    }
    let start = zone.timestamp_millis_opt(start.millis()).single().ok_or(RecurrenceError::Malformed)?;
    let text = lines.iter().map(|line| normalised(line, start)).collect::<Result<Vec<_>, _>>()?.join("\n");
    RRuleSet::new(start).set_from_string(&text).map_err(|_| RecurrenceError::Malformed)
}

/// One line in the spelling that the crate takes.
fn normalised(line: &str, start: DateTime<Tz>) -> Result<String, RecurrenceError> {
    let (name, body) = line.split_once(':').ok_or(RecurrenceError::Malformed)?;
    if !name.eq_ignore_ascii_case("RRULE") && !name.eq_ignore_ascii_case("EXRULE") {
        return Ok(line.to_owned());
    }
    let mut parts = Vec::new();
    for part in body.split(';').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or(RecurrenceError::Malformed)?;
        match key.to_ascii_uppercase().as_str() {
            key if key.starts_with("X-") => {}
            "FREQ" if matches!(value, "SECONDLY" | "MINUTELY" | "HOURLY") => {
                return Err(RecurrenceError::TooFrequent);
            }
            "INTERVAL" if value.trim_start_matches('0').is_empty() => return Err(RecurrenceError::Malformed),
            "UNTIL" => parts.push(format!("UNTIL={}", until_in_utc(value, start)?)),
            key => parts.push(format!("{key}={value}")),
        }
    }
    Ok(format!("{}:{}", name.to_ascii_uppercase(), parts.join(";")))
}

/// UNTIL as a date, a local time or a UTC time; answered in UTC. A date means the end of that day.
fn until_in_utc(value: &str, start: DateTime<Tz>) -> Result<String, RecurrenceError> {
    if value.ends_with('Z') {
        return Ok(value.to_owned());
    }
    let local = match value.split_once('T') {
        Some(_) => chrono::NaiveDateTime::parse_from_str(value, "%Y%m%dT%H%M%S").ok(),
        None => chrono::NaiveDate::parse_from_str(value, "%Y%m%d")
            .ok()
            .and_then(|day| day.and_hms_opt(23, 59, 59)),
    };
    let local = local.ok_or(RecurrenceError::Malformed)?;
    let instant = start.timezone().from_local_datetime(&local).latest().ok_or(RecurrenceError::Malformed)?;
    Ok(instant.with_timezone(&Utc).format("%Y%m%dT%H%M%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{EventType, Organizer, OwnResponse, Status, Transparency, Visibility};

    fn series(start: &str, zone: &str, lines: &[&str]) -> EventContent {
        let start = Timestamp::parse_rfc3339(start).unwrap();
        EventContent {
            title: None,
            description: None,
            location: None,
            when: When::timed(start, start.plus_seconds(3600), Some(zone.to_owned())).unwrap(),
            status: Status::Confirmed,
            visibility: Visibility::Default,
            transparency: Transparency::Opaque,
            event_type: EventType::Default,
            own_response: OwnResponse::NotInvited,
            organizer: Organizer::Own,
            series: SeriesPart::Master { lines: lines.iter().map(|line| (*line).to_owned()).collect() },
            ical_uid: None,
            sequence: 0,
        }
    }

    fn starts(content: &EventContent) -> Result<Vec<String>, RecurrenceError> {
        let at = |text| Timestamp::parse_rfc3339(text).unwrap();
        let found = starts_between(content, at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"), 100)?;
        Ok(found.into_iter().map(Timestamp::to_rfc3339).collect())
    }

    #[test]
    fn a_weekly_series_keeps_its_local_time_across_summer_time() {
        let weekly = series("2026-03-23T08:00:00Z", "Europe/Berlin", &["RRULE:FREQ=WEEKLY;COUNT=2"]);
        assert_eq!(starts(&weekly).unwrap(), ["2026-03-23T08:00:00.000Z", "2026-03-30T07:00:00.000Z"]);
    }

    #[test]
    fn until_is_taken_in_all_three_spellings() {
        for until in ["20260302", "20260302T090000", "20260302T080000Z"] {
            let rule = format!("RRULE:FREQ=DAILY;UNTIL={until};X-NOISE=1");
            let daily = series("2026-03-01T08:00:00Z", "Europe/Berlin", &[&rule]);
            assert_eq!(starts(&daily).unwrap().len(), 2, "{until}");
        }
    }

    #[test]
    fn hostile_rules_are_refused_or_bounded() {
        let of = |rule: &str| starts(&series("2026-03-01T08:00:00Z", "UTC", &[rule]));
        assert_eq!(of("RRULE:FREQ=DAILY;INTERVAL=0"), Err(RecurrenceError::Malformed));
        assert_eq!(of("RRULE:FREQ=SECONDLY"), Err(RecurrenceError::TooFrequent));
        assert_eq!(of("nonsense"), Err(RecurrenceError::Malformed));
        assert_eq!(of("RRULE:FREQ=DAILY;COUNT=1000000000").unwrap().len(), 100);
        assert_eq!(of("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30").unwrap().len(), 0);
        let lost = series("2026-03-01T08:00:00Z", "Mars/Olympus", &["RRULE:FREQ=DAILY"]);
        assert_eq!(starts(&lost), Err(RecurrenceError::UnknownZone));
    }
}
