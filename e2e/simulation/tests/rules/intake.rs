//! Rules 1 to 5: from a push to a nudge.

use serde_json::json;
use tminus_account::contract::MarkDirty;
use tminus_domain::dirty::DirtyLevel;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, fail, mark, with_an_event};

/// The webhook dies between marking the calendar and nudging, and the provider never repeats the push.
#[test]
fn rule_01_a_marked_calendar_is_nudged_by_its_timer_when_the_nudge_was_never_sent() {
    let mut stage = Stage::settled(1, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.world.crash_on("SYNC_QUEUE", Side::Before);
    stage.deliver_pushes();
    assert_eq!(stage.of_primary(0, "dirty"), "1");
    assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new());
    stage.lose_pushes();
    let started = stage.world.now();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert!(stage.world.now().millis() - started.millis() < 60_000, "a few seconds, not an hour");
}

#[test]
fn rule_01_pushes_of_a_dirty_calendar_write_no_row_and_send_no_nudge() {
    let stage = Stage::settled(1, 1);
    let (account, calendar) = (stage.accounts[0].to_string(), stage.primary(0));
    let push = MarkDirty { calendar, level: DirtyLevel::Incremental };
    assert!(stage.world.call(&account, &push).unwrap().nudge.is_some());
    let state = stage.world.state();
    let timers = stage.account(0, "/* t */ SELECT * FROM timers ORDER BY kind, subject");
    stage.world.advance_millis(1_000);
    for _ in 0..3 {
        assert_eq!(stage.world.call(&account, &push).unwrap().nudge, None);
    }
    assert_eq!(stage.world.state(), state);
    assert_eq!(stage.account(0, "/* t */ SELECT * FROM timers ORDER BY kind, subject"), timers);
}

