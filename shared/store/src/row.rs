//! Rows, read by position.

use crate::{StoreError, Value};

/// One row of a result; columns by position, from 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row(Vec<Value>);

impl Row {
    /// A row of these values.
    #[must_use]
    pub const fn new(values: Vec<Value>) -> Self {
        Self(values)
    }

    /// The column at `column`, decoded.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it is absent or of another type.
    pub fn get<T: FromColumn>(&self, column: usize) -> Result<T, StoreError> {
        self.0.get(column).and_then(T::from_column).ok_or(StoreError::Column { column, wanted: T::WANTED })
    }

    /// The column at `column`, parsed from its text.
    ///
    /// # Errors
    /// [`StoreError::Column`] if it is no text; [`StoreError::Corrupt`] if the text does not parse.
    pub fn parse<T: std::str::FromStr>(&self, column: usize, what: &'static str) -> Result<T, StoreError> {
        self.get::<String>(column)?.parse().map_err(|_| StoreError::Corrupt { what })
    }

    /// [`Row::parse`] of a column that may be NULL.
    ///
    /// # Errors
    /// As [`Row::parse`].
    pub fn parse_opt<T: std::str::FromStr>(
        &self,
        column: usize,
        what: &'static str,
    ) -> Result<Option<T>, StoreError> {
        self.get::<Option<String>>(column)?
            .map(|text| text.parse().map_err(|_| StoreError::Corrupt { what }))
            .transpose()
    }
}

/// A type that a column decodes to.
pub trait FromColumn: Sized {
    /// The type's name in errors.
    const WANTED: &'static str;
    /// The decoded value, `None` if the column is of another type.
    fn from_column(value: &Value) -> Option<Self>;
}

impl FromColumn for String {
    const WANTED: &'static str = "text";
    fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl FromColumn for i64 {
    const WANTED: &'static str = "an integer";
    #[expect(
        clippy::cast_possible_truncation,
        reason = "engines that know only floats hold whole numbers below 2^53"
    )]
    fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(*number),
            Value::Real(number) if number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0 => {
                Some(*number as Self)
            }
            _ => None,
        }
    }
}

impl FromColumn for u32 {
    const WANTED: &'static str = "an integer of 32 bits";
    fn from_column(value: &Value) -> Option<Self> {
        i64::from_column(value).and_then(|number| Self::try_from(number).ok())
    }
}

impl FromColumn for bool {
    const WANTED: &'static str = "0 or 1";
    fn from_column(value: &Value) -> Option<Self> {
        match i64::from_column(value) {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        }
    }
}

impl FromColumn for Vec<u8> {
    const WANTED: &'static str = "bytes";
    fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}

impl FromColumn for [u8; 16] {
    const WANTED: &'static str = "16 bytes";
    fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Blob(bytes) => bytes.as_slice().try_into().ok(),
            _ => None,
        }
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    const WANTED: &'static str = T::WANTED;
    fn from_column(value: &Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            other => T::from_column(other).map(Some),
        }
    }
}
