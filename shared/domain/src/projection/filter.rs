//! Whether an event is copied along an edge, and whether its mirror blocks time.

use regex_lite::Regex;

use crate::event::{EventContent, OwnResponse, SeriesPart, Status, Transparency, When};
use crate::hours::WorkingHours;
use crate::nosync;
use crate::occurrence::Occurrence;
use crate::pattern::{Pattern, folded};
use crate::policy::FilterReason;
use crate::rules::{AllDay, Answer, Declined, Filters, FreeEvents, HoursFilter, NosyncTag, RuleError};
use crate::time::Timestamp;

/// Whether a mirror blocks time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocking {
    /// It takes time.
    Busy,
    /// It is shown, and takes none.
    Free,
}

/// The patterns of an edge, compiled.
#[derive(Debug)]
pub(super) struct Patterns {
    titles: Vec<Regex>,
    descriptions: Vec<Regex>,
}

impl Patterns {
    /// Compiles the patterns of rules.
    pub(super) fn new(filters: &Filters) -> Result<Self, RuleError> {
        let compiled = |patterns: &[Pattern]| -> Result<Vec<Regex>, RuleError> {
            patterns.iter().map(Pattern::compiled).collect()
        };
        Ok(Self {
            titles: compiled(&filters.skip_titles)?,
            descriptions: compiled(&filters.skip_descriptions)?,
        })
    }

    fn match_any(&self, content: &EventContent) -> bool {
        let (title, description) = texts(content);
        is_any_found(&self.titles, title) || is_any_found(&self.descriptions, description)
    }
}

fn is_any_found(patterns: &[Regex], text: &str) -> bool {
    if patterns.is_empty() {
        // Folding copies the text, and few edges have patterns.
        return false;
    }
    let text = folded(text);
    patterns.iter().any(|pattern| pattern.is_match(&text))
}

/// Judges an event at `now` by everything that is known of it alone. The reasons are looked for in the order of
/// [`FilterReason`].
pub(super) fn judge(
    content: &EventContent,
    last_end: Option<Timestamp>,
    filters: &Filters,
    patterns: &Patterns,
    hours: Option<&WorkingHours>,
    now: Timestamp,
) -> Result<Blocking, FilterReason> {
    if content.status == Status::Cancelled {
        return Err(FilterReason::Cancelled);
    }
    let answered = by_answer(content.own_response, filters)?;
    let blocking = match (content.transparency, filters.free_events) {
        (Transparency::Opaque, _) => answered,
        (Transparency::Transparent, FreeEvents::Copy) => Blocking::Free,
        (Transparency::Transparent, FreeEvents::Skip) => return Err(FilterReason::Free),
    };
    if matches!(content.when, When::AllDay { .. }) {
        match (filters.all_day, blocking) {
            (AllDay::All, _) | (AllDay::Busy, Blocking::Busy) => {}
            (AllDay::Busy, Blocking::Free) | (AllDay::None, _) => return Err(FilterReason::AllDay),
        }
    }
    if filters.skip_event_types.contains(&content.event_type) {
        return Err(FilterReason::EventType);
    }
    // A series is judged by its first occurrence: one that is moved is an event of its own.
    let is_outside = || hours.is_some_and(|hours| !hours.overlaps(&content.when));
    if filters.working_hours == HoursFilter::Inside && is_outside() {
        return Err(FilterReason::OutsideHours);
    }
    if patterns.match_any(content) {
        return Err(FilterReason::Pattern);
    }
    let (title, description) = texts(content);
    if filters.nosync_tag == NosyncTag::Skip && (nosync::is_tagged(title) || nosync::is_tagged(description)) {
        return Err(FilterReason::Nosync);
    }
    let (start, end) = span(content, last_end);
    if filters.window().contains(now, start, end) { Ok(blocking) } else { Err(FilterReason::Window) }
}

fn by_answer(response: OwnResponse, filters: &Filters) -> Result<Blocking, FilterReason> {
    let by = |answer, reason| match answer {
        Answer::Copy => Ok(Blocking::Busy),
        Answer::Free => Ok(Blocking::Free),
        Answer::Skip => Err(reason),
    };
    match response {
        OwnResponse::Declined => match filters.declined {
            Declined::Skip => Err(FilterReason::Declined),
            Declined::Free => Ok(Blocking::Free),
        },
        OwnResponse::Tentative => by(filters.tentative, FilterReason::Tentative),
        OwnResponse::NeedsAction => by(filters.unanswered, FilterReason::Unanswered),
        OwnResponse::NotInvited | OwnResponse::Accepted => Ok(Blocking::Busy),
    }
}

/// Title and description. A missing text is an empty one, so that `^$` finds events without a title.
fn texts(content: &EventContent) -> (&str, &str) {
    (content.title.as_deref().unwrap_or_default(), content.description.as_deref().unwrap_or_default())
}

/// From when to when an event or a whole series takes place; days are taken in UTC.
fn span(content: &EventContent, last_end: Option<Timestamp>) -> (Timestamp, Option<Timestamp>) {
    let (start, end) = match &content.when {
        When::Timed { start, end, .. } => (*start, *end),
        When::AllDay { start, end } => (Occurrence::On(*start).sort_key(), Occurrence::On(*end).sort_key()),
    };
    match content.series {
        SeriesPart::Master { .. } => (start, last_end),
        SeriesPart::Single | SeriesPart::Exception { .. } => (start, Some(end)),
    }
}
