//! Events that a user makes with T-Minus itself, and not in an account.
//!
//! They may repeat. One occurrence is cancelled by an `EXDATE` line, and moved by that and an event of its own: exceptions
//! are what providers make of it.

use serde::{Deserialize, Serialize};

use crate::event::{
    EndBeforeStart, EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency,
    Visibility, When,
};
use crate::hours::{HoursError, Zone};
use crate::time::Timestamp;

/// Most bytes of a title, and of a place.
pub const MAX_LINE_BYTES: usize = 1_024;
/// Most bytes of a description, as of a provider's event.
pub const MAX_DESCRIPTION_BYTES: usize = 16_384;
/// The years 1 to 9999, which have four digits in every spelling: nothing takes place before or after.
pub const YEARS: std::ops::Range<Timestamp> =
    Timestamp::from_millis(-62_135_596_800_000)..Timestamp::from_millis(253_402_300_800_000);

/// What a user says of an event. An empty text is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OwnEvent {
    /// The title, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The description, at most 16,384 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The place, at most 1,024 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// When it takes place. Its zones are of the IANA database.
    pub when: When,
    /// Whether it stands. One that does not is deleted.
    #[serde(default)]
    pub status: Status,
    /// Who may see it.
    #[serde(default)]
    pub visibility: Visibility,
    /// Whether it blocks time.
    #[serde(default)]
    pub transparency: Transparency,
    /// RRULE, EXRULE, RDATE and EXDATE lines; empty: it does not repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recurrence: Vec<String>,
}

/// What is to be changed of an event; what is `None` stays. An empty text takes a text away, no lines the series.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct OwnEventPatch {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// When it takes place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// Whether it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// Whether it blocks time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transparency: Option<Transparency>,
    /// The lines of its series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recurrence: Option<Vec<String>>,
}

/// What is wrong with an event, told to the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OwnEventError {
    /// A title or a place is too long.
    #[error("a title or a place has at most {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// A description is too long.
    #[error("a description has at most {MAX_DESCRIPTION_BYTES} bytes")]
    DescriptionTooLong,
    /// A text holds what cannot be shown.
    #[error("a text holds a control character")]
    ControlCharacter,
    /// It ends before it starts.
    #[error(transparent)]
    EndBeforeStart(#[from] EndBeforeStart),
    /// No calendar shows such a time.
    #[error("a time is outside the years 1 to 9999")]
    OutOfRange,
    /// A zone is not known.
    #[error(transparent)]
    Zone(#[from] HoursError),
    /// An event that does not stand is deleted.
    #[error("an event is deleted, not cancelled")]
    Cancelled,
}

impl OwnEvent {
    /// The event as it is kept, its series as it is spelled here.
    ///
    /// # Errors
    /// [`OwnEventError`], the first thing that is wrong. Whether the series can be followed is not asked.
    pub fn content(self) -> Result<EventContent, OwnEventError> {
        for (text, most, error) in [
            (&self.title, MAX_LINE_BYTES, OwnEventError::LineTooLong),
            (&self.location, MAX_LINE_BYTES, OwnEventError::LineTooLong),
            (&self.description, MAX_DESCRIPTION_BYTES, OwnEventError::DescriptionTooLong),
        ] {
            let text = text.as_deref().unwrap_or_default();
            if text.len() > most {
                return Err(error);
            }
            if text.chars().any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
                return Err(OwnEventError::ControlCharacter);
            }
        }
        if self.status == Status::Cancelled {
            return Err(OwnEventError::Cancelled);
        }
        let some = |text: Option<String>| text.filter(|text| !text.is_empty());
        Ok(EventContent {
            title: some(self.title),
            description: some(self.description),
            location: some(self.location),
            when: span(self.when)?,
            status: self.status,
            visibility: self.visibility,
            transparency: self.transparency,
            event_type: EventType::Default,
            own_response: OwnResponse::NotInvited,
            organizer: Organizer::Own,
            series: match self.recurrence {
                lines if lines.is_empty() => SeriesPart::Single,
                lines => SeriesPart::Master { lines },
            },
            ical_uid: None,
            sequence: 0,
        })
    }

    /// What a user said of an event that is kept.
    #[must_use]
    pub fn of(content: EventContent) -> Self {
        Self {
            title: content.title,
            description: content.description,
            location: content.location,
            when: content.when,
            status: content.status,
            visibility: content.visibility,
            transparency: content.transparency,
            recurrence: match content.series {
                SeriesPart::Master { lines } => lines,
                SeriesPart::Single | SeriesPart::Exception { .. } => Vec::new(),
            },
        }
    }
}

