//! The schema's steps. Append only; a step that was released is never edited.

use tminus_store::migrate::Migration;

/// Every step, the oldest first.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "initial",
        up: include_str!("schema/0001_initial.up.sql"),
        down: include_str!("schema/0001_initial.down.sql"),
    },
    Migration {
        version: 2,
        name: "promises",
        up: include_str!("schema/0002_promises.up.sql"),
        down: include_str!("schema/0002_promises.down.sql"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use tminus_store::migrate::{describe, migrate_down, migrate_up};
    use tminus_store::{Sql, Sqlite};

    #[test]
    fn every_step_leads_up_and_back_down() {
        let sql = Sqlite::in_memory().unwrap();
        for step in 1..=MIGRATIONS.len() {
            let before = describe(&sql).unwrap();
            migrate_up(&sql, &MIGRATIONS[..step]).unwrap();
            let after = describe(&sql).unwrap();
            assert_ne!(before, after);
            migrate_down(&sql, &MIGRATIONS[..step], u32::try_from(step).unwrap() - 1).unwrap();
            assert_eq!(describe(&sql).unwrap(), before);
            migrate_up(&sql, &MIGRATIONS[..step]).unwrap();
        }
    }

    /// The tables and columns of the data model document; additions are ours.
    const DATA_MODEL: &[(&str, &[&str])] = &[
        ("auth", &["account_id", "encrypted_tokens", "scopes", "updated_at"]),
        (
            "sync_state",
            &[
                "account_id",
                "sync_token",
                "last_sync_ts",
                "last_success_ts",
                "full_sync_needed",
                "updated_at",
            ],
        ),
        (
            "watch_channels",
            &["channel_id", "account_id", "resource_id", "expiry_ts", "calendar_id", "status", "created_at"],
        ),
    ];

    #[test]
    fn every_column_of_the_data_model_exists_from_the_first_step_on() {
        let sql = Sqlite::in_memory().unwrap();
        migrate_up(&sql, &MIGRATIONS[..1]).unwrap();
        for (table, columns) in DATA_MODEL {
            let rows = sql.query(&format!("SELECT name FROM pragma_table_info('{table}')"), &[]).unwrap();
            let names: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
            for column in *columns {
                assert!(names.iter().any(|name| name == column), "{table}.{column}");
            }
        }
    }
}
