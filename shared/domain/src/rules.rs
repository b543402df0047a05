//! What a user sets on an edge: which events are copied along it, and how the copies look.
//!
//! Stored as JSON. Every field has a default, and all defaults together copy what blocks time, as it is; a field
//! that is not known is refused, so that a misspelt filter is never taken for none.

use serde::{Deserialize, Serialize};

use crate::event::EventType;
use crate::hours::HoursError;
use crate::pattern::{self, Pattern};
use crate::projection::Color;
use crate::template::TitleTemplate;
use crate::window::Window;
use crate::words;

/// The furthest that a window reaches back or ahead, in days: ten years.
pub const MAX_WINDOW_DAYS: u16 = 3_660;
/// Most event types that a filter names: more than there are.
const MAX_EVENT_TYPES: usize = 32;

/// What a user sets on an edge.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct EdgeRules {
    /// Which events are copied.
    pub filters: Filters,
    /// How the copies look.
    pub shape: Shape,
}

/// Which events are copied along an edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Filters {
    /// Events that the owner declined.
    pub declined: Declined,
    /// Events that the owner accepted tentatively.
    pub tentative: Answer,
    /// Invitations without an answer of the owner.
    pub unanswered: Answer,
    /// Events that block no time.
    pub free_events: FreeEvents,
    /// Events of whole days.
    pub all_day: AllDay,
    /// Kinds of events that are not copied.
    pub skip_event_types: Vec<EventType>,
    /// Events outside the user's working hours.
    pub working_hours: HoursFilter,
    /// Events whose title matches one of these are not copied.
    pub skip_titles: Vec<Pattern>,
    /// Events whose description matches one of these are not copied.
    pub skip_descriptions: Vec<Pattern>,
    /// Events with the word `#nosync` in the title or the description, in any case.
    pub nosync_tag: NosyncTag,
    /// How many days back events are copied, at most [`MAX_WINDOW_DAYS`]; `None`: without bound.
    #[cfg_attr(feature = "openapi", schemars(range(max = MAX_WINDOW_DAYS)))]
    pub days_back: Option<u16>,
    /// How many days ahead events are copied, at most [`MAX_WINDOW_DAYS`]; `None`: without bound.
    #[cfg_attr(feature = "openapi", schemars(range(max = MAX_WINDOW_DAYS)))]
    pub days_ahead: Option<u16>,
}

impl Default for Filters {
    fn default() -> Self {
        Self {
            declined: Declined::default(),
            tentative: Answer::default(),
            unanswered: Answer::default(),
            free_events: FreeEvents::default(),
            all_day: AllDay::default(),
            skip_event_types: vec![EventType::Birthday, EventType::WorkingLocation],
            working_hours: HoursFilter::default(),
            skip_titles: Vec::new(),
            skip_descriptions: Vec::new(),
            nosync_tag: NosyncTag::default(),
            days_back: None,
            days_ahead: None,
        }
    }
}

/// How the copies along an edge look.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Shape {
    /// How the title is made; `None`: what the level of detail shows, as it is.
    pub title: Option<TitleTemplate>,
    /// The colour of the copies; `None`: the calendar's.
    pub color: Option<Color>,
    /// Who may see the copies at the provider.
    pub visibility: ShownTo,
}

words! {
    /// What becomes of a declined event.
    #[derive(Default)]
    Declined {
        /// No mirror.
        #[default]
        Skip = "skip",
        /// A mirror that takes no time.
        Free = "free",
    }
}

words! {
    /// What becomes of an event that the owner did not accept (yet).
    #[derive(Default)]
    Answer {
        /// It is copied like an accepted one.
        #[default]
        Copy = "copy",
        /// A mirror that takes no time.
        Free = "free",
        /// No mirror.
        Skip = "skip",
    }
}

words! {
    /// What becomes of an event that blocks no time.
    #[derive(Default)]
    FreeEvents {
        /// No mirror.
        #[default]
        Skip = "skip",
        /// A mirror that takes no time.
        Copy = "copy",
    }
}

words! {
    /// Which events of whole days are copied.
    #[derive(Default)]
    AllDay {
        /// All of them.
        #[default]
        All = "all",
        /// Those whose mirror would block time.
        Busy = "busy",
        /// None.
        None = "none",
    }
}

