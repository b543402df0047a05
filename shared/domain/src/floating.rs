//! Times of which only the clock is told: which instant they are, only the tables of zones say. They are large, so that
//! whoever reads an event passes such times on to whoever has them.

use chrono::NaiveDateTime;
use serde::{Deserialize, Serialize};

use crate::event::{EventContent, SeriesPart, When};
use crate::occurrence::Occurrence;
use crate::recurrence::instant_on_clock;
use crate::time::Timestamp;

/// A time on the clock of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WallTime {
    /// What the clock shows.
    pub local: NaiveDateTime,
    /// The zone, as it was named.
    pub zone: String,
}

/// One end of a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// An instant.
    At(Timestamp),
    /// A time on a clock.
    Wall(WallTime),
}

/// From one time to another, of which one at least is on a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FloatingSpan {
    /// The first instant.
    pub start: Bound,
    /// The instant after the last.
    pub end: Bound,
}

/// Which times of an event are on a clock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Floating {
    /// When it takes place, in place of what its content says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub span: Option<FloatingSpan>,
    /// The original start of an exception, likewise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub original_start: Option<WallTime>,
}

/// Why a time on a clock is no instant. Never holds a value of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FloatingError {
    /// It is neither an IANA nor a Windows zone.
    #[error("a time of the event has no offset, and its zone is not known")]
    UnknownZone,
    /// The end is before the start.
    #[error("the event ends before it starts")]
    EndBeforeStart,
}

impl WallTime {
    /// As if the clock were that of UTC: what stands for it as long as it is not resolved.
    #[must_use]
    pub fn as_if_utc(&self) -> Timestamp {
        Timestamp::from_millis(self.local.and_utc().timestamp_millis())
    }

    /// The instant, as the provider takes it: what a clock change skips is moved on by what was skipped, of what it shows
    /// twice the first counts.
    ///
    /// # Errors
    /// [`FloatingError::UnknownZone`].
    pub fn instant(&self) -> Result<Timestamp, FloatingError> {
        instant_on_clock(&self.zone, self.local).map_err(|_| FloatingError::UnknownZone)
    }
}

impl Bound {
    /// The instant, or what stands for it.
    #[must_use]
    pub fn as_if_utc(&self) -> Timestamp {
        match self {
            Self::At(at) => *at,
            Self::Wall(wall) => wall.as_if_utc(),
        }
    }

    fn instant(&self) -> Result<Timestamp, FloatingError> {
        match self {
            Self::At(at) => Ok(*at),
            Self::Wall(wall) => wall.instant(),
        }
    }
}

impl FloatingSpan {
    /// A span of instants that stands for this one as long as it is not resolved.
    #[must_use]
    pub fn stand_in(&self) -> (Timestamp, Timestamp) {
        let start = self.start.as_if_utc();
        (start, self.end.as_if_utc().max(start))
    }

    fn instants(&self) -> Result<(Timestamp, Timestamp), FloatingError> {
        let (start, end) = (self.start.instant()?, self.end.instant()?);
        match (&self.start, &self.end) {
            // A start that is moved on may pass an end that is not.
            (Bound::Wall(from), Bound::Wall(to)) if from.zone == to.zone && from.local <= to.local => {
                Ok((start, end.max(start)))
            }
            _ => Ok((start, end)),
        }
    }
}

