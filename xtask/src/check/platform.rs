//! Only the outer edge names the platform: `shared/cloudflare`, the Workers' entries and the shells.

use std::path::Path;

use super::Source;

const CRATES: &[&str] =
    &["worker", "worker_sys", "js_sys", "web_sys", "wasm_bindgen", "wasm_bindgen_futures"];

pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| is_rust(&source.path) && !is_edge(&source.path)) {
        for (index, line) in source.text.lines().enumerate() {
            if let Some(name) = CRATES.iter().find(|name| names_crate(line, name)) {
                found.push(format!(
                    "{}:{} names `{name}`: only the outer edge may",
                    source.path.display(),
                    index + 1
                ));
            }
        }
    }
    found
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
}

fn is_edge(path: &Path) -> bool {
    let entry = path.starts_with("workers") && path.ends_with("src/lib.rs");
    path.starts_with("shared/cloudflare")
        || path.starts_with("durable_objects/state")
        || path.ends_with("shell.rs")
        || entry
        || path.starts_with("xtask")
}

/// Whether `line` has `name::`, `use name;` or `use name as`, outside a comment.
fn names_crate(line: &str, name: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices(name).any(|(at, _)| {
        let before = code[..at].trim_end();
        let after = &code[at + name.len()..];
        let apart = !code[..at].ends_with(|c: char| c.is_alphanumeric() || "_:\"".contains(c));
        let used = before.ends_with("use") && (after.starts_with(';') || after.starts_with(" as "));
        apart && (after.starts_with("::") || used)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_edge_names_the_platform() {
        let text = "//! worker::Env is fine here\nuse worker::Env;\nuse my_worker::Env;\nuse worker;\n";
        let expected = [
            "workers/api/src/routes.rs:2 names `worker`: only the outer edge may",
            "workers/api/src/routes.rs:4 names `worker`: only the outer edge may",
        ];
        assert_eq!(check(&[Source::new("workers/api/src/routes.rs", text)]), expected);
        assert!(check(&[Source::new("workers/api/src/lib.rs", text)]).is_empty());
        assert!(check(&[Source::new("durable_objects/account/src/shell.rs", text)]).is_empty());
    }

    #[test]
    fn a_module_of_the_same_name_is_not_the_crate() {
        assert!(!names_crate("use crate::worker::Loop;", "worker"));
        assert!(names_crate("    let now = js_sys::Date::now();", "js_sys"));
    }
}
