//! The schema's steps. Append only; a step that was released is never edited.

use tminus_store::migrate::Migration;

/// Every step, the oldest first.
pub const MIGRATIONS: &[Migration] = &[Migration {
    version: 1,
    name: "initial",
    up: include_str!("schema/0001_initial.up.sql"),
    down: include_str!("schema/0001_initial.down.sql"),
}];

#[cfg(test)]
mod tests {
    use super::*;
    use tminus_store::Sqlite;
    use tminus_store::migrate::{describe, migrate_down, migrate_up};

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
}
