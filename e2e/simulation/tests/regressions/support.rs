//! What these tests share.

use std::collections::BTreeMap;

use fake_google::faults::{Effect, Fault, Match};
use tminus_simulation::Stage;

pub(crate) const NINE: &str = "2026-02-02T09:00:00Z";
pub(crate) const TEN: &str = "2026-02-02T10:00:00Z";
pub(crate) const NOON: &str = "2026-02-02T12:00:00Z";
pub(crate) const ONE: &str = "2026-02-02T13:00:00Z";

/// A settled stage of accounts of which the first two have an event each.
pub(crate) fn stage(accounts: usize) -> Stage {
    let mut stage = Stage::settled(29, accounts);
    let _ = stage.add(0, "secret", NINE, TEN);
    let _ = stage.add(1, "leaving", NOON, ONE);
    stage.settle();
    stage
}

/// Asks to unlink the second account.
pub(crate) fn unlink(stage: &mut Stage) {
    let account = stage.accounts[1];
    assert_eq!(stage.world.unlink(&mut stage.person, account), Some(202));
}

/// Links the second account again.
pub(crate) fn link_again(stage: &mut Stage) {
    let email = stage.emails[1].clone();
    assert_eq!(stage.world.link(&mut stage.person, &email), Some(stage.accounts[1]));
}

/// Someone signs in at the provider for the first time, and links the account.
pub(crate) fn link_late(stage: &mut Stage) {
    let email = "late@example.com".to_owned();
    let account = stage.world.link(&mut stage.person, &email).expect("a link");
    stage.emails.push(email);
    stage.accounts.push(account);
}

/// Every call of an operation fails with this status and reason.
pub(crate) fn fail_always(stage: &Stage, operation: &str, status: u16, reason: &str) {
    let matches = Match { operation: Some(operation.to_owned()), times: Some(0), ..Match::default() };
    let effect = Effect { status: Some(status), reason: Some(reason.to_owned()), ..Effect::default() };
    stage.world.google(|google| google.faults.push(Fault { matches, effect, seen: 0 }));
}

/// How often calls of each kind failed so far, as `events.insert 409`.
pub(crate) fn failures(stage: &Stage) -> BTreeMap<String, u64> {
    stage.world.google(|google| google.counters.failures.clone().into_iter().collect())
}

/// Blocks of ours in the primary calendar of the second account.
pub(crate) fn blocks_in_primary(stage: &Stage) -> usize {
    stage.world.mirrors(&stage.emails[1]).iter().filter(|event| event.mark.is_some()).count()
}
