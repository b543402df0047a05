//! How the title of a mirror is made from what the level of detail shows.

use serde::{Deserialize, Serialize};

use crate::rules::RuleError;

/// Most characters of a template.
pub const MAX_CHARS: usize = 200;
/// The only placeholder: the title that the level of detail shows.
const TITLE: &str = "title";

/// A title with `{title}` in it, any number of times. Everything else in it is shown as it stands. It may be wrong:
/// [`crate::rules::EdgeRules::check`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TitleTemplate(String);

impl TitleTemplate {
    /// From what the user wrote.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// As the user wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn check(&self) -> Result<(), RuleError> {
        if self.0.chars().count() > MAX_CHARS {
            return Err(RuleError::TemplateTooLong);
        }
        if self.0.chars().any(char::is_control) {
            return Err(RuleError::TemplateControl);
        }
        let mut rest = self.0.as_str();
        while let Some((literal, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or(RuleError::TemplateBraces)?;
            if literal.contains('}') || name.contains('{') {
                return Err(RuleError::TemplateBraces);
            }
            if name != TITLE {
                return Err(RuleError::TemplatePlaceholder { name: name.to_owned() });
            }
            rest = after;
        }
        if rest.contains('}') { Err(RuleError::TemplateBraces) } else { Ok(()) }
    }

    /// The template with `title` in its places.
    #[must_use]
    pub fn render(&self, title: &str) -> String {
        self.0.replace("{title}", title)
    }
}
