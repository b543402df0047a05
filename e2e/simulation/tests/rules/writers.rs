//! Rule 18: one writer a target account, and what becomes of each part of what it writes.

use serde_json::json;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::world::{Side, bytes_of};

use crate::support::{NINE, NOON, ONE, TEN, fail};

/// Two nudges of one account: the second finds the seat taken and writes nothing; what it was for is not forgotten.
#[test]
fn rule_18_a_second_writer_is_coalesced_and_its_nudge_kept() {
    let mut stage = Stage::settled(18, 2);
    let _ = stage.add(0, "first", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("claim_mirrors", Side::After);
    stage.deliver_first("MIRROR_QUEUE");
    let _ = stage.add(0, "second", NOON, ONE);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    let batches = stage.world.calls("batch");
    stage.deliver_first("MIRROR_QUEUE");
    assert_eq!(stage.world.calls("batch"), batches, "one writer at a time");
    assert_eq!(stage.queued("MIRROR_QUEUE"), Vec::<String>::new(), "acknowledged");
    let started = stage.world.now();
    stage.world.resume();
    stage.world.settle(2_000);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
    assert!(stage.world.now().millis() - started.millis() < 5_000, "without waiting for a timer");
}

/// The same, when the first has found nothing left to write and is about to leave.
#[test]
fn rule_18_a_writer_that_leaves_passes_on_the_nudge_that_came_meanwhile() {
    let mut stage = Stage::settled(18, 2);
    let _ = stage.add(0, "first", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("end_write", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    let _ = stage.add(0, "second", NOON, ONE);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    stage.deliver_first("MIRROR_QUEUE");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "coalesced");
    stage.world.resume();
    stage.deliver_first("MIRROR_QUEUE");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
}

/// While the provider asks for patience every nudge is answered and nothing is sent; then a timer nudges.
#[test]
fn rule_18_not_now_is_an_ack() {
    let mut stage = Stage::settled(18, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    fail(&stage, "batch", 1, 403, "quotaExceeded");
    let nudge = stage.deliver_first("MIRROR_QUEUE");
    let _ = stage.add(0, "comes during the pause", NOON, ONE);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    stage.deliver_first("MIRROR_QUEUE");
    let batches = stage.world.calls("batch");
    for _ in 0..20 {
        stage.world.redeliver("MIRROR_QUEUE", nudge.replace(r#""id":"msg_0"#, r#""id":"msg_1"#));
        stage.deliver_first("MIRROR_QUEUE");
        assert_eq!(stage.queued("MIRROR_QUEUE"), Vec::<String>::new());
    }
    assert_eq!(stage.world.calls("batch"), batches);
    assert_eq!(stage.shown(1), []);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

/// One batch of four: done, asked to wait, failed without a word on whether it was done, refused for good.
#[test]
fn rule_18_the_parts_of_a_batch_are_settled_one_by_one() {
    let mut stage = Stage::settled(18, 2);
    for (hour, title) in [(10, "a"), (11, "b"), (12, "c"), (13, "d")] {
        let (start, end) = (format!("2026-02-02T{hour}:00:00Z"), format!("2026-02-02T{hour}:30:00Z"));
        let _ = stage.add(0, title, &start, &end);
    }
    stage.run_until_queued("MIRROR_QUEUE");
    // A fault counts what those before it let pass: each skips the first part.
    for (status, reason) in [(429, "rateLimitExceeded"), (503, "backendError"), (400, "invalid")] {
        stage.world.google(|google| {
            let fault = json!({"match": {"operation": "events.insert", "nth": 2},
                "effect": {"status": status, "reason": reason}});
            google.faults.push(serde_json::from_value(fault).unwrap());
        });
    }
    stage.world.hold("end_write", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    let states = stage.of_graph(
        "/* s */ SELECT GROUP_CONCAT(word, ', ') FROM (
           SELECT state || CASE WHEN in_doubt THEN ' in doubt' WHEN next_attempt_ts > 0 THEN ' later' ELSE '' END
           AS word FROM event_mirrors ORDER BY start_ts)",
    );
    assert_eq!(states, "ACTIVE, PENDING later, PENDING in doubt, ERROR");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.shown(1).len(), 3, "all but the one that was refused for good");
}

/// The overlay refuses every write: it is paused as a whole, none of its mirrors uses up an attempt, and maintenance
/// is asked to look after it. Another account is written on.
#[test]
fn rule_18_a_calendar_that_refuses_is_paused_and_not_its_mirrors() {
    for (status, reason) in [(403, "requiredAccessLevel"), (403, "forbidden"), (404, "notFound")] {
        let mut stage = Stage::settled(18, 3);
        let (account, overlay) = (stage.accounts[1].to_string(), stage.overlay(1));
        for (start, end) in [(NINE, TEN), (NOON, ONE)] {
            let _ = stage.add(0, "secret", start, end);
        }
        stage.world.google(|google| {
            let fault = json!({"match": {"operation": "events.insert", "calendar": overlay, "times": 0},
                "effect": {"status": status, "reason": reason}});
            google.faults.push(serde_json::from_value(fault).unwrap());
        });
        stage.world.settle(5_000);
        let rows = format!(
            "/* r */ SELECT state || ' ' || CAST(attempts AS INTEGER) || ' ' || CAST(next_attempt_ts AS INTEGER)
             FROM event_mirrors WHERE target_account_id = {} GROUP BY 1",
            bytes_of(stage.accounts[1])
        );
        assert_eq!(stage.of_graph(&rows), "PENDING 0 0", "{status} {reason}");
        assert_eq!(stage.graph(&rows).len(), 1, "{status} {reason}");
        let paused = "/* p */ SELECT 1 FROM calendars WHERE write_after IS NOT NULL";
        assert_eq!(stage.account(1, paused).len(), 1, "{status} {reason}");
        let maintains = |text: &str| text.contains(r#""kind":"maintain""#) && text.contains(&account);
        let asked = stage.world.delivered().into_iter().filter(|(_, text)| maintains(text)).count();
        assert!(asked > 1, "maintenance was not asked");
        assert_eq!(stage.shown(2), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]), "another account waits");
        stage.world.google(|google| google.faults.clear());
        stage.settle();
        assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
    }
}

/// A writer dies with its permits: an object that restarts does not take the minute for empty.
#[test]
fn rule_18_permits_that_were_used_survive_a_restart_and_unused_ones_return() {
    let mut stage = Stage::settled(18, 2);
    for at in 0..30 {
        let _ = stage.add(0, "many", &format!("2026-02-02T09:{at:02}:00Z"), TEN);
    }
    stage.settle();
    let used = "/* q */ SELECT CAST(SUM(calls) AS TEXT) FROM quota_ledger";
    let rows = stage.world.rows(ObjectClass::Account, &stage.accounts[1].to_string(), used);
    let used: u32 = rows[0].get::<String>(0).unwrap().parse().unwrap();
    assert!((30..100).contains(&used), "{used}: what was made, and not what was reserved");
}

/// Every calendar of the account refuses, and more is to be written during the pause: the nudge for it is answered, and
/// nothing is sent. The account's other calendar is written on.
#[test]
fn rule_18_a_calendar_that_is_paused_is_left_alone_until_its_timer() {
    let mut stage = Stage::settled(18, 2);
    let overlay = stage.overlay(1);
    let _ = stage.add(0, "first", NINE, TEN);
    stage.world.google(|google| {
        let fault = json!({"match": {"operation": "events.insert", "calendar": overlay, "times": 0},
            "effect": {"status": 403, "reason": "forbidden"}});
        google.faults.push(serde_json::from_value(fault).unwrap());
    });
    stage.world.settle(5_000);
    let batches = stage.world.calls("batch");
    let _ = stage.add(0, "second", NOON, ONE);
    stage.world.settle(5_000);
    assert_eq!(stage.graph("/* m */ SELECT 1 FROM event_mirrors WHERE state = 'PENDING'").len(), 2);
    assert_eq!(stage.world.calls("batch"), batches, "it is paused");
    stage.world.settle(60_000);
    assert_eq!(stage.world.calls("batch"), batches + 1, "after a minute");
}

/// A calendar refuses every write: its pauses double up to an hour, and are short again once it has taken one.
#[test]
fn rule_18_the_pauses_of_a_calendar_that_refuses_grow_up_to_an_hour() {
    let mut stage = Stage::settled(18, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    fail(&stage, "events.insert", 0, 403, "forbidden");
    let pause = |stage: &mut Stage| {
        let batches = stage.world.calls("batch");
        stage.run_until(|stage| {
            stage.world.calls("batch") > batches
                && stage.account(1, "/* p */ SELECT 1 FROM calendars WHERE write_after IS NOT NULL").len()
                    == 1
        });
        let until: i64 = stage.of_calendar(1, "BUSY_OVERLAY", "write_after").parse().unwrap();
        (until - stage.world.now().millis() + 30_000).div_euclid(60_000)
    };
    let pauses: Vec<i64> = (0..8).map(|_| pause(&mut stage)).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60]);
    stage.world.google(|google| google.faults.clear());
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    let _ = stage.add(0, "another", NOON, ONE);
    fail(&stage, "events.insert", 1, 403, "forbidden");
    assert_eq!(pause(&mut stage), 1);
}
