//! Asking the graph, and what it answers.

use serde_json::json;
use tminus_domain::actor::Asker;
use tminus_domain::event::When;
use tminus_domain::ids::{EventId, PrefixedId, Ulid};
use tminus_domain::own_event::OwnEvent;
use tminus_domain::time::Timestamp;
use tminus_ports::{Command, Named, ObjectError};
use tminus_simulation::Stage;
use tminus_user_graph::own_contract::{CreateOwnEvent, OwnStanding};

pub(crate) const NINE: &str = "2026-02-02T09:00:00Z";
pub(crate) const TEN: &str = "2026-02-02T10:00:00Z";
pub(crate) const NOON: &str = "2026-02-02T12:00:00Z";

pub(crate) fn ask<C: Command>(stage: &Stage, command: &C) -> Result<C::Reply, ObjectError> {
    stage.world.call(&stage.person.user.to_string(), command)
}

/// Everything that is stored, but for how far back the journal reaches: a day later it is a day less.
fn state(stage: &Stage) -> Vec<String> {
    let mut state = stage.world.state();
    state.retain(|line| !line.contains(" graph Row("));
    state
}

/// Asks, lets the world settle, asks again: the answer is the same, and nothing changes.
pub(crate) fn twice_is_once<C: Command<Reply: PartialEq + std::fmt::Debug>>(
    stage: &mut Stage,
    command: &C,
) -> C::Reply {
    let answer = ask(stage, command).unwrap();
    stage.settle();
    let (state, writes) = (state(stage), stage.world.writes());
    assert_eq!(ask(stage, command).unwrap(), answer, "{} twice is not once", C::NAME);
    stage.settle();
    let differs = tminus_simulation::laws::same(C::NAME, &state, &self::state(stage));
    assert_eq!((differs, stage.world.writes()), (Vec::new(), writes), "{} twice is not once", C::NAME);
    answer
}

fn refused<C: Command>(stage: &Stage, command: &C) -> ObjectError {
    let state = stage.world.state();
    let error = ask(stage, command).err().expect("a refusal");
    assert!(stage.world.state() == state, "{} is refused and changes something", C::NAME);
    error
}

pub(crate) fn unfit<C: Command>(stage: &Stage, command: &C, words: &str) {
    match refused(stage, command) {
        ObjectError::Unfit { reason } => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    }
}

pub(crate) fn unknown<C: Command>(stage: &Stage, command: &C) {
    assert_eq!(refused(stage, command), ObjectError::Unknown { what: Named::Event });
}

pub(crate) fn id<I: PrefixedId>(nth: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, nth))
}

pub(crate) fn at(time: &str) -> Timestamp {
    Timestamp::parse_rfc3339(time).unwrap()
}

pub(crate) fn timed(from: &str, to: &str) -> When {
    When::timed(at(from), at(to), Some("Europe/Berlin".to_owned())).unwrap()
}

pub(crate) fn tennis() -> OwnEvent {
    serde_json::from_value(json!({"title": "Tennis", "when": timed(NINE, TEN)})).unwrap()
}

pub(crate) fn create(nth: u128, content: OwnEvent) -> CreateOwnEvent {
    CreateOwnEvent { event: id(nth), by: Asker::Ui, content }
}

pub(crate) fn created(stage: &mut Stage, nth: u128) -> EventId {
    let OwnStanding { event, version, content } = twice_is_once(stage, &create(nth, tennis()));
    assert_eq!((event, version, content), (id(nth), 1, tennis()));
    event
}

/// What each overlay shows.
pub(crate) fn shown(stage: &Stage) -> Vec<Vec<(String, String, String)>> {
    (0..stage.accounts.len()).map(|account| stage.shown(account)).collect()
}

/// So many overlays that show one block.
pub(crate) fn everywhere(
    accounts: usize,
    title: &str,
    from: &str,
    to: &str,
) -> Vec<Vec<(String, String, String)>> {
    vec![vec![(title.to_owned(), from.to_owned(), to.to_owned())]; accounts]
}