#[test]
fn rule_01_the_nudge_carries_the_push_when_the_object_is_out_of_reach() {
    let mut stage = Stage::settled(1, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.world.cut_off(&stage.accounts[0].to_string());
    stage.deliver_pushes();
    assert_eq!(stage.world.push_answers().last(), Some(&200));
    assert_eq!(stage.of_primary(0, "dirty"), "0");
    assert!(stage.queued("SYNC_QUEUE")[0].contains(r#""mark":"incremental""#));
    stage.world.reach_all();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn rule_01_a_push_that_can_neither_be_stored_nor_sent_on_is_asked_for_again() {
    let mut stage = Stage::settled(1, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.world.cut_off(&stage.accounts[0].to_string());
    stage.world.cut_off("SYNC_QUEUE");
    stage.deliver_pushes();
    assert_eq!(stage.world.push_answers().last(), Some(&503));
    stage.world.reach_all();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

fn full_runs(stage: &Stage) -> usize {
    let primary = stage.primary(0);
    let statement =
        format!("/* r */ SELECT 1 FROM sync_runs WHERE full_run = 1 AND calendar_id = '{primary}'");
    stage.account(0, &statement).len()
}

/// An incremental run is under way when an operator asks for everything.
#[test]
fn rule_02_a_full_resync_is_not_swallowed_by_an_incremental_run() {
    let mut stage = Stage::settled(2, 2);
    let before = full_runs(&stage);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    stage.world.hold("events.list", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.world.resume();
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "idle");
    assert_eq!(stage.of_primary(0, "dirty"), "2", "the run covered less than what was asked for");
    stage.settle();
    assert_eq!(full_runs(&stage), before + 1);
}

#[test]
fn rule_02_a_push_does_not_lower_the_level_of_a_resync() {
    let mut stage = Stage::settled(2, 1);
    let before = full_runs(&stage);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Incremental);
    assert_eq!(stage.of_primary(0, "dirty"), "2");
    stage.settle();
    assert_eq!(full_runs(&stage), before + 1);
}

/// A run takes the level with it: when it fails, the level is owed again.
#[test]
fn rule_02_a_full_run_that_fails_leaves_its_level_behind() {
    let mut stage = Stage::settled(2, 1);
    let committed = |stage: &Stage| {
        let primary = stage.primary(0);
        let statement = format!(
            "/* r */ SELECT 1 FROM sync_runs
             WHERE full_run = 1 AND outcome = 'committed' AND calendar_id = '{primary}'"
        );
        stage.account(0, &statement).len()
    };
    let before = committed(&stage);
    fail(&stage, "events.list", 1, 404, "notFound");
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(committed(&stage), before + 1);
}

/// The provider asked for five minutes. Every message that comes meanwhile is acknowledged and gone.
#[test]
fn rule_03_waiting_is_an_ack_and_the_object_nudges_when_it_is_time() {
    let mut stage = Stage::settled(3, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    stage.world.google(|google| {
        let control = json!({"match": {"operation": "events.list"},
            "effect": {"status": 429, "headers": {"retry-after": "300"}}});
        google.faults.push(serde_json::from_value(control).unwrap());
    });
    let text = stage.deliver_first("SYNC_QUEUE");
    let calls = stage.world.calls("events.list");
    for _ in 0..20 {
        stage.world.redeliver("SYNC_QUEUE", text.clone());
        stage.deliver_first("SYNC_QUEUE");
        assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new(), "acknowledged, not retried");
    }
    stage.world.settle(290_000);
    assert_eq!(stage.world.calls("events.list"), calls, "not before the time");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

fn push_with(stage: &Stage, change: impl FnOnce(&mut fake_google::push::Channel)) {
    stage.world.google(|google| {
        let mut channel = google.channels.values().next().unwrap().clone();
        change(&mut channel);
        google.push_by_hand(&channel, "exists");
    });
}

#[test]
fn rule_04_a_token_of_another_channel_is_refused_and_marks_nothing() {
    let mut stage = Stage::settled(4, 1);
    let state = stage.world.state();
    push_with(&stage, |channel| channel.token = channel.token.take().map(|token| format!("{token}A")));
    push_with(&stage, |channel| channel.id = format!("{}A", channel.id));
    stage.deliver_pushes();
    assert_eq!(stage.world.push_answers().iter().rev().take(2).collect::<Vec<_>>(), [&403, &403]);
    stage.settle();
    assert_eq!(stage.world.state(), state);
}

#[test]
fn rule_04_a_genuine_token_of_a_gone_account_is_answered_and_dropped() {
    let (mut stage, id) = with_an_event(4);
    let account = stage.accounts[0].to_string();
    stage.world.erase(ObjectClass::Account, &account);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    assert_eq!(stage.world.push_answers().last(), Some(&200));
    assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new());
    let tables = stage.account(0, "/* t */ SELECT name FROM sqlite_master");
    assert_eq!(tables, Vec::<String>::new(), "nothing was brought back");
}

#[test]
fn rule_04_a_token_holds_our_ids_and_no_address() {
    let stage = Stage::settled(4, 1);
    let tokens: Vec<String> = stage
        .world
        .google(|google| google.channels.values().filter_map(|channel| channel.token.clone()).collect());
    assert_eq!(tokens.len(), 3);
    for token in tokens {
        assert!(token.contains(&stage.accounts[0].to_string()) && token.contains(".cal_"), "{token}");
        assert!(!token.contains('@') && !token.contains("example"), "{token}");
    }
}

/// The provider's replicas lag behind its push: the first list shows nothing new.
#[test]
fn rule_05_an_empty_list_after_a_push_is_followed_by_another() {
    let mut stage = Stage::settled(5, 2);
    stage.world.google(|google| google.settings.list_lag_ms = 5_000);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.world.settle(5_000);
    assert_eq!(stage.of_primary(0, "dirty"), "0", "the run committed, and had found nothing");
    assert_eq!(stage.shown(1), []);
    stage.lose_pushes();
    stage.world.settle(9_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "after about ten seconds");
}

/// A second change is pushed while the first one's run is under way, and the provider lags with it.
#[test]
fn rule_05_a_push_during_a_run_is_looked_for_after_a_moment() {
    let mut stage = Stage::settled(5, 2);
    let _ = stage.add(0, "first", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.google(|google| google.settings.list_lag_ms = 1_500);
    let _ = stage.add(0, "second", TEN, NOON);
    stage.deliver_pushes();
    stage.lose_pushes();
    stage.world.settle(5_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (TEN, NOON)]));
}

/// What was pushed while a list was empty waits ten seconds, unless another push says that something is new.
#[test]
fn rule_05_a_new_push_does_not_wait_for_the_second_look() {
    let mut stage = Stage::settled(5, 2);
    stage.world.google(|google| google.settings.list_lag_ms = 60_000);
    let _ = stage.add(0, "first", NINE, TEN);
    stage.deliver_pushes();
    stage.world.hold("page_fetched", Side::Before);
    stage.deliver_first("SYNC_QUEUE");
    let _ = stage.add(0, "second", TEN, NOON);
    stage.deliver_pushes();
    stage.world.resume();
    assert_eq!(stage.of_primary(0, "dirty"), "1", "the second look is due, and waits");
    stage.world.google(|google| google.settings.list_lag_ms = 0);
    let _ = stage.add(0, "third", NOON, ONE);
    stage.world.settle(2_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (TEN, NOON), (NOON, ONE)]));
}

/// A push for nothing costs one more list, and no third.
#[test]
fn rule_05_there_is_no_third_list() {
    let mut stage = Stage::settled(5, 1);
    push_with(&stage, |_| {});
    let lists = stage.world.calls("events.list");
    stage.settle();
    assert_eq!(stage.world.calls("events.list"), lists + 2);
}
