//! Rules 6, 7 and 12: one run a calendar, taken over and re-entered, and generations that only grow.

use serde_json::json;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN, change_account, with_an_event};

fn lease_left_ms(stage: &Stage) -> i64 {
    stage.of_primary(0, "lease_until").parse::<i64>().unwrap() - stage.world.now().millis()
}

/// Two nudges of one calendar: the second comes while the first is fetching.
#[test]
fn rule_06_a_second_nudge_finds_the_run_taken() {
    let mut stage = Stage::settled(6, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    let other = stage.queued("SYNC_QUEUE")[0].replace(r#""id":"msg_0"#, r#""id":"msg_1"#);
    let calls = stage.world.calls("events.list");
    stage.world.hold("events.list", Side::Before);
    stage.deliver_first("SYNC_QUEUE");
    stage.world.redeliver("SYNC_QUEUE", other);
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new());
    assert_eq!(stage.world.calls("events.list"), calls, "the second fetches nothing");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.world.calls("events.list"), calls + 2, "one of the source, one of the echo");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// A fetcher stands still with its page in hand, past its lease. Another takes over and commits what is true now.
#[test]
fn rule_06_what_a_fetcher_that_was_taken_over_still_sends_is_older() {
    let (mut stage, id) = with_an_event(6);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.hold("events.list", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    let generation: u32 = stage.of_primary(0, "generation").parse().unwrap();
    stage.shift(0, &id, TEN, NOON);
    stage.lose_pushes();
    stage.settle();
    assert!(stage.of_primary(0, "generation").parse::<u32>().unwrap() > generation);
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
    let events = stage.graph(EVENTS);
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.graph(EVENTS), events);
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
}

/// The chunk itself is what comes too late: it is held in front of the graph.
#[test]
fn rule_06_a_chunk_of_a_run_that_was_taken_over_neither_applies_nor_commits() {
    let (mut stage, id) = with_an_event(6);
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    stage.shift(0, &id, TEN, NOON);
    stage.lose_pushes();
    stage.settle();
    let (events, token) = (stage.graph(EVENTS), stage.of_primary(0, "sync_token"));
    stage.world.resume();
    stage.settle();
    assert_eq!((stage.graph(EVENTS), stage.of_primary(0, "sync_token")), (events, token));
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
}

#[test]
fn rule_06_the_lease_is_short_while_fetching_longer_while_applying_and_doubles_with_each_takeover() {
    let mut stage = Stage::settled(6, 1);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    let mut leases = Vec::new();
    for _ in 0..4 {
        stage.world.hold("events.list", Side::Before);
        stage.run_until_queued("SYNC_QUEUE");
        stage.deliver_first("SYNC_QUEUE");
        leases.push((lease_left_ms(&stage) + 500).div_euclid(1_000));
    }
    assert_eq!(leases, [30, 60, 120, 240]);
}

/// Both chunks are in the graph, nobody counted them, and the lease ends. The provider is out of reach: who takes
/// over asks the graph, and needs no second list.
#[test]
fn rule_06_a_takeover_first_asks_the_graph_how_far_the_run_got() {
    let mut stage = Stage::settled(6, 2);
    let email = stage.emails[0].clone();
    for at in 0..9 {
        let mut long = timed(&format!("long {at}"), NINE, TEN);
        long["description"] = json!("x".repeat(15_000));
        // No mirrors: nobody lists another calendar meanwhile.
        long["transparency"] = json!("transparent");
        stage.world.insert(&email, &email, &long);
    }
    stage.run_until_queued("DELTA_QUEUE");
    for _ in 0..2 {
        stage.world.crash_on("chunk_applied", Side::Before);
        stage.deliver_first("DELTA_QUEUE");
    }
    stage.world.restart(true);
    stage.lose_pushes();
    let (token, lists) = (stage.of_primary(0, "sync_token"), stage.world.calls("events.list"));
    stage.run_until(|stage| stage.of_primary(0, "phase") == "idle");
    assert_ne!(stage.of_primary(0, "sync_token"), token);
    assert_eq!(stage.world.calls("events.list"), lists);
}

/// One of two chunks is in the graph: what is missing is fetched again, under a higher generation.
#[test]
fn rule_06_a_takeover_fetches_again_what_is_missing() {
    let mut stage = Stage::settled(6, 2);
    let email = stage.emails[0].clone();
    for at in 0..9 {
        let mut long = timed(&format!("long {at}"), NINE, TEN);
        long["description"] = json!("x".repeat(15_000));
        stage.world.insert(&email, &email, &long);
    }
    stage.run_until_queued("DELTA_QUEUE");
    let generation: u32 = stage.of_primary(0, "generation").parse().unwrap();
    stage.deliver_first("DELTA_QUEUE");
    stage.world.restart(true);
    stage.lose_pushes();
    stage.settle();
    assert!(stage.of_primary(0, "generation").parse::<u32>().unwrap() > generation);
    assert_eq!(stage.shown(1).len(), 9);
}

/// The answer to `begin_run` is lost: the same message comes again and fetches, long before the lease ends.
#[test]
fn rule_07_the_same_message_re_enters_its_run() {
    let mut stage = Stage::settled(7, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.deliver_pushes();
    stage.world.crash_on("begin_run", Side::After);
    let started = stage.world.now();
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "fetching");
    stage.world.settle(8_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert!(stage.world.now().millis() - started.millis() < 10_000);
}

/// Both deliveries of one message are under way: the first has listed, then the event changes, then the second lists
/// and commits. What the first still sends must not revert the event.
#[test]
fn rule_07_a_repeat_fetches_under_a_higher_generation() {
    let (mut stage, id) = with_an_event(7);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.hold("events.list", Side::After);
    let text = stage.deliver_first("SYNC_QUEUE");
    stage.shift(0, &id, TEN, NOON);
    stage.lose_pushes();
    stage.world.redeliver("SYNC_QUEUE", text);
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "idle", "the second committed");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
}

/// The account's object goes back to an earlier state: its generations would be taken for old for ever.
#[test]
fn rule_12_a_lease_holder_that_is_behind_raises_its_generation() {
    let (mut stage, id) = with_an_event(12);
    for (start, end) in [(NOON, ONE), (NINE, TEN), (NOON, ONE)] {
        stage.shift(0, &id, start, end);
        stage.settle();
    }
    let generation: u32 = stage.of_primary(0, "generation").parse().unwrap();
    change_account(&stage, 0, "UPDATE calendars SET generation = 1 WHERE role = 'PRIMARY'");
    stage.shift(0, &id, TEN, NOON);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
    assert!(stage.of_primary(0, "generation").parse::<u32>().unwrap() > generation);
    assert_eq!(stage.account(0, "/* o */ SELECT 1 FROM sync_runs WHERE outcome = 'overtaken'").len(), 1);
}
