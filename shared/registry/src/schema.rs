//! The schema, step by step. The files are also what `wrangler d1 migrations apply` and the local launcher run,
//! which is why they stand alone as `.sql`.

use tminus_store::migrate::Migration;

/// Every step, in order.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        up: include_str!("../migrations/0001_initial.sql"),
        down: include_str!("../migrations/down/0001_initial.sql"),
    },
    Migration {
        version: 2,
        name: "sign_in_and_dead_letters",
        up: include_str!("../migrations/0002_sign_in_and_dead_letters.sql"),
        down: include_str!("../migrations/down/0002_sign_in_and_dead_letters.sql"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use tminus_store::Sqlite;
    use tminus_store::migrate::{describe, migrate_down, migrate_up};

    #[test]
    fn every_step_back_leads_to_the_schema_before_it() {
        let sql = Sqlite::in_memory().unwrap();
        let mut before = vec![describe(&sql).unwrap()];
        for step in 1..=MIGRATIONS.len() {
            migrate_up(&sql, &MIGRATIONS[..step]).unwrap();
            before.push(describe(&sql).unwrap());
        }
        let whole = before.pop().unwrap();
        for (version, expected) in before.iter().enumerate().rev() {
            migrate_down(&sql, MIGRATIONS, u32::try_from(version).unwrap()).unwrap();
            assert_eq!(describe(&sql).unwrap(), *expected, "back to {version}");
        }
        migrate_up(&sql, MIGRATIONS).unwrap();
        assert_eq!(describe(&sql).unwrap(), whole);
    }

    #[test]
    fn the_files_are_numbered_like_the_steps() {
        for folder in ["migrations", "migrations/down"] {
            let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            let mut files: Vec<String> = std::fs::read_dir(root)
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .filter(|name| name.ends_with(".sql"))
                .collect();
            files.sort();
            let expected: Vec<String> =
                MIGRATIONS.iter().map(|step| format!("{:04}_{}.sql", step.version, step.name)).collect();
            assert_eq!(files, expected, "{folder}");
        }
    }
}
