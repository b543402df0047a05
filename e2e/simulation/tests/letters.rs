//! Chunks that died take effect all the same (protocol rule 11).

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use tminus_simulation::Stage;
use tminus_simulation::world::Side;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
/// How often a chunk is delivered before it is a dead letter.
const DELIVERIES: usize = 6;
/// Shorter than the lease of a run that is being applied: nobody else has taken it over.
const BEFORE_TAKEOVER_MS: i64 = 50_000;

#[test]
fn a_chunk_that_used_up_its_retries_is_applied_without_waiting_for_its_lease() {
    let mut stage = Stage::settled(11, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    for _ in 0..DELIVERIES {
        stage.world.crash_on("apply_chunk", Side::Before);
    }
    stage.world.settle(BEFORE_TAKEOVER_MS);
    assert!(!stage.world.no_crash(), "every delivery failed");
    assert_eq!(stage.world.dead_letters(), ["tminus-delta: retries used up"]);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn a_dead_chunk_that_is_consumed_twice_is_applied_once() {
    let mut stage = Stage::settled(11, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    for _ in 0..DELIVERIES {
        stage.world.crash_on("apply_chunk", Side::Before);
    }
    stage.run_until_queued("DELTA_DLQ");
    let text = stage.queued("DELTA_DLQ")[0].clone();
    stage.settle();
    let events = "/* e */ SELECT * FROM canonical_events";
    let before = (stage.graph(events), stage.world.dead_letters(), stage.world.writes());
    stage.world.redeliver("DELTA_DLQ", text);
    stage.settle();
    assert_eq!((stage.graph(events), stage.world.dead_letters(), stage.world.writes()), before);
}