impl Floating {
    /// Whether no time is on a clock.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.span.is_none() && self.original_start.is_none()
    }

    /// What an event says, with these times resolved.
    ///
    /// # Errors
    /// [`FloatingError`].
    pub fn resolved(&self, content: &EventContent) -> Result<EventContent, FloatingError> {
        let mut content = content.clone();
        if let (Some(span), When::Timed { zone, end_zone, .. }) = (&self.span, &content.when) {
            let (start, end) = span.instants()?;
            let (zone, end_zone) = (zone.clone(), end_zone.clone());
            let when = When::timed(start, end, zone).map_err(|_| FloatingError::EndBeforeStart)?;
            content.when = when.ending_in(end_zone);
        }
        if let (Some(wall), SeriesPart::Exception { original_start, .. }) =
            (&self.original_start, &mut content.series)
        {
            *original_start = Occurrence::starting(wall.instant()?);
        }
        Ok(content)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall(local: &str, zone: &str) -> WallTime {
        WallTime { local: local.parse().unwrap(), zone: zone.to_owned() }
    }

    fn span(start: &str, end: &str, zones: [&str; 2]) -> Result<[String; 2], FloatingError> {
        let bound = |local, zone| Bound::Wall(wall(local, zone));
        let span = FloatingSpan { start: bound(start, zones[0]), end: bound(end, zones[1]) };
        span.instants().map(|(start, end)| [start.to_rfc3339(), end.to_rfc3339()])
    }

    #[test]
    fn a_clock_is_read_by_its_zone_at_that_time() {
        for (local, zone, at) in [
            ("2026-01-15T09:00:00", "Europe/Berlin", "2026-01-15T08:00:00.000Z"),
            ("2026-07-15T09:00:00", "Europe/Berlin", "2026-07-15T07:00:00.000Z"),
            ("2026-07-15T09:00:00.250", "W. Europe Standard Time", "2026-07-15T07:00:00.250Z"),
            ("2026-07-15T09:00:00", "America/New_York", "2026-07-15T13:00:00.000Z"),
            // Skipped: from two to three. Half an hour only: from two to half past.
            ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:30:00.000Z"),
            ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:45:00.000Z"),
            // Twice.
            ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00.000Z"),
        ] {
            assert_eq!(wall(local, zone).instant().unwrap().to_rfc3339(), at, "{local} {zone}");
        }
        assert_eq!(wall("2026-01-15T09:00:00", "Mars/Olympus").instant(), Err(FloatingError::UnknownZone));
    }

    #[test]
    fn a_span_over_a_clock_change_ends_where_its_clock_says() {
        let berlin = ["Europe/Berlin"; 2];
        let whole = span("2026-03-29T01:00:00", "2026-03-29T04:00:00", berlin).unwrap();
        assert_eq!(whole, ["2026-03-29T00:00:00.000Z", "2026-03-29T02:00:00.000Z"]);
        // Moved on past its end: it is there, without a length.
        let skipped = span("2026-03-29T02:30:00", "2026-03-29T03:00:00", berlin).unwrap();
        assert_eq!(skipped, ["2026-03-29T01:30:00.000Z", "2026-03-29T01:30:00.000Z"]);
        let flight = span("2026-03-01T10:00:00", "2026-03-01T09:30:00", ["Europe/Berlin", "Europe/London"]);
        assert_eq!(flight.unwrap(), ["2026-03-01T09:00:00.000Z", "2026-03-01T09:30:00.000Z"]);
    }

    #[test]
    fn what_ends_before_it_starts_on_the_clock_is_told() {
        let content = EventContent {
            title: None,
            description: None,
            location: None,
            when: When::timed(Timestamp::default(), Timestamp::default(), None).unwrap(),
            status: crate::event::Status::Confirmed,
            visibility: crate::event::Visibility::Default,
            transparency: crate::event::Transparency::Opaque,
            event_type: crate::event::EventType::Default,
            own_response: crate::event::OwnResponse::NotInvited,
            organizer: crate::event::Organizer::Own,
            series: SeriesPart::Single,
            ical_uid: None,
            sequence: 0,
        };
        let bound = |local| Bound::Wall(wall(local, "Europe/Berlin"));
        let span = FloatingSpan { start: bound("2026-03-01T10:00:00"), end: bound("2026-03-01T09:00:00") };
        let floating = Floating { span: Some(span), original_start: None };
        assert_eq!(floating.resolved(&content), Err(FloatingError::EndBeforeStart));
        assert_eq!(Floating::default().resolved(&content), Ok(content));
    }
}
