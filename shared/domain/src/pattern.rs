//! Patterns that a user writes: regular expressions that ignore case, bounded in number, length and memory.
//!
//! They are searched in time linear in the text, whatever the pattern (crate `regex`).

use serde::{Deserialize, Serialize};

use crate::rules::RuleError;

/// Most patterns of one edge.
pub const MAX_PATTERNS: usize = 20;
/// Most characters of a pattern.
pub const MAX_CHARS: usize = 200;
/// Most bytes that a compiled pattern takes.
pub const MAX_COMPILED_BYTES: usize = 64 * 1024;
/// Most bytes of the cache that a pattern searches with.
const MAX_CACHE_BYTES: usize = 256 * 1024;
/// Most nesting of groups; the parser recurses.
const MAX_NESTING: u32 = 32;

/// A regular expression as the user wrote it. It may not compile: [`crate::rules::EdgeRules::check`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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

    /// Ready to be searched for.
    pub(crate) fn compiled(&self) -> Result<regex::Regex, RuleError> {
        if self.0.is_empty() {
            return Err(RuleError::PatternEmpty);
        }
        if self.0.chars().count() > MAX_CHARS {
            return Err(RuleError::PatternTooLong);
        }
        regex::RegexBuilder::new(&self.0)
            .case_insensitive(true)
            .size_limit(MAX_COMPILED_BYTES)
            .dfa_size_limit(MAX_CACHE_BYTES)
            .nest_limit(MAX_NESTING)
            .build()
            .map_err(|error| match error {
                regex::Error::CompiledTooBig(_) => RuleError::PatternTooBig { pattern: self.0.clone() },
                error => RuleError::PatternMalformed { pattern: self.0.clone(), reason: reason(&error) },
            })
    }
}

/// The last line of the parser's message: those before it show the pattern once more and point into it.
fn reason(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().next_back().unwrap_or_default();
    last.strip_prefix("error: ").unwrap_or(last).to_owned()
}
