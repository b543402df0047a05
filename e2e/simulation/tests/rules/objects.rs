//! Rules 27 and 28: timers as rows, and who may make an object.

use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, change_account, with_an_event};

const TIMERS: &str = "/* t */ SELECT kind, subject, due_at FROM timers ORDER BY due_at";

/// The alarm's work is cut off: the timers are rows, so the next alarm finds them.
#[test]
fn rule_27_an_alarm_that_is_cut_off_runs_again() {
    for side in [Side::Before, Side::After] {
        let mut stage = Stage::settled(27, 2);
        let _ = stage.add(0, "secret", NINE, TEN);
        stage.deliver_pushes();
        stage.world.restart(true);
        stage.lose_pushes();
        stage.world.crash_on("SYNC_QUEUE", side);
        stage.settle();
        assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "{side:?}");
    }
}

/// A timer that can never be handled: it delays no other, and is looked at ever more seldom.
#[test]
fn rule_27_a_timer_that_fails_backs_off_alone() {
    let mut stage = Stage::settled(27, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    stage.world.restart(true);
    change_account(
        &stage,
        0,
        "INSERT INTO timers (kind, subject, due_at) VALUES ('nudge', 'no calendar', 0)",
    );
    let due = |stage: &Stage| {
        let statement = "/* b */ SELECT CAST(due_at AS TEXT) FROM timers WHERE subject = 'no calendar'";
        let rows = stage.world.rows(ObjectClass::Account, &stage.accounts[0].to_string(), statement);
        rows[0].get::<String>(0).unwrap().parse::<i64>().unwrap()
    };
    stage.world.settle(30_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "the other timer went on");
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let at = due(&stage);
        stage.run_until(|stage| due(stage) != at);
        pauses.push((due(&stage) - at + 500).div_euclid(60_000));
    }
    assert_eq!(pauses[..5], [2, 4, 8, 16, 32], "{pauses:?}");
    assert_eq!(pauses[8], pauses[7], "bounded: {pauses:?}");
    assert!(pauses[8] <= 64, "{pauses:?}");
}

#[test]
fn rule_27_one_alarm_does_bounded_work_and_is_armed_again() {
    let mut stage = Stage::settled(27, 1);
    for at in 0..120 {
        change_account(
            &stage,
            0,
            &format!("INSERT INTO timers (kind, subject, due_at) VALUES ('nudge', 'no calendar {at:03}', 0)"),
        );
    }
    let waiting = |stage: &Stage| stage.account(0, "/* w */ SELECT 1 FROM timers WHERE due_at = 0").len();
    change_account(&stage, 0, "UPDATE timers SET due_at = 0 WHERE kind = 'nudge'");
    stage.world.call(&stage.accounts[0].to_string(), &tminus_account::contract::GetStatus {}).unwrap();
    stage.world.run_alarms();
    assert_eq!(waiting(&stage), 70, "fifty a time");
    stage.world.run_alarms();
    stage.world.run_alarms();
    assert_eq!(waiting(&stage), 0, "armed again each time");
}

/// A deploy goes back: the stored schema is newer than the code. The alarm is put off, not lost.
#[test]
fn rule_27_an_object_that_cannot_be_opened_keeps_its_alarm() {
    let mut stage = Stage::settled(27, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    stage.world.restart(true);
    stage.lose_pushes();
    change_account(&stage, 0, "UPDATE schema_version SET version = version + 100");
    stage.world.settle(20_000);
    assert_eq!(stage.shown(1), []);
    assert!(stage.world.next_event().is_some(), "it looks again");
    change_account(&stage, 0, "UPDATE schema_version SET version = version - 100");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The consent is gone, the calendars wait. A new consent ends every pause at once.
#[test]
fn rule_27_a_new_consent_clears_every_pause() {
    let (mut stage, id) = with_an_event(27);
    let email = stage.emails[0].clone();
    crate::support::fail(&stage, "events.list", 6, 403, "forbidden");
    stage.shift(0, &id, NOON, ONE);
    stage.world.settle(120_000);
    assert_ne!(stage.of_primary(0, "due_at"), "", "it waits");
    stage.world.google(|google| google.faults.clear());
    assert!(stage.world.link(&mut stage.person, &email).is_some());
    let started = stage.world.now();
    stage.world.settle(5_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
    assert!(stage.world.now().millis() - started.millis() <= 10_000);
}

/// Every message that was ever delivered comes again after both objects were erased.
#[test]
fn rule_28_late_messages_bring_nothing_back() {
    let (mut stage, _) = with_an_event(28);
    let (user, account) = (stage.person.user.to_string(), stage.accounts[0].to_string());
    stage.world.erase(ObjectClass::UserGraph, &user);
    for account in &stage.accounts {
        stage.world.erase(ObjectClass::Account, &account.to_string());
    }
    for (binding, text) in stage.world.delivered() {
        stage.world.redeliver(binding, text);
    }
    stage.world.push_all();
    stage.settle();
    let tables = "/* t */ SELECT name FROM sqlite_master";
    assert_eq!(stage.world.rows(ObjectClass::UserGraph, &user, tables).len(), 0);
    assert_eq!(stage.world.rows(ObjectClass::Account, &account, tables).len(), 0);
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new(), "they are acknowledged, not kept");
}

/// Only the graph is gone: its accounts' messages and timers make no new one.
#[test]
fn rule_28_an_account_whose_graph_is_gone_makes_no_graph() {
    let (mut stage, id) = with_an_event(28);
    let user = stage.person.user.to_string();
    stage.world.erase(ObjectClass::UserGraph, &user);
    stage.shift(0, &id, NOON, ONE);
    stage.world.settle(600_000);
    let tables = "/* t */ SELECT name FROM sqlite_master";
    assert_eq!(stage.world.rows(ObjectClass::UserGraph, &user, tables).len(), 0);
    assert!(!stage.account(0, TIMERS).is_empty() || stage.of_primary(0, "phase") == "idle");
}
