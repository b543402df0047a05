//! What a person sees, through the whole pipeline in one process.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests"
)]

use fake_google::faults::{Effect, Fault};
use serde_json::json;
use tminus_account::contract::{BeginRun, MarkDirty};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{CalendarId, MessageId, PrefixedId as _, Ulid};
use tminus_ports::{Command as _, ObjectClass};
use tminus_simulation::Stage;
use tminus_simulation::stage::{all_day, second_calendar, timed};
use tminus_simulation::world::Side;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const NOON: &str = "2026-02-02T12:00:00Z";
const ONE: &str = "2026-02-02T13:00:00Z";

/// A settled stage of three accounts with an event from nine to ten in the first.
fn with_an_event() -> (Stage, String) {
    let mut stage = Stage::settled(1, 3);
    let id = insert(&mut stage, 0, &timed("secret title", NINE, TEN));
    stage.settle();
    (stage, id)
}

fn insert(stage: &mut Stage, account: usize, event: &serde_json::Value) -> String {
    let email = stage.emails[account].clone();
    let event = stage.world.insert(&email, &email, event);
    event["id"].as_str().unwrap().to_owned()
}

fn event_writes(stage: &Stage) -> u64 {
    let writes = stage.world.writes();
    writes
        .iter()
        .filter(|(name, _)| name.starts_with("events.") && *name != "events.watch")
        .map(|(_, n)| n)
        .sum()
}

