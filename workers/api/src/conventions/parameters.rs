//! Typed parameters of a query. A route declares them once; they are read, and described, by that.

use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::time::Timestamp;

use super::error::ApiError;

/// What a parameter may be.
pub(crate) trait Parameter: Sized {
    /// Reads it; `None`: it is left out.
    fn read(name: &'static str, text: Option<&str>) -> Result<Self, ApiError>;
}

/// A parameter that is a text of some form.
pub(crate) trait Form: Sized {
    /// What it must be.
    const FORM: &'static str;
    /// Reads it; `None` if it is malformed.
    fn parse(text: &str) -> Option<Self>;
}

impl<T: Form> Parameter for T {
    fn read(name: &'static str, text: Option<&str>) -> Result<Self, ApiError> {
        text.and_then(T::parse).ok_or_else(|| malformed(name, T::FORM))
    }
}

impl<T: Form> Parameter for Option<T> {
    fn read(name: &'static str, text: Option<&str>) -> Result<Self, ApiError> {
        text.map(|text| T::parse(text).ok_or_else(|| malformed(name, T::FORM))).transpose()
    }
}

fn malformed(name: &'static str, form: &str) -> ApiError {
    ApiError::invalid(name, format!("{name} must be {form}"))
}

impl Form for String {
    const FORM: &'static str = "a text";
    fn parse(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Form for AccountId {
    const FORM: &'static str = "the id of an account";
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Form for CalendarId {
    const FORM: &'static str = "the id of a calendar";
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// A point in time, RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant(pub(crate) Timestamp);

impl Form for Instant {
    const FORM: &'static str = "a time as of RFC 3339";
    fn parse(text: &str) -> Option<Self> {
        // A `+` that was not encoded arrives as a blank, and RFC 3339 has no blanks.
        Timestamp::parse_rfc3339(&text.replace(' ', "+")).map(Self)
    }
}

/// How many a page lists at most: 1 to 500, 100 unless it is said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit(pub(crate) u32);

impl Limit {
    const DEFAULT: u32 = 100;
    const MOST: u32 = 500;
}

impl Default for Limit {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}

impl Form for Limit {
    const FORM: &'static str = "a number from 1 to 500";
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (1..=Self::MOST).contains(number)).map(Self)
    }
}

/// Declares the parameters of a route: a type that reads itself from a query.
macro_rules! parameters {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        pub(crate) struct $name {
            $($(#[$about])* pub(crate) $field: $type,)*
        }

        impl $name {
            /// The names of all of them.
            #[allow(dead_code, reason = "a route that takes others too asks for none of them")]
            pub(crate) const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Reads them.
            pub(crate) fn read(query: &$crate::conventions::Query) -> Result<Self, $crate::ApiError> {
                use $crate::conventions::Parameter;
                Ok(Self {
                    $($field: <$type as Parameter>::read(stringify!($field), query.one(stringify!($field))?)?,)*
                })
            }
        }
    };
}
pub(crate) use parameters;

#[cfg(test)]
mod schemas {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::{Instant, Limit};

    impl JsonSchema for Instant {
        fn schema_name() -> Cow<'static, str> {
            "Instant".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "format": "date-time"})
        }
    }

    impl JsonSchema for Limit {
        fn schema_name() -> Cow<'static, str> {
            "Limit".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "integer", "minimum": 1, "maximum": Limit::MOST, "default": Limit::DEFAULT})
        }
    }
}
