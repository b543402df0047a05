//! Seeded histories of own events and constraints, with crashes and a provider that fails: whoever gets no answer asks
//! again, and in the end every overlay shows each block once.

use std::collections::BTreeMap;

use fake_google::faults::{Effect as FaultEffect, Fault};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::{Constraint, Effect, Override};
use tminus_domain::event::When;
use tminus_domain::own_event::{OwnEvent, OwnEventPatch};
use tminus_ports::{Command, ObjectClass, ObjectError};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;
use tminus_testkit::SeededRng;
use tminus_user_graph::explaining_contract::GetConservation;
use tminus_user_graph::own_contract::{ChangeOwnEvent, DeleteOwnEvent, PutConstraint, RemoveConstraint};

use crate::support::{NINE, ask, at, create, id, tennis};

const CASES: u64 = 12;
const STEPS: u64 = 40;
/// Ids of constraints; those of events grow from 1.
const TRIPS: std::ops::Range<u64> = 1_000..1_003;

/// What is to be shown, by the id of what says so.
type Model = BTreeMap<u64, When>;

/// Asks until there is an answer: the object may crash before or after it did what it was asked.
fn insist<C: Command>(stage: &Stage, command: &C) -> C::Reply {
    let (user, body) = (stage.person.user.to_string(), serde_json::to_string(command).unwrap());
    for _ in 0..5 {
        if let Some(answer) = stage.world.raw(ObjectClass::UserGraph, &user, C::NAME, &body) {
            return serde_json::from_str::<Result<C::Reply, ObjectError>>(&answer).unwrap().unwrap();
        }
    }
    panic!("no answer to {}", C::NAME);
}

fn step(stage: &mut Stage, dice: &SeededRng, model: &mut Model, nth: u64) {
    let start = at(NINE).plus_seconds(3_600 * i64::try_from(dice.below(500)).unwrap());
    let when = When::timed(start, start.plus_seconds(1_800), Some("UTC".to_owned())).unwrap();
    let events: Vec<u64> = model.keys().copied().filter(|id| !TRIPS.contains(id)).collect();
    let event =
        (!events.is_empty()).then(|| events[usize::try_from(dice.below(events.len() as u64)).unwrap()]);
    let constraint = TRIPS.start + dice.below(TRIPS.end - TRIPS.start);
    let by = Asker::Ui;
    match (dice.below(12), event) {
        (0..=2, _) => {
            insist(stage, &create(nth.into(), OwnEvent { when: when.clone(), ..tennis() }));
            model.insert(nth, when);
        }
        (3..=4, Some(event)) => {
            let patch = OwnEventPatch { when: Some(when.clone()), ..OwnEventPatch::default() };
            let change = ChangeOwnEvent { event: id(event.into()), by, version: None, patch };
            insist(stage, &change).unwrap();
            model.insert(event, when);
        }
        (5, Some(event)) => {
            insist(stage, &DeleteOwnEvent { event: id(event.into()), by, version: None }).unwrap();
            model.remove(&event);
        }
        (6..=7, _) => {
            let effect = if dice.below(3) == 0 { Effect::Free } else { Effect::Busy };
            model.remove(&constraint);
            if effect == Effect::Busy {
                model.insert(constraint, when.clone());
            }
            let set = Constraint::Override(Override { when, effect, note: None });
            insist(stage, &PutConstraint { id: id(constraint.into()), by, constraint: set });
        }
        (8, _) => {
            insist(stage, &RemoveConstraint { id: id(constraint.into()), by });
            model.remove(&constraint);
        }
        (9, _) => {
            let side = if dice.below(2) == 0 { Side::Before } else { Side::After };
            stage.world.crash_at(u32::try_from(dice.below(8)).unwrap(), side);
        }
        (10, _) => {
            let effect = FaultEffect { drop_answer_after: true, ..FaultEffect::default() };
            stage.world.google(|google| google.faults.push(Fault::on("batch", 1, effect)));
        }
        _ => drop(stage.world.settle(1_000 * i64::try_from(dice.below(90)).unwrap())),
    }
}

#[test]
fn every_block_is_shown_once_whatever_crashes() {
    for seed in 0..CASES {
        let dice = SeededRng::new(seed ^ 0x00E7_0000);
        let mut stage = Stage::settled(seed, 2);
        let mut model = Model::new();
        for nth in 1..=STEPS {
            step(&mut stage, &dice, &mut model, nth);
        }
        stage.world.google(|google| google.faults.clear());
        stage.world.no_crash();
        stage.settle();
        let mut wanted: Vec<_> = model
            .values()
            .map(|when| {
                let second = |text: String| text.replace(".000Z", "Z");
                ("Busy".to_owned(), second(when.start_text()), second(when.end_text()))
            })
            .collect();
        wanted.sort();
        for account in 0..2 {
            assert_eq!(stage.shown(account), wanted, "seed {seed}, account {account}");
        }
        let report = ask(&stage, &GetConservation {}).unwrap();
        assert!(report.balanced && report.mirrored == 2 * model.len() as u64, "seed {seed}: {report:?}");
    }
}
