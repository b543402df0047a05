//! The schemas of the types, by the attributes that also say how they are read and written.

use schemars::generate::{Contract, SchemaSettings};
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// Where the document keeps its types.
const COMPONENTS: &str = "/components/schemas";

/// Collects them.
pub(crate) struct Schemas {
    /// Of what is taken: each where it is used, as it may differ from what is shown under the same name.
    taken: SchemaGenerator,
    /// Of what is shown: by name.
    shown: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let of = |contract: Contract| {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.meta_schema = None;
                settings.definitions_path = COMPONENTS.into();
                settings.inline_subschemas = contract.is_deserialize();
                settings.contract = contract;
            })
        };
        Self {
            taken: of(Contract::Deserialize).into_generator(),
            shown: of(Contract::Serialize).into_generator(),
        }
    }

    /// The schema of a type as it is taken.
    pub(crate) fn taken<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.taken.subschema_for::<T>().to_value();
        simplify(&mut schema);
        schema
    }

    /// The schema of a type as it is shown.
    pub(crate) fn shown<T: JsonSchema>(&mut self) -> Value {
        let mut schema = self.shown.subschema_for::<T>().to_value();
        simplify(&mut schema);
        schema
    }

    /// All types that were shown, by name.
    pub(super) fn components(mut self) -> Value {
        let mut all = Value::Object(self.shown.take_definitions(true));
        simplify(&mut all);
        all
    }
}

/// Makes an `enum` of words that are told one by one, says what is said in one line, and leaves out what no reader needs.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // Of formats only those that change how a text is read.
            if fields.get("format").is_some_and(|format| format != "date" && format != "date-time") {
                fields.remove("format");
            }
            // The name of a type is where it stands.
            if fields.get("title").is_some_and(Value::is_string) {
                fields.remove("title");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = one_line(text);
            }
            if let Some(words) = fields.get("oneOf").and_then(words) {
                fields.remove("oneOf");
                let said: Vec<String> =
                    words.iter().map(|(word, about)| format!("`{word}`: {about}")).collect();
                let about = fields.get("description").and_then(Value::as_str).unwrap_or_default();
                let about = format!("{about} {}", said.join(" "));
                let words: Vec<&str> = words.iter().map(|(word, _)| word.as_str()).collect();
                let with = json!({"type": "string", "enum": words, "description": about.trim()});
                fields.extend(with.as_object().cloned().unwrap());
            }
            fields.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// Each word with what is said of it, if the choices are words.
fn words(choices: &Value) -> Option<Vec<(String, String)>> {
    let word = |choice: &Value| {
        let about = choice["description"].as_str().unwrap_or_default();
        Some((choice["const"].as_str()?.to_owned(), one_line(about)))
    };
    choices.as_array()?.iter().map(word).collect()
}

/// Without line breaks and links into the code; what is `None` in the code is `null` in JSON.
fn one_line(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("[`", "`")
        .replace("`]", "`")
        .replace("`None`", "`null`")
}