words! {
    /// Whether the user's working hours matter.
    #[derive(Default)]
    HoursFilter {
        /// Events at any time are copied.
        #[default]
        Any = "any",
        /// Only events that overlap the working hours. A user without working hours has no event outside of them.
        Inside = "inside",
    }
}

words! {
    /// What the tag `#nosync` does.
    #[derive(Default)]
    NosyncTag {
        /// An event that carries it has no mirror.
        #[default]
        Skip = "skip",
        /// Nothing.
        Ignore = "ignore",
    }
}

words! {
    /// Who may see a mirror at the provider.
    #[derive(Default)]
    ShownTo {
        /// BUSY: its guests only, which are none. TITLE and FULL: as the calendar says.
        #[default]
        AsLevel = "as_level",
        /// As the calendar says.
        Default = "default",
        /// Nobody but who may edit the calendar.
        Private = "private",
        /// Everyone.
        Public = "public",
    }
}

/// What is wrong with the rules of an edge, told to the user. It quotes nothing but what the user wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// A pattern matches every text.
    #[error("an empty pattern would match every event")]
    PatternEmpty,
    /// A pattern is longer than [`pattern::MAX_CHARS`].
    #[error("a pattern may have at most {} characters", pattern::MAX_CHARS)]
    PatternTooLong,
    /// A pattern is no regular expression.
    #[error("the pattern \"{pattern}\" is not a regular expression: {reason}")]
    PatternMalformed {
        /// The user's pattern.
        pattern: String,
        /// What is wrong, in the words of the regular expressions' parser.
        reason: String,
    },
    /// A pattern takes more memory than [`pattern::MAX_COMPILED_BYTES`].
    #[error("the pattern \"{pattern}\" repeats too much; use smaller counts")]
    PatternTooBig {
        /// The user's pattern.
        pattern: String,
    },
    /// More patterns than [`pattern::MAX_PATTERNS`].
    #[error("there may be at most {} patterns", pattern::MAX_PATTERNS)]
    TooManyPatterns,
    /// A title template is longer than [`crate::template::MAX_CHARS`].
    #[error("a title template may have at most {} characters", crate::template::MAX_CHARS)]
    TemplateTooLong,
    /// A title template has control characters, such as line breaks.
    #[error("a title template is a single line of text")]
    TemplateControl,
    /// A title template names something that it cannot show.
    #[error("a title template knows no placeholder {{{name}}}, only {{title}}")]
    TemplatePlaceholder {
        /// What stands between the braces.
        name: String,
    },
    /// A brace of a title template has no partner.
    #[error("braces in a title template are for the placeholder {{title}} only")]
    TemplateBraces,
    /// A window reaches further than [`MAX_WINDOW_DAYS`].
    #[error("events are copied at most {MAX_WINDOW_DAYS} days back or ahead")]
    WindowTooWide,
    /// A list of event types is longer than there are types.
    #[error("there are not that many event types")]
    TooManyEventTypes,
    /// The working hours are wrong.
    #[error(transparent)]
    Hours(#[from] HoursError),
}

impl EdgeRules {
    /// Finds whatever is wrong with the rules, so that a user hears of it when they are set.
    ///
    /// # Errors
    /// [`RuleError`], the first one found.
    pub fn check(&self) -> Result<(), RuleError> {
        let filters = &self.filters;
        if filters.skip_event_types.len() > MAX_EVENT_TYPES {
            return Err(RuleError::TooManyEventTypes);
        }
        if [filters.days_back, filters.days_ahead].into_iter().flatten().any(|days| days > MAX_WINDOW_DAYS) {
            return Err(RuleError::WindowTooWide);
        }
        if filters.skip_titles.len().saturating_add(filters.skip_descriptions.len()) > pattern::MAX_PATTERNS {
            return Err(RuleError::TooManyPatterns);
        }
        for pattern in filters.skip_titles.iter().chain(&filters.skip_descriptions) {
            pattern.compiled()?;
        }
        self.shape.title.as_ref().map_or(Ok(()), TitleTemplate::check)
    }
}

impl Filters {
    /// How far back and ahead events are copied.
    #[must_use]
    pub const fn window(&self) -> Window {
        Window { back: self.days_back, ahead: self.days_ahead }
    }
}

#[cfg(test)]
mod tests;