#[test]
fn an_event_blocks_the_other_accounts_and_not_its_own() {
    let (stage, _) = with_an_event();
    assert_eq!(stage.shown(0), []);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(event_writes(&stage), 2);
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

#[test]
fn an_account_linked_for_it_is_blocked_in_its_primary_calendar_instead() {
    let mut stage = Stage::settled(1, 2);
    let id = insert(&mut stage, 0, &timed("secret title", NINE, TEN));
    stage.settle();
    let email = stage.emails[1].clone();
    assert_eq!(stage.world.link_primary(&mut stage.person, &email), Some(stage.accounts[1]));
    stage.settle();
    let titles = |stage: &Stage| -> Vec<String> {
        let events = stage.world.events(&email).into_iter();
        events.map(|event| event["summary"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(titles(&stage), ["Busy"]);
    assert_eq!(
        (stage.shown(1), stage.shown(0)),
        (vec![], vec![]),
        "neither the overlay too, nor a loop back"
    );
    let first = stage.emails[0].clone();
    stage.world.delete(&first, &first, &id);
    stage.settle();
    assert_eq!(titles(&stage), Vec::<String>::new());
}

#[test]
fn an_event_that_was_there_before_linking_is_blocked_too() {
    let mut stage = Stage::linked(2, 3);
    insert(&mut stage, 1, &timed("early", NINE, TEN));
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn a_moved_event_moves_its_blocks() {
    let (mut stage, id) = with_an_event();
    let email = stage.emails[0].clone();
    let patch = json!({"start": {"dateTime": NOON}, "end": {"dateTime": ONE}});
    stage.world.patch(&email, &email, &id, &patch).unwrap();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(stage.shown(2), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(event_writes(&stage), 4);
}

#[test]
fn a_new_title_writes_nothing() {
    let (mut stage, id) = with_an_event();
    let (email, before) = (stage.emails[0].clone(), event_writes(&stage));
    stage.world.patch(&email, &email, &id, &json!({"summary": "another secret"})).unwrap();
    stage.settle();
    assert_eq!(event_writes(&stage), before);
    assert!(stage.graph("/* t */ SELECT title FROM canonical_events")[0].contains("another secret"));
}

#[test]
fn a_deleted_event_takes_its_blocks_along() {
    let (mut stage, id) = with_an_event();
    let email = stage.emails[0].clone();
    assert!(stage.world.delete(&email, &email, &id));
    stage.settle();
    assert_eq!(stage.shown(1), []);
    assert_eq!(stage.shown(2), []);
    assert_eq!(event_writes(&stage), 4);
}

#[test]
fn an_all_day_event_blocks_whole_days() {
    let mut stage = Stage::settled(3, 2);
    insert(&mut stage, 1, &all_day("away", "2026-02-28", "2026-03-02"));
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[("2026-02-28", "2026-03-02")]));
}

#[test]
fn two_calendars_of_one_account_block_the_others_and_not_each_other() {
    let mut stage = Stage::settled(4, 2);
    let email = stage.emails[0].clone();
    insert(&mut stage, 0, &timed("first", NINE, TEN));
    stage.world.insert(&email, &second_calendar(&email), &timed("second", NOON, ONE));
    stage.settle();
    assert_eq!(stage.shown(0), []);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
}

#[test]
fn echoes_of_our_own_writes_write_nothing_and_touch_no_canonical_event() {
    let (mut stage, _) = with_an_event();
    let events = stage.graph("/* t */ SELECT * FROM canonical_events");
    assert_eq!(events.len(), 1, "a mirror became an origin");
    assert!(events[0].contains("secret title"));
    let before = stage.world.writes();
    stage.world.push_all();
    stage.settle();
    assert_eq!(stage.world.writes(), before);
    assert_eq!(stage.graph("/* t */ SELECT * FROM canonical_events"), events);
}

#[test]
fn every_message_twice_changes_no_row_and_writes_nothing() {
    let (mut stage, id) = with_an_event();
    let email = stage.emails[0].clone();
    let patch = json!({"start": {"dateTime": NOON}, "end": {"dateTime": ONE}});
    stage.world.patch(&email, &email, &id, &patch).unwrap();
    stage.settle();
    let (state, writes) = (stage.world.state(), stage.world.writes());
    for (binding, text) in stage.world.delivered() {
        stage.world.redeliver(binding, text.clone());
        stage.settle();
        assert_eq!(stage.world.writes(), writes, "after {binding} {text}");
    }
    assert_eq!(stage.world.writes(), writes);
    let after = stage.world.state();
    let new: Vec<_> = after.iter().filter(|line| !state.contains(line)).collect();
    let gone: Vec<_> = state.iter().filter(|line| !after.contains(line)).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:#?}\ngone: {gone:#?}");
}

#[test]
fn callers_at_once_cause_one_refresh() {
    let stage = Stage::settled(8, 1);
    stage.world.advance_millis(2 * 3_600_000);
    let account = stage.accounts[0].to_string();
    let calendars: Vec<CalendarId> = stage
        .world
        .rows(
            ObjectClass::Account,
            &account,
            "/* c */ SELECT calendar_id FROM calendars WHERE role <> 'BUSY_OVERLAY'",
        )
        .iter()
        .map(|row| row.parse(0, "calendar").unwrap())
        .collect();
    assert_eq!(calendars.len(), 2);
    let before = stage.world.calls("oauth.token");
    let commands = calendars.into_iter().map(|calendar| {
        stage.world.call(&account, &MarkDirty { calendar, level: DirtyLevel::Incremental }).unwrap();
        let holder = MessageId::from_ulid(Ulid::from_parts(1, 2));
        (BeginRun::NAME, serde_json::to_string(&BeginRun { calendar, holder }).unwrap())
    });
    let answers = stage.world.raw_together(ObjectClass::Account, &account, commands.collect());
    assert!(answers.iter().all(|answer| answer.contains("granted")), "{answers:?}");
    assert_eq!(stage.world.calls("oauth.token"), before + 1);
}

#[test]
fn an_expired_cursor_is_followed_by_a_full_run_that_finds_what_was_deleted() {
    let (mut stage, id) = with_an_event();
    let email = stage.emails[0].clone();
    stage.world.delete(&email, &email, &id);
    for push in stage.world.pushes() {
        stage.world.lose_push(push);
    }
    stage.world.google(|google| google.expire_sync_tokens(&email));
    insert(&mut stage, 0, &timed("new", NOON, ONE));
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
    let outcomes = stage.account(0, "/* o */ SELECT outcome FROM sync_runs WHERE outcome = 'cursor_expired'");
    assert_eq!(outcomes.len(), 1);
}

#[test]
fn a_lost_answer_to_an_insert_makes_no_second_block() {
    let mut stage = Stage::settled(9, 2);
    let lost = Effect { drop_answer_after: true, ..Effect::default() };
    stage.world.google(|google| google.faults.push(Fault::on("batch", 1, lost)));
    insert(&mut stage, 0, &timed("secret", NINE, TEN));
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    let conflicts = stage.world.google(|google| google.counters.failures.get("events.insert 409").copied());
    assert_eq!(conflicts, Some(1));
}

#[test]
fn a_crash_at_any_effect_heals() {
    for side in [Side::Before, Side::After] {
        let mut crashes = 0;
        // Until a change is through, from its push to its block and the echo, without so many effects.
        for effect in 0.. {
            let mut stage = Stage::settled(10, 2);
            insert(&mut stage, 0, &timed("secret", NINE, TEN));
            stage.world.crash_at(effect, side);
            stage.settle();
            assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "crash {side:?} effect {effect}");
            if stage.world.no_crash() {
                break;
            }
            crashes += 1;
        }
        assert!(crashes > 15, "only {crashes} effects");
    }
}

#[test]
fn after_a_kill_with_all_messages_gone_it_converges_within_the_longest_lease_and_ten_seconds() {
    const LONGEST_LEASE_MS: i64 = 60_000;
    for steps in 0..30 {
        let mut stage = Stage::settled(11, 3);
        insert(&mut stage, 0, &timed("secret", NINE, TEN));
        for push in stage.world.pushes() {
            stage.world.deliver_push(push);
        }
        for _ in 0..steps {
            if let Some(seq) = stage.world.ready().first() {
                stage.world.deliver(*seq);
            }
        }
        stage.world.restart(true);
        stage.world.settle(LONGEST_LEASE_MS + 10_000);
        assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "killed after {steps} messages");
        assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN)]), "killed after {steps} messages");
    }
}

#[test]
fn a_forged_push_is_refused_and_marks_nothing() {
    let mut stage = Stage::settled(12, 1);
    let state = stage.world.state();
    stage.world.google(|google| {
        let mut channel = google.channels.values().next().unwrap().clone();
        channel.token = channel.token.map(|token| format!("{token}x"));
        google.push_by_hand(&channel, "exists");
    });
    stage.settle();
    assert_eq!(stage.world.state(), state);
}
