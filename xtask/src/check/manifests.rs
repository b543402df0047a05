//! What every Cargo.toml of the workspace must hold, and which crate may depend on which.

use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Source;

/// The layers, from the inside out, and the layers whose crates each may depend on.
const LAYERS: &[(&str, &[&str])] = &[
    // The adapters stand at the outer edge: they know messages and ports, but no object and no Worker.
    ("shared/cloudflare", &["shared", "queues"]),
    // What two Workers do alike, with messages and objects.
    ("shared/deltas", &["shared", "queues", "durable_objects"]),
    ("shared", &["shared"]),
    ("queues", &["shared"]),
    ("durable_objects", &["shared", "queues", "durable_objects"]),
    ("workers", &["shared", "queues", "durable_objects"]),
];
/// Test helpers: allowed everything, wanted by nobody but tests.
const TESTKIT: &str = "shared/testkit";

struct Manifest<'a> {
    folder: &'a Path,
    table: Table,
}

pub(crate) fn check(sources: &[Source]) -> Result<Vec<String>> {
    let root = manifest(
        sources.iter().find(|source| source.path == Path::new("Cargo.toml")).context("no Cargo.toml")?,
    )?;
    let members = sources
        .iter()
        .filter(|source| source.path.ends_with("Cargo.toml") && source.path != Path::new("Cargo.toml"))
        .map(manifest)
        .collect::<Result<Vec<_>>>()?;
    let mut found = Vec::new();
    for member in &members {
        let path = member.folder.display();
        let inherits =
            get(&member.table, &["lints", "workspace"]).and_then(Value::as_bool).unwrap_or_default();
        if !inherits {
            found.push(format!("{path}/Cargo.toml lacks `[lints] workspace = true`"));
        }
        for name in dependencies(&member.table) {
            if name == "worker" && !may_name_worker(member.folder) {
                found.push(format!("{path} depends on `worker`: only the outer edge may"));
            }
            let Some(dependency) =
                get(&root.table, &["workspace", "dependencies", name, "path"]).and_then(Value::as_str)
            else {
                continue;
            };
            if !may_depend(member.folder, Path::new(dependency)) {
                found.push(format!("{path} depends on {dependency}: against the layers"));
            }
        }
    }
    Ok(found)
}

fn manifest(source: &Source) -> Result<Manifest<'_>> {
    let table = source.text.parse().with_context(|| format!("cannot read {}", source.path.display()))?;
    Ok(Manifest { folder: source.path.parent().unwrap_or(Path::new("")), table })
}

fn get<'a>(table: &'a Table, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(table.get(*first)?, |value, key| value.get(key))
}

/// The names under `[dependencies]`, those of single targets included; not what only tests need.
fn dependencies(table: &Table) -> Vec<&str> {
    let targets = table.get("target").and_then(Value::as_table);
    let tables = targets.into_iter().flat_map(Table::values).filter_map(|target| target.get("dependencies"));
    let tables = tables.chain(table.get("dependencies")).filter_map(Value::as_table);
    tables.flat_map(|table| table.keys().map(String::as_str)).collect()
}

fn may_name_worker(folder: &Path) -> bool {
    folder.starts_with("shared/cloudflare")
        || folder.starts_with("workers")
        || folder.starts_with("durable_objects")
        || [Path::new("e2e/graph_probe"), Path::new("e2e/panic_probe")].contains(&folder)
}

fn may_depend(folder: &Path, dependency: &Path) -> bool {
    if folder == Path::new(TESTKIT) {
        return true;
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| folder.starts_with(layer)) else {
        return true;
    };
    dependency != Path::new(TESTKIT) && allowed.iter().any(|layer| dependency.starts_with(layer))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str =
        "[workspace.dependencies]\napi={path=\"workers/api\"}\nworker=\"1\"\nkit={path=\"shared/testkit\"}";

    fn found(folder: &str, manifest: &str) -> Vec<String> {
        check(&[Source::new("Cargo.toml", ROOT), Source::new(&format!("{folder}/Cargo.toml"), manifest)])
            .unwrap()
    }

    #[test]
    fn a_crate_without_the_lints_is_named() {
        assert_eq!(found("cli", "[package]"), ["cli/Cargo.toml lacks `[lints] workspace = true`"]);
    }

    #[test]
    fn a_dependency_against_the_layers_is_named() {
        let manifest = "lints.workspace=true\n[dependencies]\napi.workspace=true\nworker.workspace=true\n";
        let expected = [
            "shared/domain depends on workers/api: against the layers",
            "shared/domain depends on `worker`: only the outer edge may",
        ];
        assert_eq!(found("shared/domain", manifest), expected);
        assert_eq!(
            found("workers/sync", manifest),
            ["workers/sync depends on workers/api: against the layers"]
        );
    }

    #[test]
    fn only_tests_depend_on_the_testkit() {
        let normal = "lints.workspace=true\n[dependencies]\nkit.workspace=true\n";
        assert_eq!(found("queues", normal), ["queues depends on shared/testkit: against the layers"]);
        assert!(found("queues", &normal.replace("dependencies", "dev-dependencies")).is_empty());
    }
}
