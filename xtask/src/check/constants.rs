//! Names that the code fixes, read from its sources, so that these tools build without the crates that they check.
//! The tests hold what is read against the crates themselves.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};

/// One row of `QUEUES`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct QueueNames {
    pub(crate) name: String,
    pub(crate) binding: String,
    pub(crate) dlq_name: String,
    pub(crate) dlq_binding: String,
}

pub(crate) const QUEUES_FILE: &str = "queues/src/specs.rs";
pub(crate) const OBJECTS_FILE: &str = "shared/ports/src/objects.rs";

/// The rows of the table in [`QUEUES_FILE`].
pub(crate) fn queues(text: &str) -> Result<Vec<QueueNames>> {
    let mut rows = Vec::new();
    for row in between(text, "const QUEUES", "];").split("spec(").skip(1) {
        if let [name, binding, dlq_name, dlq_binding] = &literals(row)[..] {
            let [name, binding, dlq_name, dlq_binding] =
                [name, binding, dlq_name, dlq_binding].map(|text| (*text).to_owned());
            rows.push(QueueNames { name, binding, dlq_name, dlq_binding });
        }
    }
    ensure!(!rows.is_empty(), "{QUEUES_FILE}: found no table of queues");
    Ok(rows)
}

/// The bindings of the object classes in [`OBJECTS_FILE`].
pub(crate) fn object_bindings(text: &str) -> Result<BTreeSet<String>> {
    let body = between(text, "fn binding(", "\n    }");
    let found: BTreeSet<_> = literals(body).into_iter().map(str::to_owned).collect();
    ensure!(!found.is_empty(), "{OBJECTS_FILE}: found no bindings of objects");
    Ok(found)
}

/// The structs marked as Durable Object classes.
pub(crate) fn object_classes(text: &str) -> BTreeSet<String> {
    let marked = text.split("#[durable_object").skip(1).filter_map(|rest| rest.split_once("struct "));
    marked.map(|(_, rest)| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let rest = text.split_once(start).map_or("", |(_, rest)| rest);
    rest.split_once(end).map_or(rest, |(body, _)| body)
}

/// The string literals of `text`; none of them holds an escape.
fn literals(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::Repo;

    #[test]
    fn what_is_read_is_what_the_crates_say() {
        let repo = Repo::find().unwrap();
        let expected: Vec<_> = tminus_queues::QUEUES
            .iter()
            .map(|spec| QueueNames {
                name: spec.name.to_owned(),
                binding: spec.binding.to_owned(),
                dlq_name: spec.dlq_name.to_owned(),
                dlq_binding: spec.dlq_binding.to_owned(),
            })
            .collect();
        assert_eq!(queues(&repo.read(QUEUES_FILE).unwrap()).unwrap(), expected);
        let classes = [tminus_ports::ObjectClass::Account, tminus_ports::ObjectClass::UserGraph];
        let expected = classes.map(|class| class.binding().to_owned()).into();
        assert_eq!(object_bindings(&repo.read(OBJECTS_FILE).unwrap()).unwrap(), expected);
    }

    #[test]
    fn a_source_without_the_table_is_an_error() {
        assert!(queues("pub struct QueueSpec;").is_err());
        assert!(object_bindings("fn other() {}").is_err());
    }

    #[test]
    fn classes_are_the_marked_structs() {
        let text = "struct Other;\n#[durable_object]\npub struct AccountDO {\n}\n#[durable_object(fetch)]\nstruct B;";
        assert_eq!(object_classes(text), ["AccountDO", "B"].map(str::to_owned).into());
    }
}
