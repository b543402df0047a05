//! What is under way when an account is unlinked, and what of it may not take effect (protocol rule 29).

use tminus_simulation::Stage;
use tminus_simulation::world::Side;
use tminus_user_graph::contract::UnlinkAccount;

use crate::support::{NINE, NOON, ONE, TEN, blocks_in_primary, unlink};

/// An event was deleted before its account was unlinked: its tombstone keeps no text of it.
#[test]
fn the_text_of_an_event_that_was_deleted_before_goes_too() {
    let mut stage = Stage::settled(29, 2);
    let id = stage.add(1, "private title", NOON, ONE);
    stage.settle();
    let email = stage.emails[1].clone();
    stage.world.delete(&email, &email, &id);
    stage.settle();
    unlink(&mut stage);
    stage.settle();
    let events = stage.graph("/* e */ SELECT title, description, location FROM canonical_events");
    assert_eq!(events.len(), 1);
    assert!(!events[0].contains("private"), "{events:?}");
}

/// A write is on its way, the answer of the graph that tells of its claim is lost, and the object that knew of the
/// writer restarts. The job has given up the mirror meanwhile: the graph tells of the claim again.
#[test]
fn a_claim_is_told_again_after_its_mirror_was_given_up() {
    let mut stage = Stage::settled(29, 2);
    let email = stage.emails[1].clone();
    stage.world.link_primary(&mut stage.person, &email).unwrap();
    stage.settle();
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.world.hold("batch", Side::Before);
    stage.run_until(|stage| stage.world.held() == 1);
    unlink(&mut stage);
    stage.world.crash_on("unlink_account", Side::After);
    stage.run_until(|stage| {
        stage.graph("/* l */ SELECT 1 FROM linked_accounts").len() == 1
            && stage.graph("/* t */ SELECT 1 FROM timers WHERE kind = 'reproject'").is_empty()
    });
    let again = UnlinkAccount { account: stage.accounts[1], generation: 0 };
    let told = stage.world.call(&stage.person.user.to_string(), &again).unwrap();
    assert!(told.claimed_until > Some(stage.world.now()), "{told:?}");
    stage.world.resume();
    stage.settle();
    assert_eq!(blocks_in_primary(&stage), 0);
}
