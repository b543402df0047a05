//! An edge made ready to project events along it.

use super::filter::{Blocking, Patterns, judge};
use super::{BUSY_TITLE, MAX_SUMMARY_CHARS, MirrorBody, Projection};
use crate::event::{EventContent, SeriesPart, Status, Visibility, When};
use crate::hours::WorkingHours;
use crate::policy::{DetailLevel, Edge};
use crate::recurrence::iana_zone;
use crate::rules::{RuleError, ShownTo};
use crate::time::Timestamp;
use crate::window::Window;

/// An edge whose rules are checked and whose patterns are compiled, once for many events.
#[derive(Debug)]
pub struct Lens {
    edge: Edge,
    hours: Option<WorkingHours>,
    patterns: Patterns,
}

impl Lens {
    /// Makes an edge ready. Without working hours no event is outside of them.
    ///
    /// # Errors
    /// [`RuleError`] if the rules or the hours are wrong; those that were checked when they were set never are.
    pub fn new(edge: Edge, hours: Option<WorkingHours>) -> Result<Self, RuleError> {
        edge.rules.check()?;
        hours.as_ref().map_or(Ok(()), WorkingHours::check)?;
        let patterns = Patterns::new(&edge.rules.filters)?;
        Ok(Self { edge, hours, patterns })
    }

    /// The edge.
    #[must_use]
    pub const fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Whether the same event may be projected differently later: a window is set.
    #[must_use]
    pub const fn needs_clock(&self) -> bool {
        self.edge.rules.filters.window().is_bounded()
    }

    /// How far back and ahead it reaches.
    #[must_use]
    pub const fn window(&self) -> Window {
        self.edge.rules.filters.window()
    }

    /// Whether it shows every event as `other` does.
    #[must_use]
    pub fn shows_like(&self, other: &Self) -> bool {
        self.edge.detail == other.edge.detail
            && self.edge.rules == other.edge.rules
            && self.hours == other.hours
    }

    /// Projects an event at `now`. `last_end` is the end of the last occurrence of a series, `None` if it is endless,
    /// and means nothing for other events.
    #[must_use]
    pub fn project(&self, content: &EventContent, last_end: Option<Timestamp>, now: Timestamp) -> Projection {
        let filters = &self.edge.rules.filters;
        match judge(content, last_end, filters, &self.patterns, self.hours.as_ref(), now) {
            Err(reason) => Projection::Filtered(reason),
            Ok(blocking) => Projection::Shown(self.body(content, blocking)),
        }
    }

    fn body(&self, content: &EventContent, blocking: Blocking) -> MirrorBody {
        let is_full = self.edge.detail == DetailLevel::Full;
        let recurrence = match &content.series {
            SeriesPart::Master { lines } => lines.clone(),
            SeriesPart::Single | SeriesPart::Exception { .. } => Vec::new(),
        };
        MirrorBody {
            summary: self.summary(content),
            description: shown(&content.description).filter(|_| is_full),
            location: shown(&content.location).filter(|_| is_full),
            when: if recurrence.is_empty() { without_zone(&content.when) } else { in_zone(&content.when) },
            recurrence,
            tentative: content.status == Status::Tentative,
            free: blocking == Blocking::Free,
            visibility: self.visibility(content.visibility),
            color: self.edge.rules.shape.color,
        }
    }

    /// What the level shows of the title, put into the template. The level decides: a template cannot show more.
    fn summary(&self, content: &EventContent) -> String {
        let title = match self.edge.detail {
            DetailLevel::Busy => None,
            DetailLevel::Title | DetailLevel::Full => content.title.as_deref(),
        };
        let title = title.filter(|title| !title.is_empty()).unwrap_or(BUSY_TITLE);
        let made = match &self.edge.rules.shape.title {
            Some(template) => Some(template.render(title)).filter(|made| !made.trim().is_empty()),
            None => Some(title.to_owned()),
        };
        let made = made.unwrap_or_else(|| BUSY_TITLE.to_owned());
        made.chars().take(MAX_SUMMARY_CHARS).collect()
    }

    /// What is private where it comes from stays so: the rule of an edge does not know of the one event that its
    /// owner wanted to hide. A BUSY mirror has nothing to hide.
    fn visibility(&self, of_event: Visibility) -> Visibility {
        let is_busy = self.edge.detail == DetailLevel::Busy;
        match self.edge.rules.shape.visibility {
            _ if of_event == Visibility::Private && !is_busy => Visibility::Private,
            ShownTo::AsLevel if is_busy => Visibility::Private,
            ShownTo::AsLevel | ShownTo::Default => Visibility::Default,
            ShownTo::Private => Visibility::Private,
            ShownTo::Public => Visibility::Public,
        }
    }
}

/// A cleared text is none: what is read back of a mirror makes no difference either.
fn shown(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}

/// A single event is the same block in any zone.
fn without_zone(when: &When) -> When {
    match when {
        When::Timed { start, end, .. } => {
            When::Timed { start: *start, end: *end, zone: None, end_zone: None }
        }
        When::AllDay { .. } => when.clone(),
    }
}

/// A timed series repeats by the clock of a zone, so that it has to have one, by a name that providers take.
fn in_zone(when: &When) -> When {
    match when {
        When::Timed { start, end, zone, end_zone } => {
            let named = |zone: &Option<String>| {
                let zone = zone.as_deref().filter(|zone| !zone.is_empty())?;
                Some(iana_zone(zone).unwrap_or(zone).to_owned())
            };
            let zone = named(zone).or_else(|| Some("UTC".to_owned()));
            When::Timed { start: *start, end: *end, zone, end_zone: None }.ending_in(named(end_zone))
        }
        When::AllDay { .. } => when.clone(),
    }
}
