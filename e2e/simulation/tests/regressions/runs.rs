//! Runs that are looked for again, and events that are fetched again (protocol rules 5 and 11).

use tminus_account::contract::FetchAgain;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN};

/// An empty list, a push meanwhile: the second look is to come when the replicas have caught up. A nudge that comes
/// twice finds that it is not time yet.
#[test]
fn a_nudge_that_comes_twice_does_not_take_the_second_look_early() {
    let mut stage = Stage::settled(5, 2);
    stage.world.google(|google| google.settings.list_lag_ms = 5_000);
    let _ = stage.add(0, "one", NINE, TEN);
    stage.deliver_pushes();
    stage.world.hold("events.list", Side::After);
    let nudge = stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.world.held(), 1);
    let _ = stage.add(0, "two", NOON, ONE);
    stage.deliver_pushes();
    assert_eq!(stage.of_primary(0, "dirty"), "1");
    stage.world.resume();
    assert_eq!(stage.of_primary(0, "phase"), "idle");
    let lists = stage.world.calls("events.list");
    stage.world.redeliver("SYNC_QUEUE", nudge);
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.world.calls("events.list"), lists, "it is not time yet");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (NOON, ONE)]));
}

/// More events are to be fetched again than one run takes, and nobody pushes: what is left has runs of its own.
#[test]
fn what_one_run_does_not_fetch_again_the_next_does() {
    let mut stage = Stage::settled(11, 1);
    let ids: Vec<String> = (0..120).map(|at| format!("nothing{at:04}")).collect();
    let again = FetchAgain { calendar: stage.primary(0), ids };
    stage.world.call(&stage.accounts[0].to_string(), &again).unwrap();
    stage.settle();
    assert_eq!(stage.account(0, "/* f */ SELECT 1 FROM fetch_again"), Vec::<String>::new());
    assert_eq!(stage.world.calls("events.get"), 120);
}
