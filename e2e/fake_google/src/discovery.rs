//! Google's own discovery document as the judge of requests and answers.
//!
//! It is never checked in: it comes with Google's Python client, and its path is given by an option or
//! by the environment. Without it nothing is judged.

mod check;
mod schema;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value};

pub use check::{Side, Violation};
use schema::Shape;

/// Names the document's path.
pub const ENVIRONMENT: &str = "FAKE_GOOGLE_DISCOVERY";

/// What the document says.
#[derive(Debug)]
pub struct Discovery {
    methods: Vec<Method>,
    /// Parameters which every method takes.
    common: BTreeMap<String, Parameter>,
    schemas: BTreeMap<String, Shape>,
}

/// A method of the API.
#[derive(Debug)]
pub struct Method {
    /// `calendar.events.list`.
    pub id: String,
    /// Full addresses of the scopes which allow it.
    pub scopes: Vec<String>,
    verb: String,
    path: Vec<String>,
    parameters: BTreeMap<String, Parameter>,
    request: Option<Shape>,
    response: Option<Shape>,
}

/// A parameter of the query.
#[derive(Debug)]
struct Parameter {
    shape: Shape,
    allowed: Vec<String>,
    least: Option<i64>,
    most: Option<i64>,
    repeated: bool,
    required: bool,
}

impl Discovery {
    /// Reads the document which the environment names, if it names one.
    pub fn from_environment() -> Result<Option<Self>, String> {
        let path = std::env::var_os(ENVIRONMENT).filter(|path| !path.is_empty());
        path.map(|path| Self::load(Path::new(&path))).transpose()
    }

    /// Reads a document.
    pub fn load(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let document = serde_json::from_slice(&bytes).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&document).ok_or_else(|| format!("{}: no document of the Calendar API", path.display()))
    }

    /// Reads a document's text.
    #[must_use]
    pub fn parse(document: &Value) -> Option<Self> {
        if document.get("id") != Some(&"calendar:v3".into()) {
            return None;
        }
        let mut methods = Vec::new();
        collect(document, &mut methods);
        let schemas = document.get("schemas")?.as_object()?;
        Some(Self {
            methods,
            common: parameters(document),
            schemas: schemas.iter().map(|(name, schema)| (name.clone(), Shape::parse(schema))).collect(),
        })
    }

    /// The method of a call below `/calendar/v3`; of several the one with the most literal path.
    #[must_use]
    pub fn method(&self, verb: &str, segments: &[String]) -> Option<&Method> {
        let rest: Vec<&str> = segments.iter().skip(2).map(String::as_str).collect();
        let fits = |method: &&Method| {
            method.verb == verb
                && method.path.len() == rest.len()
                && method.path.iter().zip(&rest).all(|(wanted, got)| wanted.starts_with('{') || wanted == got)
        };
        let literals = |method: &&Method| method.path.iter().filter(|s| !s.starts_with('{')).count();
        self.methods.iter().filter(fits).max_by_key(literals)
    }

    /// The method with this name in the API reference, such as `events.list`.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Method> {
        self.methods.iter().find(|method| method.id.strip_prefix("calendar.") == Some(name))
    }
}

fn object<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flat_map(Map::iter)
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn texts(value: &Value, key: &str) -> Vec<String> {
    let items = value.get(key).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Methods of a document or resource and of the resources in it.
fn collect(node: &Value, into: &mut Vec<Method>) {
    for (_, method) in object(node, "methods") {
        into.push(Method {
            id: text(method, "id"),
            scopes: texts(method, "scopes"),
            verb: text(method, "httpMethod"),
            path: text(method, "path").split('/').map(str::to_owned).collect(),
            parameters: parameters(method),
            request: method.get("request").map(Shape::parse),
            response: method.get("response").map(Shape::parse),
        });
    }
    for (_, resource) in object(node, "resources") {
        collect(resource, into);
    }
}

fn parameters(node: &Value) -> BTreeMap<String, Parameter> {
    let flag = |value: &Value, key: &str| value.get(key) == Some(&true.into());
    object(node, "parameters")
        .filter(|(_, parameter)| text(parameter, "location") == "query")
        .map(|(name, parameter)| {
            let parsed = Parameter {
                shape: Shape::parse(parameter),
                allowed: texts(parameter, "enum"),
                least: text(parameter, "minimum").parse().ok(),
                most: text(parameter, "maximum").parse().ok(),
                repeated: flag(parameter, "repeated"),
                required: flag(parameter, "required"),
            };
            (name.clone(), parsed)
        })
        .collect()
}
