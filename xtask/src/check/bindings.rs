//! Every queue, binding and class name in a wrangler.toml is one that the code knows, and the files agree.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::{
    Source,
    constants::{OBJECTS_FILE, QUEUES_FILE, QueueNames, object_bindings, object_classes, queues},
};
use crate::repo::Repo;

/// Where the classes are declared.
const CLASSES_FOLDER: &str = "durable_objects";

/// What the code says.
struct Names {
    queues: Vec<QueueNames>,
    bindings: BTreeSet<String>,
    classes: BTreeSet<String>,
}

/// A wrangler.toml.
struct Config {
    path: String,
    /// Where its module must lie, relative to it.
    main: String,
    table: Table,
}

pub(crate) fn check(repo: &Repo, sources: &[Source]) -> Result<Vec<String>> {
    let names = Names {
        queues: queues(&repo.read(QUEUES_FILE)?)?,
        bindings: object_bindings(&repo.read(OBJECTS_FILE)?)?,
        classes: sources
            .iter()
            .filter(|source| source.path.starts_with(CLASSES_FOLDER))
            .flat_map(|source| object_classes(&source.text))
            .collect(),
    };
    let mut configs = Vec::new();
    for worker in repo.workers()? {
        let table =
            repo.read(&worker.config)?.parse().with_context(|| worker.config.display().to_string())?;
        let below = worker
            .config
            .parent()
            .map_or(&*worker.folder, |folder| worker.folder.strip_prefix(folder).unwrap_or(&worker.folder));
        let main = below.join("build/index.js").display().to_string();
        configs.push(Config { path: worker.config.display().to_string(), main, table });
    }
    Ok(violations(&names, &configs))
}

fn violations(names: &Names, configs: &[Config]) -> Vec<String> {
    let mut found = Vec::new();
    for (index, config) in configs.iter().enumerate() {
        let state = configs.first().map_or("", |state| text(&state.table, "name"));
        let mut problems = producers(names, &config.table);
        problems.extend(consumers(names, &config.table));
        problems.extend(objects(names, &config.table, (index > 0).then_some(state)));
        if text(&config.table, "main") != config.main {
            problems.push(format!("main is not {}", config.main));
        }
        found.extend(problems.into_iter().map(|problem| format!("{}: {problem}", config.path)));
    }
    found.extend(one_consumer_each(names, configs));
    found.extend(differing(configs));
    found
}

fn producers(names: &Names, table: &Table) -> Vec<String> {
    let known = |binding: &str, queue: &str| {
        names.queues.iter().any(|row| {
            (row.binding == binding && row.name == queue)
                || (row.dlq_binding == binding && row.dlq_name == queue)
        })
    };
    let pairs = tables(table, &["queues", "producers"]).map(|row| (text(row, "binding"), text(row, "queue")));
    let unknown = pairs.filter(|(binding, queue)| !known(binding, queue));
    unknown
        .map(|(binding, queue)| format!("producer {binding} of {queue} is not in the table of queues"))
        .collect()
}

fn consumers(names: &Names, table: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for row in tables(table, &["queues", "consumers"]) {
        let queue = text(row, "queue");
        let dead_letters = text(row, "dead_letter_queue");
        let expected = names.queues.iter().find_map(|names| {
            (names.name == queue).then_some(&*names.dlq_name).or((names.dlq_name == queue).then_some(""))
        });
        match expected {
            None => found.push(format!("consumer of {queue}, which is not in the table of queues")),
            Some(expected) if expected != dead_letters => {
                found.push(format!(
                    "consumer of {queue}: dead_letter_queue is \"{dead_letters}\", not \"{expected}\""
                ));
            }
            Some(_) => {}
        }
        // Left out it is 5 s in production.
        if row.get("max_batch_timeout").and_then(Value::as_integer) != Some(0) {
            found.push(format!("consumer of {queue}: max_batch_timeout is not 0"));
        }
    }
    found
}

/// `state` is the Worker that holds the classes, unless it is this one.
fn objects(names: &Names, table: &Table, state: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for row in tables(table, &["durable_objects", "bindings"]) {
        let (binding, class) = (text(row, "name"), text(row, "class_name"));
        if !names.bindings.contains(binding) {
            found.push(format!("object binding {binding} is not one of the code's"));
        }
        if !names.classes.contains(class) {
            found.push(format!("class {class} is not declared in {CLASSES_FOLDER}/"));
        }
        if text(row, "script_name") != state.unwrap_or_default() {
            found.push(format!("object binding {binding}: script_name is not that of the state Worker"));
        }
    }
    let created: BTreeSet<_> = tables(table, &["migrations"])
        .flat_map(|row| row.get("new_sqlite_classes").and_then(Value::as_array).into_iter().flatten())
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let expected = if state.is_some() { BTreeSet::new() } else { names.classes.clone() };
    if created != expected {
        found.push(format!("migrations create {created:?}, not {expected:?}"));
    }
    found
}

