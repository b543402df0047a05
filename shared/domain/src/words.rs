//! Enums of a provider's or our own words: stored by name, parsed back.

/// A text is none of the known words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of the known words")]
pub struct UnknownWord;

/// Gives a type its JSON Schema.
#[cfg(feature = "openapi")]
#[doc(hidden)]
#[macro_export]
macro_rules! with_schema {
    ($($item:tt)*) => {
        #[derive($crate::schemars::JsonSchema)]
        #[schemars(crate = "tminus_domain::schemars")]
        $($item)*
    };
}

/// What is deployed has no schemas.
#[cfg(not(feature = "openapi"))]
#[doc(hidden)]
#[macro_export]
macro_rules! with_schema {
    ($($item:tt)*) => { $($item)* };
}

/// Declares an enum of a provider's words: parsed leniently, stored by its name.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $crate::with_schema! {
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ::serde::Serialize, ::serde::Deserialize)]
            pub enum $name {
                $($(#[$vdoc])* #[serde(rename = $text)] $variant,)*
            }
        }

        impl $name {
            /// The word as it is stored.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownWord;
            fn from_str(text: &str) -> Result<Self, $crate::UnknownWord> {
                match text { $($text => Ok(Self::$variant),)* _ => Err($crate::UnknownWord) }
            }
        }
    };
}
