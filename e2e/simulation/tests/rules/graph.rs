//! Rule 13: the graph was restored, and the cursors do not know.

use tminus_simulation::Stage;

use crate::support::{EVENTS, NOON, ONE, TEN, change_graph, with_an_event};

/// The graph goes back to a time before the event was moved; its incarnation tells. A change of another event comes.
fn restored(seed: u64, incarnation: u32) -> Stage {
    let (mut stage, id) = with_an_event(seed);
    stage.shift(0, &id, NOON, ONE);
    stage.settle();
    change_graph(
        &stage,
        "UPDATE canonical_events SET start_ts = unixepoch('2026-02-02 09:00:00') * 1000,
           end_ts = unixepoch('2026-02-02 10:00:00') * 1000, etag = 'older', generation = 1",
    );
    change_graph(&stage, &format!("UPDATE graph SET incarnation = {incarnation}"));
    let _ = stage.add(0, "another", TEN, NOON);
    stage
}

#[test]
fn rule_13_another_incarnation_discards_the_cursor_and_fetches_everything() {
    let mut stage = restored(13, 2);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON), (NOON, ONE)]));
    assert_eq!(stage.of_primary(0, "incarnation"), "2");
    let ended = "/* o */ SELECT outcome FROM sync_runs WHERE outcome = 'graph_restored'";
    assert_eq!(stage.account(0, ended).len(), 1);
    let events = stage.graph(EVENTS);
    assert!(!events.iter().any(|event| event.contains("older")), "{events:?}");
}

/// Until the full run has committed nothing is taken for deleted, whatever the graph no longer knows or still knows.
#[test]
fn rule_13_nothing_is_deleted_by_inference_before_the_full_run_commits() {
    let mut stage = restored(13, 2);
    let deletes = stage.world.calls("events.delete");
    stage.run_until_queued("DELTA_BULK_QUEUE");
    assert_eq!(stage.graph(EVENTS).len(), 2);
    assert_eq!(stage.of_primary(0, "sync_token"), "");
    stage.settle();
    assert_eq!(stage.world.calls("events.delete"), deletes);
}

#[test]
fn rule_13_the_same_incarnation_keeps_the_cursor() {
    let mut stage = restored(13, 1);
    let runs = stage.account(0, "/* r */ SELECT 1 FROM sync_runs WHERE full_run = 1").len();
    stage.settle();
    assert_eq!(stage.account(0, "/* r */ SELECT 1 FROM sync_runs WHERE full_run = 1").len(), runs);
}
