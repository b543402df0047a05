//! Typed parameters of a query. A route declares them once; they are read, and described, by that.

use tminus_domain::event::Status;
use tminus_domain::hours::Zone;
use tminus_domain::ids::{AccountId, CalendarId};
use tminus_domain::time::Timestamp;
use tminus_user_graph::own_contract::Subject;
use tminus_user_graph::reading_contract::{MAX_RANGE_DAYS, MAX_TEXT};

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

macro_rules! forms {
    ($($name:ty = $form:literal;)*) => {$(
        impl Form for $name {
            const FORM: &'static str = $form;
            fn parse(text: &str) -> Option<Self> {
                text.parse().ok()
            }
        }
    )*};
}

forms! {
    AccountId = "the id of an account";
    CalendarId = "the id of a calendar";
    Status = "confirmed, tentative or cancelled";
    Zone = "a zone of the IANA database, such as Europe/Berlin";
    Subject = "policy, working_hours, or the id of a constraint or an event";
}

/// Some of a kind, with commas between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Several<T>(pub(crate) Vec<T>);

impl<T> Default for Several<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Form> Form for Several<T> {
    const FORM: &'static str = T::FORM;
    fn parse(text: &str) -> Option<Self> {
        text.split(',').map(T::parse).collect::<Option<_>>().map(Self)
    }
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Words(pub(crate) String);

impl Form for Words {
    const FORM: &'static str = "a text of at most 200 characters";
    fn parse(text: &str) -> Option<Self> {
        (text.chars().count() <= MAX_TEXT).then(|| Self(text.to_owned()))
    }
}

/// The version of something, from 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Version(pub(crate) u32);

impl Form for Version {
    const FORM: &'static str = "a version, from 1";
    fn parse(text: &str) -> Option<Self> {
        text.parse().ok().filter(|version| *version > 0).map(Self)
    }
}

/// Refuses a range that is not read at once.
pub(crate) fn require_range(Instant(from): Instant, Instant(to): Instant) -> Result<(), ApiError> {
    const MAX_MS: i64 = MAX_RANGE_DAYS.saturating_mul(86_400_000);
    let range = to.millis().saturating_sub(from.millis());
    if (1..=MAX_MS).contains(&range) {
        return Ok(());
    }
    Err(ApiError::invalid("to", format!("to must be after from, by at most {MAX_RANGE_DAYS} days")))
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

    use super::{Instant, Limit, MAX_TEXT, Several, Version, Words};

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

    impl<T: JsonSchema> JsonSchema for Several<T> {
        fn schema_name() -> Cow<'static, str> {
            format!("Several_{}", T::schema_name()).into()
        }

        fn json_schema(generator: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "array", "minItems": 1, "items": generator.subschema_for::<T>()})
        }
    }

    impl JsonSchema for Words {
        fn schema_name() -> Cow<'static, str> {
            "Words".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "string", "minLength": 1, "maxLength": MAX_TEXT})
        }
    }

    impl JsonSchema for Version {
        fn schema_name() -> Cow<'static, str> {
            "Version".into()
        }

        fn json_schema(_: &mut SchemaGenerator) -> Schema {
            json_schema!({"type": "integer", "minimum": 1, "maximum": u32::MAX})
        }
    }
}
