//! An account that is linked again meets nothing of its old link (protocol rules 12, 27 and 29).

use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::support::{NINE, NOON, ONE, TEN, link_again, link_late, stage, unlink};

/// A chunk of the old link is delivered once more when the account is linked again: the graph knows the calendar
/// under another id now, and would take the chunk's event for a second one.
#[test]
fn a_chunk_of_the_old_link_makes_no_second_event() {
    let mut stage = Stage::settled(29, 2);
    let _ = stage.add(1, "leaving", NOON, ONE);
    stage.run_until_queued("DELTA_QUEUE");
    let chunk = stage.queued("DELTA_QUEUE")[0].clone();
    stage.settle();
    unlink(&mut stage);
    stage.settle();
    link_again(&mut stage);
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    stage.world.redeliver("DELTA_QUEUE", chunk);
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]), "after the late chunk");
    assert_eq!(stage.graph("/* e */ SELECT 1 FROM canonical_events WHERE deleted = 0").len(), 1);
}

/// The job that forgets the account backs off, and the account is linked again before it is through: what it had not
/// reached is forgotten all the same.
#[test]
fn what_is_linked_again_before_it_is_forgotten_is_shown_once() {
    const JOB: &str = "/* t */ SELECT 1 FROM timers WHERE kind = 'reproject'";
    let mut stage = stage(2);
    unlink(&mut stage);
    stage.run_until(|stage| !stage.graph(JOB).is_empty());
    let _ = stage.graph(
        "/* by hand: it failed and backs off */
         UPDATE timers SET due_at = due_at + 60000 WHERE kind = 'reproject'",
    );
    stage.world.settle(40_000);
    assert_eq!(stage.graph(JOB).len(), 1, "the job is not through");
    link_again(&mut stage);
    stage.settle();
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    let pending = stage.graph("/* m */ SELECT 1 FROM event_mirrors WHERE state = 'PENDING'");
    assert_eq!(pending, Vec::<String>::new(), "nobody will ever write it");
}

/// A maintainer tells the graph the account's calendars when that is unlinked, through to the tombstone: nothing of it
/// comes back, and the account that is linked again is maintained.
#[test]
fn calendars_that_are_told_after_the_end_do_not_come_back() {
    let mut stage = stage(2);
    link_again(&mut stage);
    // The account's object is told first, then the graph.
    stage.world.hold("put_calendars", Side::Before);
    stage.run_until(|stage| stage.world.held() == 1);
    stage.world.hold("put_calendars", Side::Before);
    stage.world.resume();
    assert_eq!(stage.world.held(), 1);
    unlink(&mut stage);
    stage.settle();
    stage.world.resume();
    stage.settle();
    let account = stage.accounts[1];
    let calendars = format!("/* c */ SELECT 1 FROM calendars WHERE account_id = '{account}'");
    assert_eq!(stage.graph(&calendars), Vec::<String>::new());
    link_again(&mut stage);
    stage.settle();
    assert_eq!(stage.account(1, "/* c */ SELECT 1 FROM watch_channels").len(), 3, "maintained to its end");
    assert_eq!(stage.shown(0), Stage::blocks(&[(NOON, ONE)]));
}

/// The link broke off between the account's object and the graph, and its runs were turned away for hours: when the
/// person completes it, it goes on at once instead of at the end of a lease that has grown.
#[test]
fn a_link_that_broke_off_goes_on_when_it_is_completed() {
    let mut stage = Stage::settled(8, 1);
    stage.world.person_at_google("late@example.com");
    stage.world.crash_on("link_account", Side::Before);
    assert_eq!(stage.world.link(&mut stage.person, "late@example.com"), None);
    stage.world.settle(6 * 3_600_000);
    link_late(&mut stage);
    stage.world.settle(60_000);
    assert_eq!(stage.of_primary(1, "phase"), "idle");
    assert_ne!(stage.of_primary(1, "sync_token"), "", "it was read to its end");
}
