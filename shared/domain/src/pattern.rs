//! Patterns that a user writes: regular expressions that ignore case, bounded in number, length and memory.
//!
//! They are searched for in time linear in the text, whatever the pattern. The crate is `regex-lite`: `regex` itself would be
//! a sixth of the state Worker. It knows case and classes in ASCII only, as JavaScript does, so that both sides are folded to
//! lower case here.

use regex_lite::Regex;
use serde::{Deserialize, Serialize};

use crate::rules::RuleError;

/// Most patterns of one edge.
pub const MAX_PATTERNS: usize = 20;
/// Most characters of a pattern.
pub const MAX_CHARS: usize = 200;
/// Most bytes that a compiled pattern takes.
pub const MAX_COMPILED_BYTES: usize = 64 * 1024;
/// Most nesting of groups; the parser recurses.
const MAX_NESTING: u32 = 32;
/// A regular expression as the user wrote it. It may not compile: [`crate::rules::EdgeRules::check`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "openapi", schemars(extend("minLength" = 1, "maxLength" = MAX_CHARS)))]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
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

    /// Ready to be searched for in [`folded`] texts.
    pub(crate) fn compiled(&self) -> Result<Regex, RuleError> {
        if self.0.is_empty() {
            return Err(RuleError::PatternEmpty);
        }
        if self.0.chars().count() > MAX_CHARS {
            return Err(RuleError::PatternTooLong);
        }
        regex_lite::RegexBuilder::new(&rewritten(&self.0))
            .size_limit(MAX_COMPILED_BYTES)
            .nest_limit(MAX_NESTING)
            .build()
            .map_err(|error| match error.to_string() {
                // The crate tells its errors by their words only.
                reason if reason.contains("size limit") => {
                    RuleError::PatternTooBig { pattern: self.0.clone() }
                }
                reason => RuleError::PatternMalformed { pattern: self.0.clone(), reason },
            })
    }
}

/// A text in lower case, character by character: what a letter becomes does not depend on its neighbours, so that a
/// part of a text becomes a part of the folded text.
#[must_use]
pub(crate) fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

/// The pattern folded like the texts. What is escaped keeps its case: `\S` is not `\s`.
fn rewritten(pattern: &str) -> String {
    // Who knows regular expressions asks for what is the case anyway.
    let pattern = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let mut made = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            made.push(c);
            made.extend(chars.next());
        } else {
            made.extend(c.to_lowercase());
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.to_owned())
    }

    fn is_found(text: &str, within: &str) -> bool {
        pattern(text).compiled().unwrap().is_match(&folded(within))
    }

    #[test]
    fn patterns_ignore_case_in_any_script() {
        for (text, within) in [
            ("lunch", "LUNCH with Bo"),
            ("ÜBUNG|mañana", "Morgen: übung"),
            ("[А-Я]рач$", "к ВРАЧ"),
            ("(?i)Lunch", "lunch"),
            ("^$", ""),
        ] {
            assert!(is_found(text, within), "{text}");
        }
        assert!(!is_found("^lunch$", "after lunch"));
    }

    #[test]
    fn classes_are_the_ascii_ones_and_keep_their_case() {
        for (text, within) in [
            (r"^\d+\s\w+$", "12 Ab_1"),
            (r"\b1:1\b", "Bo/Al 1:1, weekly"),
            (r"^\S+$", "one-word"),
            (r"^[\w\s-]+$", "a b-C"),
            (r"^[^\d\s]+$", "abc"),
            (r"^\D\W$", "a!"),
            (r"a\Bb", "ab"),
            (r"a\.b\\", r"A.B\"),
        ] {
            assert!(is_found(text, within), "{text}");
        }
        for (text, within) in
            [(r"^\S+$", "two words"), (r"\bone\b", "someone"), (r"a\.b", "axb"), (r"\w", "ü")]
        {
            assert!(!is_found(text, within), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_in_words() {
        let told = |text: &str| pattern(text).compiled().unwrap_err().to_string();
        assert_eq!(told(""), "an empty pattern would match every event");
        assert_eq!(
            told("(a"),
            "the pattern \"(a\" is not a regular expression: found open group without closing ')'"
        );
        assert_eq!(told(&"a".repeat(201)), "a pattern may have at most 200 characters");
        assert_eq!(told("(a{99}){99}"), "the pattern \"(a{99}){99}\" repeats too much; use smaller counts");
        assert!(pattern(&"ü".repeat(200)).compiled().is_ok());
        assert!(told(&"(".repeat(100)).contains("not a regular expression"));
        assert!(told("\\").contains("not a regular expression"));
    }

    proptest! {
        #[test]
        fn a_literal_is_found_in_any_case(text in "[a-zA-ZäÖßéА-я ]{1,20}", around in ".{0,10}") {
            for cased in [text.clone(), text.to_lowercase()] {
                let within = format!("{around}{cased}{around}");
                // "Σ" and "ß" have several lower or upper cases; the folding is by character.
                prop_assume!(folded(&cased) == folded(&text));
                prop_assert!(is_found(&text, &within));
            }
        }

        #[test]
        fn no_pattern_panics(text in ".{0,40}", within in ".{0,40}") {
            if let Ok(compiled) = pattern(&text).compiled() {
                compiled.is_match(&folded(&within));
            }
        }

        #[test]
        fn no_pattern_of_signs_panics(text in r"[\\()\[\]{}?*+|^$.a-cA-CdDwWsSbBxpPui0-9:,<>&~-]{0,40}") {
            let _ = pattern(&text).compiled();
        }
    }
}
