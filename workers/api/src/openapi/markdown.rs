//! The document for people.

use std::fmt::Write as _;

use serde_json::{Map, Value};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// Who may take the routes of a section.
const SECTIONS: [(&str, Option<&str>); 3] =
    [("Yours", Some("session")), ("For anybody", None), ("For operators", Some("operator"))];

/// The document as Markdown.
pub(super) fn markdown(document: &Value) -> String {
    let mut text = String::from("# API\n\n");
    text.push_str(
        "<!-- Made by `cargo xtask openapi` of the table of routes and of the types; do not edit. -->\n\n",
    );
    text.push_str("`GET /v1/openapi.json` says the same to programs.\n\n");
    line(&mut text, document["info"]["description"].as_str().unwrap());
    for (title, access) in SECTIONS {
        write!(text, "\n## {title}\n").unwrap();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for method in METHODS {
                let operation = &methods[method];
                let scheme = operation["security"][0].as_object().and_then(|schemes| schemes.keys().next());
                if !operation.is_null() && scheme.map(String::as_str) == access {
                    route(&mut text, &format!("{} {path}", method.to_uppercase()), operation);
                }
            }
        }
    }
    types(&mut text, &document["components"]["schemas"]);
    codes(&mut text, &document["components"]);
    text
}

fn line(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}

fn route(text: &mut String, title: &str, operation: &Value) {
    write!(text, "\n### `{title}`\n\n").unwrap();
    let more = operation["description"].as_str().map(|more| format!(" {more}")).unwrap_or_default();
    line(text, &format!("{}{more}", operation["summary"].as_str().unwrap()));
    // What is shared is among the conventions.
    let own =
        operation["parameters"].as_array().into_iter().flatten().filter(|given| given["$ref"].is_null());
    let parameters: Vec<Row> = own.map(parameter).collect();
    table(text, "parameter", &parameters);
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        let fields = fields("", body);
        if fields.is_empty() {
            line(text, &format!("\nBody: {}.", kind(body)));
        }
        table(text, "field of the body", &fields);
    }
    let mut answers = Vec::new();
    let mut refusals = Vec::new();
    for (status, response) in operation["responses"].as_object().unwrap() {
        let content = response["content"].as_object().and_then(|content| content.iter().next());
        match content {
            _ if response["$ref"].is_string() => refusals.push(status.as_str()),
            None => answers.push(format!("{status} without a body")),
            Some((media, content)) if media == "application/json" => {
                answers.push(format!("{status} with {}", kind(&content["schema"])));
            }
            Some((media, _)) => answers.push(format!("{status} with `{media}`")),
        }
    }
    line(text, &format!("\nAnswers {}; refuses with {}.", answers.join(", "), refusals.join(", ")));
}

/// A line of a table: name, type, whether it must be there, what it is.
struct Row([String; 4]);

fn table(text: &mut String, what: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    write!(text, "\n| {what} | type | | |\n|---|---|---|---|\n").unwrap();
    for Row(cells) in rows {
        line(text, &format!("| {} |", cells.join(" | ")));
    }
}

fn parameter(parameter: &Value) -> Row {
    let about = parameter["description"].as_str().unwrap_or_default();
    let place = if parameter["in"] == "header" { "header" } else { "" };
    let place = if parameter["required"] == true { "required" } else { place };
    row(parameter["name"].as_str().unwrap(), kind(&parameter["schema"]), place, about)
}

fn row(name: &str, kind: String, must: &str, about: &str) -> Row {
    Row([format!("`{name}`"), kind, must.to_owned(), about.replace('|', "\\|")])
}

/// The fields of an object, those of objects within it by their paths.
fn fields(within: &str, schema: &Value) -> Vec<Row> {
    let required =
        |name: &str| schema["required"].as_array().into_iter().flatten().any(|required| required == name);
    let properties = object(schema).into_iter().flatten();
    properties
        .flat_map(|(name, field)| {
            let path = format!("{within}{name}");
            let about = field["description"].as_str().unwrap_or_default();
            let must = if required(name) { "required" } else { "" };
            let inner = fields(&format!("{path}."), field);
            [row(&path, kind(field), must, about)].into_iter().chain(inner).collect::<Vec<_>>()
        })
        .collect()
}

