//! Rule 16: live work never waits behind bulk work.

use serde_json::json;
use tminus_domain::dirty::DirtyLevel;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

use crate::support::{NINE, TEN, failed, mark};

/// The queues that messages were delivered on since so many were.
fn bindings(stage: &Stage, since: usize) -> Vec<&'static str> {
    let mut bindings: Vec<_> =
        stage.world.delivered().into_iter().skip(since).map(|(binding, _)| binding).collect();
    bindings.sort_unstable();
    bindings.dedup();
    bindings
}

#[test]
fn rule_16_a_first_sync_travels_on_the_bulk_lane_end_to_end() {
    let mut stage = Stage::linked(16, 2);
    let _ = stage.add(0, "was there before", NINE, TEN);
    // Nobody waits for it any more.
    stage.world.advance_millis(120_000);
    stage.settle();
    assert_eq!(bindings(&stage, 0), ["BACKFILL_QUEUE", "DELTA_BULK_QUEUE", "MIRROR_BULK_QUEUE"]);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn rule_16_a_change_travels_on_the_live_lane_and_its_echo_on_the_bulk_lane() {
    let mut stage = Stage::settled(16, 2);
    let before = stage.world.delivered().len();
    let _ = stage.add(0, "now", NINE, TEN);
    stage.settle();
    assert_eq!(
        bindings(&stage, before),
        ["BACKFILL_QUEUE", "DELTA_BULK_QUEUE", "DELTA_QUEUE", "MIRROR_QUEUE", "SYNC_QUEUE"]
    );
}

/// Sixty blocks of a first sync wait when one that someone is waiting for comes: it is in the first batch of fifty,
/// although its event starts last.
#[test]
fn rule_16_claims_go_by_lane_first() {
    let mut stage = Stage::settled(16, 2);
    for at in 0..60 {
        let _ = stage.add(0, "bulk", &format!("2026-02-02T09:{at:02}:00Z"), TEN);
    }
    stage.lose_pushes();
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until(|stage| stage.graph("/* m */ SELECT 1 FROM event_mirrors").len() == 60);
    let (start, end) = ("2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z");
    let _ = stage.add(0, "live", start, end);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    stage.world.hold("settle_mirrors", Side::Before);
    stage.deliver_first("MIRROR_QUEUE");
    let shown = stage.shown(1);
    assert_eq!(shown.len(), 50, "one batch");
    assert!(shown.contains(&Stage::blocks(&[(start, end)])[0]), "the live one is in it");
    stage.world.resume();
    stage.settle();
    assert_eq!(stage.shown(1).len(), 61);
}

/// A first sync of 700 events, at a provider that counts: it leaves a third of each minute to what someone waits for,
/// and the quota is never met.
#[test]
fn rule_16_bulk_work_leaves_a_third_of_the_quota_to_live_work() {
    const A_MINUTE: u64 = 600;
    let mut stage = Stage::settled(16, 2);
    stage.world.google(|google| google.settings.quota_per_minute_per_user = Some(A_MINUTE));
    for at in 0..700 {
        let (day, hour, minute) = (2 + at / 360, (at / 15) % 24, (at % 15) * 4);
        let start = format!("2026-01-{day:02}T{hour:02}:{minute:02}:00Z");
        let _ = stage.add(0, "bulk", &start, "2026-01-06T00:00:00Z");
    }
    stage.lose_pushes();
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until(|stage| stage.world.calls("events.insert") > 0);
    let started = stage.world.now();
    stage.world.settle(30_000);
    let written = stage.world.calls("events.insert");
    assert!((300..=A_MINUTE * 2 / 3).contains(&written), "{written} in half a minute");
    let live = stage.add(0, "live", NINE, TEN);
    let before = stage.world.now();
    stage.world.settle(1_000);
    assert!(stage.shown(1).contains(&Stage::blocks(&[(NINE, TEN)])[0]), "{live} waits behind bulk work");
    assert!(stage.world.now().millis() - before.millis() <= 1_100);
    stage.world.settle(59_000 - (stage.world.now().millis() - started.millis()));
    assert!(stage.world.calls("events.insert") <= A_MINUTE * 2 / 3 + 1);
    stage.settle();
    assert_eq!(stage.shown(1).len(), 701);
    assert_eq!(failed(&stage, "events.insert 403") + failed(&stage, "events.insert 429"), 0);
}

/// The whole quota of writes is used up: lists go on, and are answered at once.
#[test]
fn rule_16_lists_are_not_paced_by_writes() {
    let mut stage = Stage::settled(16, 2);
    for at in 0..700 {
        let (day, hour, minute) = (2 + at / 360, (at / 15) % 24, (at % 15) * 4);
        let start = format!("2026-01-{day:02}T{hour:02}:{minute:02}:00Z");
        let _ = stage.add(0, "live", &start, "2026-01-06T00:00:00Z");
    }
    stage.world.settle(20_000);
    let written = stage.world.calls("events.insert");
    stage.world.settle(5_000);
    assert_eq!(stage.world.calls("events.insert"), written, "writing waits for the quota");
    let _ = stage.add(1, "of the account that is written into", NINE, TEN);
    stage.world.settle(1_000);
    assert!(stage.shown(0).contains(&Stage::blocks(&[(NINE, TEN)])[0]));
}

/// So many seconds from now, as an event's time.
fn from_now(stage: &Stage, seconds: i64) -> String {
    stage.world.now().plus_seconds(seconds).to_rfc3339()
}

/// A calendar is read wholly. Its first chunk holds an event of tomorrow and one that is weeks away, its second nothing
/// to write: what is far waits until the calendar is read, and then not for a timer.
#[test]
fn rule_16_what_is_near_is_written_first_and_the_rest_as_soon_as_the_calendar_is_read() {
    const A_DAY: i64 = 86_400;
    let mut stage = Stage::settled(16, 2);
    let email = stage.emails[0].clone();
    for days in [1, 30] {
        let (start, end) = (from_now(&stage, days * A_DAY), from_now(&stage, days * A_DAY + 60));
        let mut shown = timed("shown", &start, &end);
        shown["id"] = json!(format!("aaaaa{days:02}"));
        stage.world.insert(&email, &email, &shown);
    }
    for at in 0..9 {
        let mut long = timed(&format!("long {at}"), NINE, TEN);
        long["id"] = json!(format!("bbbbb{at}"));
        long["description"] = json!("x".repeat(15_000));
        long["transparency"] = json!("transparent");
        stage.world.insert(&email, &email, &long);
    }
    stage.lose_pushes();
    // Nobody waits for them any more.
    stage.world.advance_millis(120_000);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until_queued("DELTA_BULK_QUEUE");
    assert_eq!(stage.queued("DELTA_BULK_QUEUE").len(), 2);
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(
        stage.graph("/* m */ SELECT 1 FROM event_mirrors WHERE reason IS NULL").len(),
        2,
        "the first chunk holds both"
    );
    stage.deliver_first("MIRROR_BULK_QUEUE");
    assert_eq!(stage.shown(1).len(), 1, "what is near");
    stage.deliver_first("DELTA_BULK_QUEUE");
    stage.deliver_first("MIRROR_BULK_QUEUE");
    assert_eq!(stage.shown(1).len(), 2, "and the rest, at once");
}

/// The queues on which the writers were nudged after a full run that brought so many events, all made just now.
fn writers_after(events: usize) -> Vec<&'static str> {
    let mut stage = Stage::settled(16, 2);
    for at in 0..events {
        let _ = stage.add(0, "made just now", &format!("2026-02-02T09:{at:02}:00Z"), TEN);
    }
    stage.lose_pushes();
    let before = stage.world.delivered().len();
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.run_until(|stage| stage.shown(1).len() == events);
    bindings(&stage, before).into_iter().filter(|binding| binding.starts_with("MIRROR")).collect()
}

/// Someone makes an event while the calendar is read for the first time: it comes with all the others, and is waited
/// for.
#[test]
fn rule_16_a_few_changes_of_the_last_minute_go_ahead_of_the_full_run_that_brings_them() {
    assert_eq!(writers_after(5), ["MIRROR_QUEUE"]);
}

/// Many events of the last minute are an import: nobody waits for them one by one.
#[test]
fn rule_16_an_import_does_not_go_ahead() {
    assert_eq!(writers_after(6), ["MIRROR_BULK_QUEUE"]);
}
