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
    Migration {
        version: 3,
        name: "series",
        up: include_str!("schema/0003_series.up.sql"),
        down: include_str!("schema/0003_series.down.sql"),
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
        ("calendars", &["calendar_id", "account_id", "provider_calendar_id", "role", "kind", "display_name"]),
        (
            "canonical_events",
            &[
                "canonical_event_id",
                "origin_account_id",
                "origin_event_id",
                "title",
                "description",
                "location",
                "start_ts",
                "end_ts",
                "timezone",
                "all_day",
                "status",
                "visibility",
                "transparency",
                "recurrence_rule",
                "source",
                "version",
                "created_at",
                "updated_at",
            ],
        ),
        (
            "event_mirrors",
            &[
                "canonical_event_id",
                "target_account_id",
                "target_calendar_id",
                "provider_event_id",
                "last_projected_hash",
                "last_write_ts",
                "state",
                "error_message",
            ],
        ),
        (
            "event_journal",
            &["journal_id", "canonical_event_id", "ts", "actor", "change_type", "patch_json", "reason"],
        ),
        ("policies", &["policy_id", "name", "is_default", "created_at"]),
        ("policy_edges", &["policy_id", "from_account_id", "to_account_id", "detail_level", "calendar_kind"]),
        ("constraints", &["constraint_id", "kind", "config_json", "active_from", "active_to", "created_at"]),
        (
            "time_allocations",
            &[
                "allocation_id",
                "canonical_event_id",
                "client_id",
                "billing_category",
                "rate",
                "confidence",
                "locked",
                "created_at",
            ],
        ),
        (
            "time_commitments",
            &[
                "commitment_id",
                "client_id",
                "client_name",
                "window_type",
                "target_hours",
                "rolling_window_weeks",
                "hard_minimum",
                "proof_required",
                "created_at",
            ],
        ),
        (
            "commitment_reports",
            &[
                "report_id",
                "commitment_id",
                "window_start",
                "window_end",
                "actual_hours",
                "expected_hours",
                "status",
                "proof_hash",
                "created_at",
            ],
        ),
        (
            "vip_policies",
            &[
                "vip_id",
                "participant_hash",
                "display_name",
                "priority_weight",
                "conditions_json",
                "created_at",
            ],
        ),
        (
            "relationships",
            &[
                "relationship_id",
                "participant_hash",
                "display_name",
                "category",
                "closeness_weight",
                "last_interaction_ts",
                "city",
                "timezone",
                "interaction_frequency_target",
                "created_at",
                "updated_at",
            ],
        ),
        (
            "interaction_ledger",
            &["ledger_id", "participant_hash", "canonical_event_id", "outcome", "weight", "note", "ts"],
        ),
        (
            "milestones",
            &["milestone_id", "participant_hash", "kind", "date", "recurs_annually", "note", "created_at"],
        ),
        ("schedule_sessions", &["session_id", "status", "objective_json", "created_at"]),
        (
            "schedule_candidates",
            &["candidate_id", "session_id", "start_ts", "end_ts", "score", "explanation", "created_at"],
        ),
        (
            "schedule_holds",
            &["hold_id", "session_id", "account_id", "provider_event_id", "expires_at", "status"],
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
