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
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(extend("maxLength" = MAX_CHARS)))]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<(), RuleError> {
        TitleTemplate::new(text.to_owned()).check()
    }

    #[test]
    fn a_template_is_a_line_with_one_placeholder() {
        for good in ["", "Taken", "{title}", "[a] {title} · {title}!", &"ü".repeat(MAX_CHARS)] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in ["{", "}", "{title", "title}", "{{title}}", "a } {title}", "{ti{title}tle}"] {
            assert_eq!(check(bad), Err(RuleError::TemplateBraces), "{bad}");
        }
        for name in ["", "Title", " title ", "description"] {
            let unknown = RuleError::TemplatePlaceholder { name: name.to_owned() };
            assert_eq!(check(&format!("{{title}} {{{name}}}")), Err(unknown));
        }
        assert_eq!(check("a\nb"), Err(RuleError::TemplateControl));
        assert_eq!(check(&"a".repeat(MAX_CHARS + 1)), Err(RuleError::TemplateTooLong));
    }
}