impl OwnEventPatch {
    /// The event with what is to be changed of it.
    #[must_use]
    pub fn onto(self, event: OwnEvent) -> OwnEvent {
        OwnEvent {
            title: self.title.or(event.title),
            description: self.description.or(event.description),
            location: self.location.or(event.location),
            when: self.when.unwrap_or(event.when),
            status: self.status.unwrap_or(event.status),
            visibility: self.visibility.unwrap_or(event.visibility),
            transparency: self.transparency.unwrap_or(event.transparency),
            recurrence: self.recurrence.unwrap_or(event.recurrence),
        }
    }
}

/// A span that came from outside, in its one form.
fn span(when: When) -> Result<When, OwnEventError> {
    let when = match when {
        When::Timed { start, end, zone, end_zone } => {
            for zone in zone.iter().chain(&end_zone) {
                zone.parse::<Zone>()?;
            }
            When::timed(start, end, zone)?.ending_in(end_zone)
        }
        When::AllDay { start, end } => When::all_day(start, end)?,
    };
    let is_shown = YEARS.contains(&when.start_key()) && YEARS.contains(&when.end_key());
    if is_shown { Ok(when) } else { Err(OwnEventError::OutOfRange) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_millis(1_767_225_600_000).plus_seconds(hour * 3_600)
    }

    fn event() -> OwnEvent {
        let when = When::timed(at(9), at(10), Some("Europe/Berlin".to_owned())).unwrap();
        let json = serde_json::json!({"title": "Tennis", "when": when});
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn what_is_kept_leads_back_to_what_was_said() {
        let said = OwnEvent { recurrence: vec!["RRULE:FREQ=DAILY".to_owned()], ..event() };
        assert_eq!(OwnEvent::of(said.clone().content().unwrap()), said);
        let content = OwnEvent { title: Some(String::new()), ..event() }.content().unwrap();
        assert_eq!((content.title, content.series), (None, SeriesPart::Single));
    }

    #[test]
    fn a_patch_changes_what_it_names() {
        assert_eq!(OwnEventPatch::default().onto(event()), event());
        let patch = OwnEventPatch {
            title: Some(String::new()),
            status: Some(Status::Tentative),
            ..OwnEventPatch::default()
        };
        let patched = patch.onto(event()).content().unwrap();
        assert_eq!((patched.title, patched.status), (None, Status::Tentative));
        assert_eq!(patched.when, event().when);
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_reason() {
        let refused = |change: &dyn Fn(&mut OwnEvent)| {
            let mut event = event();
            change(&mut event);
            event.content().unwrap_err()
        };
        let long = |bytes| Some("x".repeat(bytes));
        let timed = |start, end, zone: Option<&str>, end_zone: Option<&str>| When::Timed {
            start,
            end,
            zone: zone.map(str::to_owned),
            end_zone: end_zone.map(str::to_owned),
        };
        assert_eq!(refused(&|event| event.title = long(1_025)), OwnEventError::LineTooLong);
        assert_eq!(refused(&|event| event.location = long(1_025)), OwnEventError::LineTooLong);
        assert_eq!(refused(&|event| event.description = long(2_000_000)), OwnEventError::DescriptionTooLong);
        assert_eq!(refused(&|event| event.title = Some("a\0b".to_owned())), OwnEventError::ControlCharacter);
        assert_eq!(refused(&|event| event.status = Status::Cancelled), OwnEventError::Cancelled);
        assert_eq!(
            refused(&|event| event.when = timed(at(2), at(1), None, None)),
            OwnEventError::EndBeforeStart(EndBeforeStart)
        );
        for zones in [(Some("Mars/Olympus"), None), (Some("UTC"), Some("Berlin"))] {
            assert_eq!(
                refused(&|event| event.when = timed(at(1), at(2), zones.0, zones.1)),
                OwnEventError::Zone(HoursError::UnknownZone)
            );
        }
        let never = Timestamp::from_millis(i64::MAX);
        assert_eq!(refused(&|event| event.when = timed(never, never, None, None)), OwnEventError::OutOfRange);
        assert_eq!(
            refused(&|event| {
                let day = chrono::NaiveDate::MAX;
                event.when = When::AllDay { start: day, end: day };
            }),
            OwnEventError::OutOfRange
        );
    }
}
