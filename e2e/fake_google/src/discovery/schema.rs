//! Shapes of values, and what is wrong with a value.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

/// The shape of a value.
#[derive(Debug)]
pub(super) enum Shape {
    /// The schema with this name.
    Named(String),
    Text(Format),
    Boolean,
    Integer,
    Number,
    List(Box<Self>),
    Object {
        properties: BTreeMap<String, Property>,
        /// The shape of properties which are not named.
        others: Option<Box<Self>>,
    },
    Anything,
}

/// The form of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Free,
    Int64,
    Date,
    DateTime,
}

#[derive(Debug)]
pub(super) struct Property {
    shape: Shape,
    /// Methods whose requests must have it.
    required_by: Vec<String>,
}

/// What is wrong, where, and whether a server would refuse it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) at: String,
    pub(super) what: String,
    pub(super) refused: bool,
}

/// A value being judged.
pub(super) struct Judge<'a> {
    pub(super) schemas: &'a BTreeMap<String, Shape>,
    /// The method whose request it is; `None` for an answer.
    pub(super) request_of: Option<&'a str>,
    pub(super) problems: Vec<Problem>,
}

impl Shape {
    pub(super) fn parse(schema: &Value) -> Self {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return Self::Named(name.to_owned());
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("string") => Self::Text(match schema.get("format").and_then(Value::as_str) {
                Some("int64" | "uint64") => Format::Int64,
                Some("date") => Format::Date,
                Some("date-time") => Format::DateTime,
                _ => Format::Free,
            }),
            Some("boolean") => Self::Boolean,
            Some("integer") => Self::Integer,
            Some("number") => Self::Number,
            Some("array") => Self::List(Box::new(schema.get("items").map_or(Self::Anything, Self::parse))),
            Some("object") => Self::Object {
                properties: super::object(schema, "properties")
                    .map(|(name, property)| {
                        let annotations = property.get("annotations").unwrap_or(&Value::Null);
                        let required_by = super::texts(annotations, "required");
                        (name.clone(), Property { shape: Self::parse(property), required_by })
                    })
                    .collect(),
                others: schema.get("additionalProperties").map(|s| Box::new(Self::parse(s))),
            },
            _ => Self::Anything,
        }
    }

    /// Whether the text of a query parameter has this shape.
    pub(super) fn reads(&self, text: &str) -> bool {
        match self {
            Self::Boolean => matches!(text, "true" | "false"),
            Self::Integer => text.parse::<i32>().is_ok(),
            Self::Number => text.parse::<f64>().is_ok(),
            Self::Text(Format::Int64) => text.parse::<i64>().is_ok(),
            Self::Text(Format::Date) => is_date(text),
            Self::Text(Format::DateTime) => DateTime::parse_from_rfc3339(text).is_ok(),
            _ => true,
        }
    }
}

impl Judge<'_> {
    /// Judges a value at a place.
    pub(super) fn value(&mut self, value: &Value, shape: &Shape, at: &str) {
        let fits = match (shape, value) {
            (Shape::Anything, _) => true,
            (Shape::Named(name), _) => match self.schemas.get(name) {
                Some(shape) => return self.value(value, shape, at),
                None => return self.problem(at, format!("the document lacks the schema {name}"), false),
            },
            // A null takes something away.
            (_, Value::Null) => self.request_of.is_some(),
            (Shape::Text(format), Value::String(text)) => return self.text(text, *format, at),
            // Servers read numbers for int64, they only never write them.
            (Shape::Text(Format::Int64), Value::Number(n)) => self.request_of.is_some() && n.is_i64(),
            (Shape::Boolean, Value::Bool(_)) | (Shape::Number, Value::Number(_)) => true,
            (Shape::Integer, Value::Number(n)) => n.as_i64().is_some_and(|n| i32::try_from(n).is_ok()),
            (Shape::List(items), Value::Array(values)) => {
                for (n, value) in values.iter().enumerate() {
                    self.value(value, items, &format!("{at}[{n}]"));
                }
                true
            }
            (Shape::Object { properties, others }, Value::Object(values)) => {
                for (name, value) in values {
                    let at = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    match (properties.get(name), others) {
                        (Some(property), _) => self.value(value, &property.shape, &at),
                        (None, Some(shape)) => self.value(value, shape, &at),
                        (None, None) => self.problem(&at, "unknown property".to_owned(), false),
                    }
                }
                let method = self.request_of.unwrap_or_default();
                for (name, property) in properties {
                    let required = property.required_by.iter().any(|m| m == method);
                    if required && values.get(name).is_none_or(Value::is_null) {
                        self.problem(at, format!("{name} is required"), false);
                    }
                }
                true
            }
            _ => false,
        };
        if !fits {
            self.problem(at, format!("{} instead of {}", kind(value), shape.name()), true);
        }
    }

    fn text(&mut self, text: &str, format: Format, at: &str) {
        let fits = match format {
            Format::Free => true,
            Format::Int64 => text.parse::<i64>().is_ok(),
            Format::Date => is_date(text),
            Format::DateTime => {
                // In a request the zone may stand beside the time.
                let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
                DateTime::parse_from_rfc3339(text).is_ok() || (local && self.request_of.is_some())
            }
        };
        if !fits {
            self.problem(at, format!("not of the format {format:?}"), true);
        }
    }

    fn problem(&mut self, at: &str, what: String, refused: bool) {
        self.problems.push(Problem { at: at.to_owned(), what, refused });
    }
}

impl Shape {
    const fn name(&self) -> &'static str {
        match self {
            Self::Named(_) | Self::Object { .. } => "an object",
            Self::Text(_) => "a string",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer of 32 bits",
            Self::Number => "a number",
            Self::List(_) => "an array",
            Self::Anything => "anything",
        }
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}
