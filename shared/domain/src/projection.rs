//! What others see of an event, and its hash.
//!
//! What a BUSY mirror shows is a function of time, status, what blocks time, and the user's rules. A mirror never has
//! attendees, conference data or reminders: [`MirrorBody`] has no place for them.

mod filter;
mod lens;

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::event::{Visibility, When};
use crate::policy::FilterReason;

pub use lens::Lens;

/// The title of a mirror that shows none.
pub const BUSY_TITLE: &str = "Busy";
/// Most characters of a mirror's title.
pub const MAX_SUMMARY_CHARS: usize = 1024;

/// Everything that a mirror shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MirrorBody {
    /// The title.
    pub summary: String,
    /// The description, with FULL only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<String>,
    /// The place, with FULL only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub location: Option<String>,
    /// When time is taken. Zones show in a series only: a single event is the same block in any.
    pub when: When,
    /// The lines of a series, in their canonical spelling.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub recurrence: Vec<String>,
    /// Whether the block is tentative.
    pub tentative: bool,
    /// Whether it takes no time: shown, but free.
    #[serde(default)]
    pub free: bool,
    /// Who may see the mirror at the provider.
    pub visibility: Visibility,
    /// Its colour, if not the calendar's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub color: Option<Color>,
}

/// A colour of the provider's palette for events, 1 to 11 (Calendar API, colors).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct Color(u8);

#[cfg(feature = "openapi")]
impl schemars::JsonSchema for Color {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Color".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "integer", "minimum": 1, "maximum": 11})
    }
}

/// A number is no colour of the palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a colour is a number from 1 to 11")]
pub struct NotAColor;

impl TryFrom<u8> for Color {
    type Error = NotAColor;

    fn try_from(number: u8) -> Result<Self, NotAColor> {
        if (1..=11).contains(&number) { Ok(Self(number)) } else { Err(NotAColor) }
    }
}

impl From<Color> for u8 {
    fn from(color: Color) -> Self {
        color.0
    }
}

/// The hash of a mirror's body: equal hashes mean that nothing has to be written. Shown as 32 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ProjectionHash([u8; 16]);

#[cfg(feature = "openapi")]
crate::schema::of_text!(ProjectionHash, "^[0-9a-f]{32}$");

impl ProjectionHash {
    /// A stored hash.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes that are stored.
    #[must_use]
    pub const fn bytes(&self) -> [u8; 16] {
        self.0
    }

    /// From the text that a mirror carries. Anything but the digits of a hash, which someone may have put there, becomes
    /// a hash that no body has.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let digits = HEXLOWER.decode(text.as_bytes()).ok();
        digits
            .and_then(|bytes| bytes.try_into().ok())
            .map_or_else(|| Self::of(Sha256::new_with_prefix(text)), Self)
    }

    fn of(hasher: Sha256) -> Self {
        let digest: [u8; 32] = hasher.finalize().into();
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = digest;
        Self([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
    }
}

impl std::fmt::Display for ProjectionHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl Serialize for ProjectionHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ProjectionHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::from_text(&std::borrow::Cow::<'_, str>::deserialize(deserializer)?))
    }
}

impl MirrorBody {
    /// The body's hash: the first 16 bytes of SHA-256 over its fields, each with its length.
    #[must_use]
    pub fn hash(&self) -> ProjectionHash {
        let mut hasher = Sha256::new();
        let mut field = |text: &str| {
            hasher.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        field("1");
        field(&self.summary);
        field(if self.description.is_some() { "d" } else { "" });
        field(self.description.as_deref().unwrap_or_default());
        field(if self.location.is_some() { "l" } else { "" });
        field(self.location.as_deref().unwrap_or_default());
        field(&self.when.start_text());
        field(&self.when.end_text());
        field(if self.tentative { "t" } else { "" });
        field(if self.visibility == Visibility::Private { "p" } else { "" });
        // What came later is hashed only where it is used: the hash of every mirror that was written before stays.
        if self.visibility == Visibility::Public {
            field("public");
        }
        if self.free {
            field("free");
        }
        if let Some(color) = self.color {
            field("color");
            field(&u8::from(color).to_string());
        }
        if !self.recurrence.is_empty() {
            field("recurrence");
            self.recurrence.iter().for_each(|line| field(line));
            if let When::Timed { zone, end_zone, .. } = &self.when {
                field("zone");
                field(zone.as_deref().unwrap_or_default());
                field(end_zone.as_deref().unwrap_or_default());
            }
        }
        ProjectionHash::of(hasher)
    }
}

/// What an event becomes along an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Projection {
    /// No mirror, for this reason.
    Filtered(FilterReason),
    /// A mirror that shows this.
    Shown(MirrorBody),
}

#[cfg(test)]
mod tests;