fn one_consumer_each(names: &Names, configs: &[Config]) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for config in configs {
        for row in tables(&config.table, &["queues", "consumers"]) {
            *count.entry(text(row, "queue")).or_default() += 1;
        }
    }
    let queues = names.queues.iter().flat_map(|row| [&*row.name, &*row.dlq_name]);
    let count = |queue: &str| count.get(queue).copied().unwrap_or_default();
    let wrong = queues.filter(|queue| count(queue) != 1);
    wrong.map(|queue| format!("queue {queue} has {} consumers, not one", count(queue))).collect()
}

/// Values that must be the same in every file that has them.
fn differing(configs: &[Config]) -> Vec<String> {
    let dates = configs.iter().map(|config| text(&config.table, "compatibility_date").to_owned()).collect();
    let databases = configs
        .iter()
        .flat_map(|config| tables(&config.table, &["d1_databases"]))
        .map(|row| ["binding", "database_name", "database_id"].map(|key| text(row, key)).join(" "))
        .collect();
    let checks: [(&str, BTreeSet<String>); 2] = [("compatibility_date", dates), ("d1_databases", databases)];
    let differing = checks.into_iter().filter(|(_, values)| values.len() > 1);
    differing.map(|(what, values)| format!("{what} differs between the files: {values:?}")).collect()
}

fn tables<'a>(table: &'a Table, path: &[&str]) -> impl Iterator<Item = &'a Table> {
    let value = path.split_first().and_then(|(first, rest)| {
        rest.iter().try_fold(table.get(*first)?, |value: &Value, key| value.get(key))
    });
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_table)
}

fn text<'a>(table: &'a Table, key: &str) -> &'a str {
    table.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = r#"
        name = "state"
        main = "s/build/index.js"
        compatibility_date = "2026-04-01"
        migrations = [{ tag = "v1", new_sqlite_classes = ["AccountDO"] }]
        durable_objects.bindings = [{ name = "ACCOUNT", class_name = "AccountDO" }]
        queues.producers = [{ binding = "SYNC_QUEUE", queue = "sync" }]
    "#;
    const WORKER: &str = r#"
        name = "worker"
        main = "build/index.js"
        compatibility_date = "2026-04-01"
        durable_objects.bindings = [{ name = "ACCOUNT", class_name = "AccountDO", script_name = "state" }]
        queues.consumers = [
            { queue = "sync", dead_letter_queue = "sync-dlq", max_batch_timeout = 0 },
            { queue = "sync-dlq", max_batch_timeout = 0 },
        ]
    "#;

    fn found(state: &str, worker: &str) -> Vec<String> {
        let row = ["sync", "SYNC_QUEUE", "sync-dlq", "SYNC_DLQ"].map(str::to_owned);
        let [name, binding, dlq_name, dlq_binding] = row;
        let names = Names {
            queues: vec![QueueNames { name, binding, dlq_name, dlq_binding }],
            bindings: ["ACCOUNT".to_owned()].into(),
            classes: ["AccountDO".to_owned()].into(),
        };
        let config = |path: &str, main: &str, text: &str| Config {
            path: path.to_owned(),
            main: main.to_owned(),
            table: text.parse().unwrap(),
        };
        violations(
            &names,
            &[config("s.toml", "s/build/index.js", state), config("w.toml", "build/index.js", worker)],
        )
    }

    #[test]
    fn files_that_agree_pass() {
        assert_eq!(found(STATE, WORKER), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_queue_or_binding_is_named() {
        let state = STATE.replace("SYNC_QUEUE", "SINK_QUEUE");
        assert_eq!(
            found(&state, WORKER),
            ["s.toml: producer SINK_QUEUE of sync is not in the table of queues"]
        );
        let worker = WORKER
            .replace("\"sync-dlq\", max_batch_timeout = 0 },\n            {", "\"no\" },\n            {");
        let expected = [
            "w.toml: consumer of sync: dead_letter_queue is \"no\", not \"sync-dlq\"",
            "w.toml: consumer of sync: max_batch_timeout is not 0",
        ];
        assert_eq!(found(STATE, &worker), expected);
        let worker = WORKER.replace("{ queue = \"sync\"", "{ queue = \"sink\"");
        let expected = [
            "w.toml: consumer of sink, which is not in the table of queues",
            "queue sync has 0 consumers, not one",
        ];
        assert_eq!(found(STATE, &worker), expected);
    }

    #[test]
    fn a_wrong_class_or_script_is_named() {
        let worker = WORKER.replace("AccountDO", "Account").replace("\"state\"", "\"other\"");
        let expected = [
            "w.toml: class Account is not declared in durable_objects/",
            "w.toml: object binding ACCOUNT: script_name is not that of the state Worker",
        ];
        assert_eq!(found(STATE, &worker), expected);
        let state = STATE.replace("[\"AccountDO\"]", "[]");
        assert_eq!(found(&state, WORKER), ["s.toml: migrations create {}, not {\"AccountDO\"}"]);
    }

    #[test]
    fn files_that_differ_are_named() {
        let worker = WORKER.replace("2026-04-01", "2026-04-02").replace("build/index.js", "index.js");
        let expected = [
            "w.toml: main is not build/index.js".to_owned(),
            "compatibility_date differs between the files: {\"2026-04-01\", \"2026-04-02\"}".to_owned(),
        ];
        assert_eq!(found(STATE, &worker), expected);
    }
}
