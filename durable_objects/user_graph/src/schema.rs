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
    Migration {
        version: 4,
        name: "lookup keys",
        up: include_str!("schema/0004_lookup_keys.up.sql"),
        down: include_str!("schema/0004_lookup_keys.down.sql"),
    },
    Migration {
        version: 5,
        name: "explaining",
        up: include_str!("schema/0005_explaining.up.sql"),
        down: include_str!("schema/0005_explaining.down.sql"),
    },
    Migration {
        version: 6,
        name: "search",
        up: include_str!("schema/0006_search.up.sql"),
        down: include_str!("schema/0006_search.down.sql"),
    },
    Migration {
        version: 7,
        name: "requests",
        up: include_str!("schema/0007_requests.up.sql"),
        down: include_str!("schema/0007_requests.down.sql"),
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::key_of;
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

    const ACCOUNT: &str = "acc_01KE4A2B3C4D5E6F7G8H9JKMNP";
    const OTHER: &str = "acc_01KE4A2B3C4D5E6F7G8H9JKMNQ";
    const CALENDAR: &str = "cal_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    const EVENT: &str = "evt_00000000000000000000000001";

    /// A database of step 2 with an event of each kind, mirrors and a journal.
    fn of_step_two() -> Sqlite {
        let sql = Sqlite::in_memory().unwrap();
        migrate_up(&sql, &MIGRATIONS[..2]).unwrap();
        let event = |n: u32, origin: &str, start: &str, end: &str, rest: &str| {
            format!(
                "INSERT INTO canonical_events (canonical_event_id, origin_account_id, origin_calendar_id,
                   origin_event_id, title, start_ts, end_ts, source, created_at, updated_at, etag, generation,
                   all_day, recurrence_rule, recurring_event_id, original_start, ical_uid)
                 VALUES ('evt_0000000000000000000000000{n}', '{ACCOUNT}', '{CALENDAR}', '{origin}', 'T', '{start}',
                   '{end}', 'provider', '2026-01-01T00:00:00.123Z', '2026-01-02T00:00:00.000Z', 'e', 3, {rest});"
            )
        };
        sql.script(&event(
            1,
            "abc",
            "2026-03-01T08:00:00.250Z",
            "2026-03-01T09:00:00.000Z",
            "0, NULL, NULL, NULL, 'x'",
        ))
        .unwrap();
        sql.script(&event(
            2,
            "day",
            "2026-03-01",
            "2026-03-02",
            "1, 'RRULE:FREQ=DAILY', NULL, NULL, 'day@google.com'",
        ))
        .unwrap();
        let timed = "0, NULL, 'abc', '2026-03-08T08:00:00.000Z', 'abc@google.com'";
        sql.script(&event(3, "abc_1", "2026-03-08T10:00:00.000Z", "2026-03-08T11:00:00.000Z", timed))
            .unwrap();
        let whole = "1, NULL, 'day', '2026-03-08', 'day@google.com'";
        sql.script(&event(4, "day_1", "2026-03-09", "2026-03-10", whole)).unwrap();
        let hash = "0123456789abcdef0123456789abcdef";
        sql.script(&format!(
            "INSERT INTO event_mirrors (canonical_event_id, target_account_id, target_calendar_id, provider_event_id,
               last_projected_hash, last_write_ts, desired_hash, start_ts, claim_id, claim_until)
             VALUES ('{EVENT}', '{OTHER}', '{CALENDAR}', 'tmx', '{hash}', '2026-01-03T00:00:00.500Z', '{hash}',
               '2026-03-01T08:00:00.250Z', 'clm_01KE4A2B3C4D5E6F7G8H9JKMNR', 77);
             INSERT INTO event_mirrors (canonical_event_id, target_account_id, target_calendar_id, start_ts)
             VALUES ('evt_00000000000000000000000002', '{OTHER}', '{CALENDAR}', '~2025-03-01T00:00:00.000Z');
             INSERT INTO event_journal (journal_id, canonical_event_id, ts, actor, change_type, version, trace_id)
             VALUES ('jrn_01KE4A2B3C4D5E6F7G8H9JKMNS', '{EVENT}', '2026-01-01T00:00:00.123Z', 'provider', 'created', 1,
               'trc_01KE4A2B3C4D5E6F7G8H9JKMNT');
             INSERT INTO policies (policy_id, name, created_at) VALUES ('pol_1', 'default', 'now');
             INSERT INTO policy_edges (policy_id, from_account_id, to_account_id, detail_level)
             VALUES ('pol_1', '{ACCOUNT}', '{OTHER}', 'TITLE');"
        ))
        .unwrap();
        sql
    }

    fn dump(sql: &Sqlite) -> Vec<String> {
        let tables = ["canonical_events", "event_mirrors", "event_journal", "policy_edges"];
        let rows = tables.iter().flat_map(|table| {
            sql.query(&format!("/* dump */ SELECT * FROM {table} ORDER BY 1, 2, 3"), &[]).unwrap()
        });
        rows.map(|row| format!("{row:?}")).collect()
    }

    #[test]
    fn the_third_step_keeps_every_row_there_and_back() {
        let sql = of_step_two();
        let before = dump(&sql);
        migrate_up(&sql, MIGRATIONS).unwrap();
        let rows = sql
            .query(
                "/* e */ SELECT hex(canonical_event_id), start_ts, original_start, ical_uid, created_at
                 FROM canonical_events ORDER BY canonical_event_id",
                &[],
            )
            .unwrap();
        assert_eq!(rows[0].get::<String>(0).unwrap(), "00000000000000000000000000000001");
        assert_eq!(rows[0].get::<i64>(1).unwrap(), 1_772_352_000_250);
        assert_eq!(rows[0].get::<Option<String>>(3).unwrap().as_deref(), Some("x"));
        assert_eq!(rows[0].get::<i64>(4).unwrap(), 1_767_225_600_123);
        let stamps: Vec<_> = rows.iter().map(|row| row.get::<Option<String>>(2).unwrap()).collect();
        assert_eq!(stamps[2..], [Some("20260308T080000Z".to_owned()), Some("20260308".to_owned())]);
        assert_eq!(rows[3].get::<Option<String>>(3).unwrap(), None, "the usual UID");
        let account: tminus_domain::ids::AccountId = ACCOUNT.parse().unwrap();
        let of_account = "/* a */ SELECT 1 FROM canonical_events WHERE origin_account_id = ?1";
        assert_eq!(sql.query(of_account, &[crate::columns::id(account)]).unwrap().len(), 4);
        let job = sql.query("/* t */ SELECT 1 FROM timers WHERE kind = 'reproject'", &[]).unwrap();
        assert_eq!(job.len(), 1, "series get their mirrors");
        migrate_down(&sql, MIGRATIONS, 2).unwrap();
        for (after, before) in dump(&sql).iter().zip(&before) {
            assert_eq!(after, before);
        }
        assert_eq!(dump(&sql).len(), before.len());
    }

    #[test]
    fn the_fourth_step_gives_every_event_the_numbers_that_it_is_found_by() {
        let sql = of_step_two();
        migrate_up(&sql, &MIGRATIONS[..3]).unwrap();
        let before = dump(&sql);
        migrate_up(&sql, &MIGRATIONS[..4]).unwrap();
        let events = "/* k */ SELECT origin_event_id, origin_key, ical_uid, uid_key FROM canonical_events";
        let rows = sql.query(events, &[]).unwrap();
        assert_eq!(rows.len(), 4);
        for row in &rows {
            assert_eq!(row.get::<i64>(1).unwrap(), key_of(&row.get::<String>(0).unwrap()));
            let uid: Option<String> = row.get(2).unwrap();
            assert_eq!(row.get::<Option<i64>>(3).unwrap(), uid.as_deref().map(key_of));
        }
        migrate_down(&sql, MIGRATIONS, 3).unwrap();
        assert_eq!(dump(&sql), before);
    }

    #[test]
    fn the_fifth_step_gives_own_events_an_edge_to_every_account() {
        let sql = of_step_two();
        sql.script(&format!("INSERT INTO linked_accounts VALUES ('{OTHER}', 'TRUE_MIRROR');")).unwrap();
        migrate_up(&sql, &MIGRATIONS[..4]).unwrap();
        let before = dump(&sql);
        migrate_up(&sql, &MIGRATIONS[..5]).unwrap();
        let edges = "/* e */ SELECT to_account_id || calendar_kind || detail_level || is_on FROM policy_edges
                     WHERE from_account_id = ?1";
        let own = tminus_store::Value::text(tminus_domain::ids::AccountId::INTERNAL);
        let rows = sql.query(edges, &[own]).unwrap();
        let edges: Vec<String> = rows.iter().map(|row| row.get(0).unwrap()).collect();
        assert_eq!(edges, [format!("{OTHER}TRUE_MIRRORBUSY1")]);
        migrate_down(&sql, &MIGRATIONS[..5], 4).unwrap();
        assert_eq!(dump(&sql), before);
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
