//! The journals are kept for a year (protocol rule 32).

use serde_json::json;
use tminus_domain::ids::EventId;
use tminus_domain::policy::DetailLevel;
use tminus_domain::time::Timestamp;
use tminus_simulation::Stage;
use tminus_user_graph::contract::PutCalendars;
use tminus_user_graph::explaining_contract::{AsOf, GetAsOf, Was};

use crate::support::{ask, edge, event_at, insert, monday, rows};

const DAY_MS: i64 = 86_400_000;

fn as_of(stage: &Stage, event: EventId, at: Timestamp) -> AsOf {
    ask(stage, &GetAsOf { event, at }).unwrap()
}

fn known(stage: &Stage, event: EventId, at: Timestamp) -> Was {
    match as_of(stage, event, at) {
        AsOf::Known(was) => *was,
        other => panic!("{other:?}"),
    }
}

fn retitle(stage: &mut Stage, id: &str, title: &str) -> Timestamp {
    let email = stage.emails[0].clone();
    stage.world.patch(&email, &email, id, &json!({"summary": title})).unwrap();
    // Its push channel may have ended long ago.
    stage.world.run_cron();
    stage.settle();
    let now = stage.world.now();
    stage.world.advance_millis(1_000);
    now
}

/// How many entries each journal has.
fn entries(stage: &Stage) -> [u32; 3] {
    ["event_journal", "mirror_journal", "settings_journal"].map(|table| {
        let count = rows(stage, &format!("/* count */ SELECT COUNT(*) FROM {table}"));
        count[0].get(0).unwrap()
    })
}

/// An account is maintained, as far as the graph hears of it.
fn maintain(stage: &Stage) {
    ask(stage, &PutCalendars { account: stage.accounts[0], calendars: Vec::new() }).unwrap();
}

/// Days pass; an account is maintained, the object's alarms run, and nothing else does.
fn pass(stage: &mut Stage, days: i64) {
    for _ in 0..days {
        stage.world.advance_millis(DAY_MS);
        maintain(stage);
        // As many steps as a pass may take.
        while stage.world.run_alarms() > 0 {}
    }
}

#[test]
fn after_a_year_what_was_is_forgotten_and_what_came_later_is_not() {
    let mut stage = Stage::settled(4, 2);
    ask(&stage, &edge(&stage, 1, DetailLevel::Title, json!({}))).unwrap();
    let id = insert(&stage, &monday("first", json!({})));
    stage.settle();
    let event = event_at(&stage, 0, &id);
    let first = stage.world.now();
    stage.world.advance_millis(1_000);
    let second = retitle(&mut stage, &id, "second");
    pass(&mut stage, 200);
    let third = retitle(&mut stage, &id, "third");
    let was = [first, second, third].map(|at| known(&stage, event, at));
    let titles: Vec<_> = was.iter().map(|was| was.content.title.clone().unwrap()).collect();
    assert_eq!(titles, ["first", "second", "third"]);
    assert_eq!(was.iter().map(|was| was.version).collect::<Vec<_>>(), [1, 2, 3]);
    let shown: std::collections::BTreeSet<_> =
        was.iter().map(|was| format!("{:?}", was.mirrors[0].facts.shown)).collect();
    assert_eq!(shown.len(), 3, "each title was another mirror: {was:#?}");

    let before = entries(&stage);
    pass(&mut stage, 170);
    let after = entries(&stage);
    assert!(after.iter().zip(before).all(|(after, before)| *after < before), "{after:?} of {before:?}");
    for at in [first, second] {
        match as_of(&stage, event, at) {
            AsOf::Forgotten { earliest } => {
                assert!(earliest > at && earliest < third);
                // What is named can be asked for.
                assert_eq!(known(&stage, event, earliest), was[1]);
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(known(&stage, event, third), was[2]);
    let never = as_of(&stage, event, Timestamp::from_millis(0));
    assert!(matches!(never, AsOf::NotYet { since } if since <= first), "{never:?}");

    // Another pass finds nothing more.
    let state = rows(&stage, "/* j */ SELECT * FROM event_journal").len();
    pass(&mut stage, 1);
    assert_eq!(rows(&stage, "/* j */ SELECT * FROM event_journal").len(), state);
    assert_eq!(entries(&stage), after);
}

/// A step drops so many entries and no more, whatever there is; the passes end.
#[test]
fn entries_are_dropped_in_bounded_steps() {
    let mut stage = Stage::settled(4, 2);
    insert(&stage, &monday("secret", json!({})));
    stage.settle();
    // Of long ago, in the journal of mirrors.
    let _ = stage.graph(
        "/* old */ WITH RECURSIVE old(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM old WHERE n < 2500)
         INSERT INTO mirror_journal (target_calendar_id, journal_id, cause, entries_json)
         SELECT x'01', unhex('000000000000' || printf('%020X', n)), 'written', '[]' FROM old",
    );
    let count = |stage: &Stage| entries(stage)[1];
    let all = count(&stage);
    stage.world.advance_millis(2 * DAY_MS);
    maintain(&stage);
    let mut left = vec![all];
    while stage.world.run_alarms() > 0 {
        left.push(count(&stage));
    }
    let most = left.windows(2).map(|pair| pair[0] - pair[1]).max().unwrap();
    assert_eq!(most, 1_000, "{left:?}");
    assert_eq!(count(&stage), all - 2_500);
    let waiting = rows(&stage, "/* due */ SELECT 1 FROM timers WHERE kind = 'retention'");
    assert!(waiting.is_empty(), "the next pass waits for an account to be maintained");
}