/// The properties of an object, or of one that may be `null`.
fn object(schema: &Value) -> Option<&Map<String, Value>> {
    let choices = schema["anyOf"].as_array().into_iter().flatten();
    schema["properties"]
        .as_object()
        .or_else(|| choices.into_iter().find_map(|one| one["properties"].as_object()))
}

/// The type in a few words.
fn kind(schema: &Value) -> String {
    if let Some(path) = schema["$ref"].as_str() {
        let name = path.rsplit('/').next().unwrap();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ").replace('"', "");
    }
    if let Some(word) = schema["const"].as_str() {
        return format!("`{word}`");
    }
    if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
        return choices.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::Array(kinds) => {
            let kinds = kinds.iter().map(|kind| self::kind(&with_type(schema, kind)));
            kinds.collect::<Vec<_>>().join(" or ")
        }
        Value::String(kind) => match kind.as_str() {
            "array" => format!("list of {}", self::kind(&schema["items"])),
            "object" if schema["additionalProperties"].is_object() => {
                format!("object of {}", self::kind(&schema["additionalProperties"]))
            }
            "object" => {
                if let Some((_, value)) =
                    schema["patternProperties"].as_object().and_then(|patterns| patterns.iter().next())
                {
                    return format!("object of {}", self::kind(value));
                }
                match schema["properties"].as_object().map(|fields| fields.keys().collect::<Vec<_>>()) {
                    Some(names)
                        if schema["required"].as_array().is_some_and(|all| all.len() == 1)
                            && names.len() == 1 =>
                    {
                        format!("`{{{}}}`", names[0])
                    }
                    Some(_) => "object".to_owned(),
                    None => "`{}`".to_owned(),
                }
            }
            "string" => text(schema),
            "integer" => number(schema),
            other => other.to_owned(),
        },
        _ => "anything".to_owned(),
    }
}

fn with_type(schema: &Value, kind: &Value) -> Value {
    let mut schema = schema.clone();
    schema["type"] = kind.clone();
    schema
}

fn text(schema: &Value) -> String {
    match (schema["format"].as_str(), schema["pattern"].as_str()) {
        (Some("date-time"), _) => "time".to_owned(),
        (Some(format), _) => format.to_owned(),
        (_, Some(pattern)) if pattern.contains("_[0-7]") && !pattern.contains(")_") => {
            format!("`{}…`", pattern.trim_start_matches(['^', '(']).split('[').next().unwrap())
        }
        _ => "text".to_owned(),
    }
}

fn number(schema: &Value) -> String {
    match (schema["minimum"].as_i64(), schema["maximum"].as_i64()) {
        (Some(least), Some(most)) => format!("number, {least} to {most}"),
        (Some(0), None) => "number, not negative".to_owned(),
        _ => "number".to_owned(),
    }
}

fn types(text: &mut String, schemas: &Value) {
    text.push_str("\n## Types\n");
    for (name, schema) in schemas.as_object().unwrap() {
        if name == "Code" {
            continue;
        }
        write!(text, "\n### {name}\n").unwrap();
        if let Some(about) = schema["description"].as_str() {
            line(text, &format!("\n{about}"));
        }
        let variants = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
        match (variants, object(schema)) {
            (Some(variants), _) => {
                for variant in variants {
                    let about = variant["description"].as_str().unwrap_or_default();
                    line(text, &format!("\n{}: {about}", kind(variant)));
                    table(text, "field", &fields("", variant));
                }
            }
            (None, Some(_)) => table(text, "field", &fields("", schema)),
            (None, None) => line(text, &format!("\nA value: {}.", kind(schema))),
        }
    }
}

fn codes(text: &mut String, components: &Value) {
    text.push_str("\n## Codes\n\n### Code\n\n| status | codes |\n|---|---|\n");
    for (status, response) in components["responses"].as_object().unwrap() {
        line(text, &format!("| {status} | {} |", response["description"].as_str().unwrap()));
    }
    line(text, &format!("\n{}", components["schemas"]["Code"]["description"].as_str().unwrap()));
}
