//! What is checked in is what the table and the types say.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::Value;

use super::document::{document, served};
use super::markdown::markdown;
use crate::router::route;
use crate::table::TABLE;

/// Set, the files are written instead.
const WRITE: &str = "TMINUS_WRITE_OPENAPI";

fn is_golden(path: &str, made: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{} is not what the code says: run `cargo xtask openapi`", path.display());
}

#[test]
fn the_document_and_its_page_are_golden() {
    let document = document();
    is_golden("../../docs/API.md", &markdown(&document));
    is_golden("openapi.json", &served(document).to_string());
}

/// A path of the route: its places filled with ids of their kinds.
fn filled(operation: &Value, path: &str) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters.filter(|parameter| parameter["in"] == "path").fold(path.to_owned(), |path, parameter| {
        let pattern = parameter["schema"]["pattern"].as_str().unwrap();
        let prefix = pattern.trim_start_matches(['^', '(']).split('[').next().unwrap();
        let place = format!("{{{}}}", parameter["name"].as_str().unwrap());
        path.replace(&place, &format!("{prefix}{}", "0".repeat(26)))
    })
}

#[test]
fn the_router_takes_what_the_document_says_and_nothing_else() {
    let document = document();
    let mut said = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let (row, _) = route(&method.to_uppercase(), &filled(operation, path)).unwrap();
            assert_eq!(operation["operationId"], row.name, "{method} {path}");
            assert_eq!(row.path, path);
            said.insert(row.name);
        }
    }
    let known: BTreeSet<&str> = TABLE.iter().map(|row| row.name).collect();
    assert_eq!(said, known);
    assert_eq!(known.len(), TABLE.len(), "two routes have one name");
}

#[test]
fn places_are_named_in_the_path_as_in_the_table() {
    let document = document();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let places = parameters.filter(|parameter| parameter["in"] == "path");
            let named: Vec<String> =
                places.map(|place| format!("{{{}}}", place["name"].as_str().unwrap())).collect();
            let in_path: Vec<&str> = path.split('/').filter(|part| part.starts_with('{')).collect();
            assert_eq!(named, in_path, "{path}");
        }
    }
}
