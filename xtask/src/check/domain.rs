//! The domain crate is pure: no platform, no async, no clock in its tree.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    proc::{cargo, output},
    repo::Repo,
};

const DOMAIN: &str = "tminus-domain";
const FORBIDDEN: &[&str] = &[
    "async-std",
    "getrandom",
    "js-sys",
    "smol",
    "tokio",
    "wasm-bindgen",
    "wasm-bindgen-futures",
    "web-sys",
    "worker",
    "worker-sys",
];
const FORBIDDEN_PREFIX: &str = "futures";
/// Features of chrono that bring a clock.
const CLOCKS: &[&str] = &["clock", "default", "now", "wasmbind"];
/// Edges not followed, from a crate to one it takes (or any, `*`): clocks that are compiled in and never called.
const EXEMPT: &[(&str, &str)] = &[
    // rrule takes chrono with its default features; clippy.toml forbids to call its clock.
    ("chrono", "*"),
    // For `Ulid::new`, which the domain does not use: ids are made from an injected clock and rng.
    ("ulid", "web-time"),
];

pub(crate) fn check(repo: &Repo) -> Result<Vec<String>> {
    let mut command = cargo();
    command
        .args(["metadata", "--format-version", "1", "--filter-platform", "wasm32-unknown-unknown"])
        .current_dir(&repo.root);
    violations(&serde_json::from_str(&output(&mut command)?)?)
}

fn violations(metadata: &Value) -> Result<Vec<String>> {
    let packages = list(metadata, "packages");
    let names: BTreeMap<_, _> =
        packages.iter().map(|package| (text(package, "id"), text(package, "name"))).collect();
    let nodes: BTreeMap<_, _> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (text(node, "id"), node)).collect();
    let root = packages.iter().find(|package| text(package, "name") == DOMAIN).context("no domain crate")?;

    let mut found = declared_clocks(root);
    let mut seen = BTreeSet::new();
    let mut todo = vec![(text(root, "id"), DOMAIN.to_owned())];
    while let Some((id, path)) = todo.pop() {
        for dependency in list(nodes.get(id).unwrap_or(&&Value::Null), "deps") {
            let child = text(dependency, "pkg");
            let name = names.get(child).copied().unwrap_or_default();
            let parent = names.get(id).copied().unwrap_or_default();
            let exempt = EXEMPT.iter().any(|edge| edge.0 == parent && (edge.1 == "*" || edge.1 == name));
            if !is_normal(dependency) || exempt || !seen.insert(child) {
                continue;
            }
            let path = format!("{path} > {name}");
            if FORBIDDEN.contains(&name) || name.starts_with(FORBIDDEN_PREFIX) {
                found.push(format!("{path}: the domain may not depend on `{name}`"));
            } else {
                todo.push((child, path));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Clock features that the domain's own manifest asks for.
fn declared_clocks(package: &Value) -> Vec<String> {
    let chrono = list(package, "dependencies")
        .iter()
        .filter(|dependency| text(dependency, "name") == "chrono" && dependency["kind"].is_null());
    let mut found = Vec::new();
    for dependency in chrono {
        if dependency["uses_default_features"] == true {
            found.push("the domain takes chrono with its default features, a clock among them".to_owned());
        }
        for feature in list(dependency, "features").iter().filter_map(Value::as_str) {
            if CLOCKS.contains(&feature) {
                found.push(format!("the domain takes chrono with the feature `{feature}`, a clock"));
            }
        }
    }
    found
}

fn is_normal(dependency: &Value) -> bool {
    list(dependency, "dep_kinds").iter().any(|kind| kind["kind"].is_null())
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tree(edges: &[(&str, &str, Value)], chrono: &Value) -> Vec<String> {
        let names: BTreeSet<_> = edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        let packages: Vec<_> =
            names.iter().map(|name| json!({"id": name, "name": name, "dependencies": [chrono]})).collect();
        let deps = |name: &str| -> Vec<Value> {
            let own = edges.iter().filter(|(from, ..)| *from == name);
            own.map(|(_, to, kind)| json!({"pkg": to, "dep_kinds": [{"kind": kind}]})).collect()
        };
        let nodes: Vec<_> = names.iter().map(|name| json!({"id": name, "deps": deps(name)})).collect();
        violations(&json!({"packages": packages, "resolve": {"nodes": nodes}})).unwrap()
    }

    #[test]
    fn the_path_to_a_forbidden_crate_is_shown() {
        let edges =
            [(DOMAIN, "a", Value::Null), ("a", "tokio", Value::Null), (DOMAIN, "worker", json!("dev"))];
        assert_eq!(
            tree(&edges, &Value::Null),
            ["tminus-domain > a > tokio: the domain may not depend on `tokio`"]
        );
    }

    #[test]
    fn known_clocks_are_exempt_but_may_not_be_asked_for() {
        let edges = [(DOMAIN, "chrono", Value::Null), ("chrono", "js-sys", Value::Null)];
        assert!(tree(&edges, &Value::Null).is_empty());
        let chrono =
            json!({"name": "chrono", "kind": null, "features": ["clock"], "uses_default_features": false});
        assert_eq!(tree(&edges, &chrono), ["the domain takes chrono with the feature `clock`, a clock"]);
    }
}
