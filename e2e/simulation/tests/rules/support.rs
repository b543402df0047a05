//! What the tests of all rules use.

use std::collections::BTreeMap;

use fake_google::faults::{Effect, Fault};
use tminus_account::contract::MarkDirty;
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::CalendarId;
use tminus_simulation::Stage;

pub(crate) const NINE: &str = "2026-02-02T09:00:00Z";
pub(crate) const TEN: &str = "2026-02-02T10:00:00Z";
pub(crate) const NOON: &str = "2026-02-02T12:00:00Z";
pub(crate) const ONE: &str = "2026-02-02T13:00:00Z";

/// The title, start and end of every canonical event that is not deleted.
pub(crate) const EVENTS: &str =
    "/* e */ SELECT title, start_ts, end_ts, etag FROM canonical_events WHERE deleted = 0 ORDER BY title";

/// A settled stage of two accounts with an event from nine to ten in the first, shown in the second.
pub(crate) fn with_an_event(seed: u64) -> (Stage, String) {
    let mut stage = Stage::settled(seed, 2);
    let id = stage.add(0, "secret", NINE, TEN);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    (stage, id)
}

/// The next calls of an operation fail with this status and reason.
pub(crate) fn fail(stage: &Stage, operation: &str, times: u64, status: u16, reason: &str) {
    let effect = Effect { status: Some(status), reason: Some(reason.to_owned()), ..Effect::default() };
    stage.world.google(|google| google.faults.push(Fault::on(operation, times, effect)));
}

/// The next calls of an operation are done, but their answers are lost.
pub(crate) fn lose_answers(stage: &Stage, operation: &str, times: u64) {
    let effect = Effect { drop_answer_after: true, ..Effect::default() };
    stage.world.google(|google| google.faults.push(Fault::on(operation, times, effect)));
}

/// Marks a calendar of an account dirty, as an operator's re-sync does.
pub(crate) fn mark(stage: &Stage, account: usize, calendar: CalendarId, level: DirtyLevel) {
    let account = stage.accounts[account].to_string();
    let marked = stage.world.call(&account, &MarkDirty { calendar, level });
    assert!(marked.is_ok(), "{marked:?}");
}

/// Changes rows of the user's graph by hand.
pub(crate) fn change_graph(stage: &Stage, statement: &str) {
    let changed = stage.graph(&format!("/* by hand */ {statement} RETURNING 1"));
    assert!(!changed.is_empty(), "nothing to change: {statement}");
}

/// Changes rows of an account's object by hand.
pub(crate) fn change_account(stage: &Stage, account: usize, statement: &str) {
    let _ = stage.account(account, &format!("/* by hand */ {statement}"));
}

/// How often calls of each kind failed so far, as `events.insert 409`.
pub(crate) fn failures(stage: &Stage) -> BTreeMap<String, u64> {
    stage.world.google(|google| google.counters.failures.clone().into_iter().collect())
}

/// How often calls of one kind failed so far.
pub(crate) fn failed(stage: &Stage, kind: &str) -> u64 {
    failures(stage).get(kind).copied().unwrap_or_default()
}

/// Lets a minute pass, and whatever happens in it.
pub(crate) fn a_minute(stage: &mut Stage) {
    stage.world.settle(60_000);
}
