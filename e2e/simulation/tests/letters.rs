//! Chunks that died take effect all the same (protocol rule 11).

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::unwrap_used, reason = "tests")]

use tminus_simulation::Stage;
use tminus_simulation::world::Side;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const EVENTS: &str = "/* e */ SELECT * FROM canonical_events WHERE deleted = 0";

/// A stage with a new event whose chunk has died, and nothing else on its way; and the dead letter.
fn with_a_dead_chunk() -> (Stage, String) {
    let mut stage = Stage::settled(11, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    let chunk = stage.queued("DELTA_QUEUE")[0].clone();
    stage.world.restart(true);
    stage.world.redeliver("DELTA_DLQ", chunk.clone());
    (stage, chunk)
}

#[test]
fn a_dead_chunk_is_kept_and_takes_effect_and_its_run_goes_on() {
    let (mut stage, _) = with_a_dead_chunk();
    let started = stage.world.now();
    let letter = stage.deliver_first("DELTA_DLQ");
    assert!(letter.contains("secret"));
    assert!(stage.world.now() < started.plus_seconds(1), "nobody's lease ended");
    assert_eq!(stage.graph(EVENTS).len(), 1);
    assert_eq!(stage.of_primary(0, "phase"), "idle", "its run is committed");
    assert_eq!(stage.world.dead_letters(), ["tminus-delta: retries used up"]);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn a_dead_chunk_that_is_consumed_twice_is_applied_once() {
    let (mut stage, chunk) = with_a_dead_chunk();
    stage.settle();
    let before = (stage.graph(EVENTS), stage.world.dead_letters(), stage.world.writes());
    stage.world.redeliver("DELTA_DLQ", chunk);
    stage.settle();
    assert_eq!((stage.graph(EVENTS), stage.world.dead_letters(), stage.world.writes()), before);
}

/// The graph is away when the letter comes: nothing is put into quarantine, and it is tried again.
#[test]
fn a_graph_that_is_away_costs_a_dead_chunk_nothing() {
    let (mut stage, _) = with_a_dead_chunk();
    for _ in 0..3 {
        stage.world.crash_on("apply_chunk", Side::Before);
    }
    stage.settle();
    assert!(!stage.world.no_crash());
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    assert!(stage.graph("/* q */ SELECT * FROM quarantine").is_empty());
}
