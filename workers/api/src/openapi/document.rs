//! The document: OpenAPI 3.1.

use serde_json::{Map, Value, json};
use tminus_ports::Method;

use super::schemas::Schemas;
use crate::conventions::{Code, Refusal};
use crate::cookies::SESSION;
use crate::router::{Access, Row};
use crate::table::{TABLE, described};

/// What holds for every route.
const CONVENTIONS: &str = include_str!("conventions.md");
const JSON: &str = "application/json";

/// What is to be said of a route beside its line of the table.
pub(crate) struct Described {
    /// The first line is its summary.
    pub(crate) text: String,
    /// The places of its path.
    pub(crate) places: Vec<(&'static str, Value)>,
    /// The object of its parameters.
    pub(crate) parameters: Option<Value>,
    /// Its body.
    pub(crate) body: Option<Value>,
    /// What it answers, by status; `null` is an answer without a body.
    pub(crate) answers: Vec<(u16, Value)>,
    /// Statuses of refusals that do not follow from the rest.
    pub(crate) refusals: Vec<u16>,
}

/// The document as it is served: what is said of the conventions and of the types in words stands in docs/API.md only,
/// as the Worker has a size to keep.
pub(super) fn served(mut document: Value) -> Value {
    document["info"]["description"] =
        "docs/API.md says the same in words, and what holds for every route.".into();
    silence(&mut document["components"]["schemas"]);
    for operation in document["paths"].as_object_mut().unwrap().values_mut().flat_map(operations) {
        if let Some(body) = operation.get_mut("requestBody") {
            silence(body);
        }
    }
    document
}

fn operations(path: &mut Value) -> impl Iterator<Item = &mut Value> {
    path.as_object_mut().unwrap().values_mut()
}

fn silence(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // A field may be called so too; it is not a text then.
            if fields.get("description").is_some_and(Value::is_string) {
                fields.remove("description");
            }
            fields.values_mut().for_each(silence);
        }
        Value::Array(items) => items.iter_mut().for_each(silence),
        _ => {}
    }
}

/// The document with everything that there is to say.
pub(super) fn document() -> Value {
    let mut schemas = Schemas::new();
    let mut paths = Map::new();
    for (row, described) in TABLE.iter().zip(described(&mut schemas)) {
        let methods = paths.entry(row.path).or_insert_with(|| json!({}));
        methods[row.method.as_str().to_lowercase()] = operation(row, described);
    }
    schemas.shown::<Refusal>();
    let codes = schemas.shown::<Code>();
    let schemas = schemas.components();
    let responses = refusals(&schemas, &codes);
    json!({
        "openapi": "3.1.0",
        "info": {"title": "T-Minus", "version": env!("CARGO_PKG_VERSION"), "description": CONVENTIONS},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "parameters": {"IdempotencyKey": {
                "name": "Idempotency-Key",
                "in": "header",
                "description": "The request is done once under this key.",
                "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
            }},
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SESSION},
                "operator": {"type": "http", "scheme": "bearer"},
            },
        },
    })
}

fn operation(row: &Row, described: Described) -> Value {
    let (summary, more) = described.text.split_once('\n').unwrap_or((&described.text, ""));
    let refusals = refused_with(row, &described);
    let mut operation = json!({"operationId": row.name, "summary": summary});
    if !more.is_empty() {
        operation["description"] = more.replace('\n', " ").into();
    }
    operation["security"] = match row.access {
        Access::Open => json!([]),
        Access::Session => json!([{"session": []}]),
        Access::Operator => json!([{"operator": []}]),
    };
    let places = described.places.into_iter();
    let places =
        places.map(|(name, schema)| json!({"name": name, "in": "path", "required": true, "schema": schema}));
    let mut parameters: Vec<Value> = places.chain(described.parameters.iter().flat_map(query)).collect();
    if row.changes_by_session() {
        parameters.push(json!({"$ref": "#/components/parameters/IdempotencyKey"}));
    }
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(schema) = described.body {
        operation["requestBody"] = json!({"required": true, "content": {JSON: {"schema": schema}}});
    }
    let mut responses = Map::new();
    for (status, schema) in described.answers {
        let media = schema["contentMediaType"].as_str().unwrap_or(JSON).to_owned();
        let content = if status == 302 { json!({}) } else { json!({"content": {media: {"schema": schema}}}) };
        let mut response = json!({"description": if status == 302 { "Elsewhere" } else { "Done" }});
        response.as_object_mut().unwrap().extend(content.as_object().cloned().unwrap());
        responses.insert(status.to_string(), response);
    }
    for status in refusals {
        responses.insert(status.to_string(), json!({"$ref": format!("#/components/responses/{status}")}));
    }
    operation["responses"] = responses.into();
    operation
}

/// Every status that a route may refuse with.
fn refused_with(row: &Row, described: &Described) -> Vec<u16> {
    let mut refusals = vec![400, 413, 500, 503];
    if row.access != Access::Open {
        refusals.push(401);
    }
    if !described.places.is_empty() {
        refusals.push(404);
    }
    if row.method != Method::Get {
        // Of what is changed, parts may be gone, be somebody else's, or be on their way out.
        refusals.extend([404, 409, 422]);
        if row.access == Access::Session {
            refusals.push(403);
        }
    }
    if described.body.is_some() {
        refusals.push(415);
    }
    refusals.extend(&described.refusals);
    refusals
}

/// The parameters of a query.
fn query(object: &Value) -> Vec<Value> {
    let required: Vec<&str> =
        object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object["properties"].as_object().into_iter().flatten();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = given(schema);
        let about = schema.as_object_mut().and_then(|fields| fields.remove("description"));
        let mut parameter = json!({"name": name, "in": "query", "schema": schema});
        if let Some(about) = about {
            parameter["description"] = about;
        }
        if required.contains(&name.as_str()) {
            parameter["required"] = true.into();
        }
        if parameter["schema"]["type"] == "array" {
            // With commas between.
            parameter["explode"] = false.into();
        }
        parameter
    };
    properties.map(parameter).collect()
}

/// The schema of a parameter that is given: one that may be left out is never `null`.
fn given(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(fields) = schema.as_object_mut() else { return schema };
    if let Some(Value::Array(types)) = fields.get("type") {
        let given: Vec<Value> = types.iter().filter(|given| *given != "null").cloned().collect();
        fields.insert("type".to_owned(), given[0].clone());
    }
    if let Some(Value::Array(choices)) = fields.remove("anyOf") {
        let inner = choices.into_iter().find(|choice| choice["type"] != "null").unwrap();
        for (name, value) in inner.as_object().unwrap() {
            fields.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    schema
}

/// One answer for each status that a code has.
fn refusals(schemas: &Value, code: &Value) -> Value {
    let name = code["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap();
    let mut responses: Map<String, Value> = Map::new();
    for word in schemas[name]["enum"].as_array().unwrap() {
        let word = word.as_str().unwrap();
        let status = word.parse::<Code>().unwrap().status().to_string();
        let schema = json!({"$ref": "#/components/schemas/Refusal"});
        let response = responses
            .entry(status)
            .or_insert_with(|| json!({"description": "", "content": {JSON: {"schema": schema}}}));
        let before = response["description"].as_str().unwrap();
        let comma = if before.is_empty() { "" } else { ", " };
        response["description"] = format!("{before}{comma}`{word}`").into();
    }
    responses.into()
}
