//! Held sweeps: two full lists do not show most of a calendar, and the user says whether that is so.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use tminus_account::contract::MarkDirty;
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{EventId, PrefixedId, RunId, Ulid};
use tminus_ports::{Command, ObjectClass};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;
use tminus_user_graph::policy_contract::{DecideHold, Decided, Decision, GetHold, Hold, HoldPage, ListHolds};

const DAY: &str = "2026-02-03T00:00:00Z";
const LIVE: &str = "/* e */ SELECT CAST(COUNT(*) AS TEXT) FROM canonical_events WHERE deleted = 0";
const SUSPECTS: &str = "/* s */ SELECT CAST(COUNT(*) AS TEXT) FROM canonical_events WHERE suspect_generation > 0 AND deleted = 0";
const SWEPT: &str =
    "/* j */ SELECT CAST(COUNT(*) AS TEXT) FROM event_journal WHERE reason = 'approved sweep'";

fn ask<C: Command>(stage: &Stage, command: &C) -> C::Reply {
    stage.world.call(&stage.person.user.to_string(), command).unwrap()
}

fn holds(stage: &Stage) -> Vec<Hold> {
    ask(stage, &ListHolds {}).holds
}

fn page(stage: &Stage, after: Option<EventId>, limit: u32) -> HoldPage {
    ask(stage, &GetHold { calendar: stage.primary(0), after, limit })
}

fn decide(stage: &Stage, decision: Decision) -> u32 {
    let run = holds(stage)[0].run;
    decide_on(stage, run, decision)
}

fn decide_on(stage: &Stage, run: RunId, decision: Decision) -> u32 {
    let Decided { events } = ask(stage, &DecideHold { calendar: stage.primary(0), run, decision });
    events
}

/// Fetches the primary calendar of the first account wholly.
fn full_run(stage: &mut Stage) {
    mark_full(stage);
    stage.settle();
}

fn mark_full(stage: &Stage) {
    let mark = MarkDirty { calendar: stage.primary(0), level: DirtyLevel::Full };
    let marked = stage.world.call(&stage.accounts[0].to_string(), &mark);
    assert!(marked.is_ok(), "{marked:?}");
}

/// From now on lists leave these events out, as a replica that lags would.
fn hide(stage: &Stage, ids: &[String]) {
    let ids = ids.to_vec();
    stage.world.tamper(move |operation, answer| {
        if let (true, Ok(answer)) = (operation == "events.list", answer) {
            let mut list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            if let Some(items) = list["items"].as_array_mut() {
                items.retain(|item| !ids.iter().any(|id| item["id"] == **id));
            }
            answer.body = serde_json::to_vec(&list).unwrap();
        }
    });
}

/// So many events, of which so many are held.
fn held(count: usize, missing: usize) -> (Stage, Vec<String>) {
    let mut stage = Stage::settled(14, 2);
    let ids: Vec<String> = (0..count)
        .map(|at| stage.add(0, "one of many", &format!("2026-02-02T{:02}:{:02}:00Z", at / 60, at % 60), DAY))
        .collect();
    stage.settle();
    assert_eq!(stage.shown(1).len(), count);
    hide(&stage, &ids[..missing]);
    full_run(&mut stage);
    full_run(&mut stage);
    assert_eq!(stage.of_graph(LIVE), count.to_string());
    (stage, ids)
}

/// Asks once more: nothing changes.
fn again(stage: &mut Stage, run: RunId, decision: Decision) {
    let (state, writes) = (stage.world.state(), stage.world.writes());
    assert_eq!(decide_on(stage, run, decision), 0);
    stage.settle();
    assert!((stage.world.state(), stage.world.writes()) == (state, writes), "twice is not once");
}

#[test]
fn list_holds_shows_what_is_held_and_changes_nothing() {
    let (stage, _) = held(30, 26);
    let state = stage.world.state();
    let held = holds(&stage);
    assert_eq!(held.len(), 1);
    let hold = &held[0];
    assert_eq!((hold.account, hold.calendar), (stage.accounts[0], stage.primary(0)));
    assert_eq!((hold.missing, hold.total), (26, 30));
    assert!(hold.since.starts_with("20"), "{}", hold.since);
    assert!(stage.world.state() == state);
}

#[test]
fn get_hold_shows_every_event_once() {
    let (stage, _) = held(30, 26);
    let (mut events, mut after) = (Vec::new(), None);
    loop {
        let page = page(&stage, after, 10);
        assert_eq!(page.hold.as_ref(), holds(&stage).first());
        assert!(page.events.len() <= 10);
        assert!(page.events.iter().all(|event| event.title.as_deref() == Some("one of many")));
        assert!(page.events.iter().all(|event| event.start.starts_with("2026-02-02T")));
        events.extend(page.events.iter().map(|event| event.event));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let listed = events.len();
    events.sort();
    events.dedup();
    assert_eq!((events.len(), listed), (26, 26));
    let none = ask(&stage, &GetHold { calendar: stage.primary(1), after: None, limit: 10 });
    assert_eq!(none, HoldPage { hold: None, events: Vec::new(), next: None });
}

#[test]
fn decide_hold_approved_twice_is_once() {
    let (mut stage, _) = held(30, 26);
    let run = holds(&stage)[0].run;
    assert_eq!(decide(&stage, Decision::Approve), 26);
    assert_eq!(holds(&stage), [], "a decision is asked for once");
    stage.settle();
    assert_eq!((stage.of_graph(LIVE), stage.shown(1).len()), ("4".to_owned(), 4));
    assert_eq!(stage.of_graph(SWEPT), "26");
    again(&mut stage, run, Decision::Approve);
    again(&mut stage, run, Decision::Reject);
}

#[test]
fn decide_hold_rejected_twice_is_once() {
    let (mut stage, _) = held(30, 26);
    let run = holds(&stage)[0].run;
    assert_eq!(decide(&stage, Decision::Reject), 26);
    assert_eq!((holds(&stage), stage.of_graph(SUSPECTS)), (Vec::new(), "0".to_owned()));
    stage.settle();
    again(&mut stage, run, Decision::Reject);
    again(&mut stage, run, Decision::Approve);
    assert_eq!((stage.of_graph(LIVE), stage.shown(1).len()), ("30".to_owned(), 30));
    mark_full(&stage);
    stage.run_until_queued("BACKFILL_QUEUE");
    stage.deliver_first("BACKFILL_QUEUE");
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(stage.of_graph(SUSPECTS), "26");
    assert_eq!(holds(&stage), [], "one full list is not enough");
    // The run that found suspects asks for a second look.
    stage.settle();
    assert_eq!(holds(&stage)[0].missing, 26);
    assert_ne!(holds(&stage)[0].run, run);
}

#[test]
fn a_decision_on_another_run_changes_nothing() {
    let (mut stage, _) = held(30, 26);
    let first = holds(&stage)[0].run;
    full_run(&mut stage);
    assert_ne!(holds(&stage)[0].run, first, "the next full list raises it anew");
    again(&mut stage, first, Decision::Approve);
    again(&mut stage, RunId::from_ulid(Ulid::from_parts(1_767_225_600_000, 1)), Decision::Reject);
    assert_eq!((holds(&stage)[0].missing, stage.of_graph(LIVE)), (26, "30".to_owned()));
}

#[test]
fn an_event_that_was_seen_again_is_neither_listed_nor_deleted() {
    let (mut stage, ids) = held(30, 26);
    stage.world.no_tamper();
    stage.shift(0, &ids[0], "2026-02-02T20:00:00Z", DAY);
    stage.settle();
    assert_eq!(holds(&stage)[0].missing, 25);
    assert_eq!(page(&stage, None, 500).events.len(), 25);
    assert_eq!(decide(&stage, Decision::Approve), 25);
    stage.settle();
    assert_eq!((stage.of_graph(LIVE), stage.shown(1).len()), ("5".to_owned(), 5));
}

/// All of them show again: there is nothing left to decide.
#[test]
fn a_full_list_that_shows_everything_ends_the_hold() {
    let (mut stage, _) = held(30, 26);
    let run = holds(&stage)[0].run;
    stage.world.no_tamper();
    full_run(&mut stage);
    assert_eq!((holds(&stage), page(&stage, None, 10).hold), (Vec::new(), None));
    again(&mut stage, run, Decision::Approve);
    assert_eq!(stage.of_graph(LIVE), "30");
}

/// A full list that shows everything is applied, and not yet concluded: unchanged events are not written, and it would
/// conclude nothing about those that are deleted by then.
#[test]
fn what_a_run_under_way_has_seen_is_not_deleted() {
    let (mut stage, _) = held(30, 26);
    stage.world.no_tamper();
    mark_full(&stage);
    stage.run_until_queued("BACKFILL_QUEUE");
    stage.deliver_first("BACKFILL_QUEUE");
    stage.world.hold("conclude_full_run", Side::Before);
    stage.deliver_first("DELTA_BULK_QUEUE");
    assert_eq!(decide(&stage, Decision::Approve), 26);
    while stage.world.run_alarms() > 0 {}
    assert_eq!((stage.of_graph(LIVE), stage.of_graph(SWEPT)), ("30".to_owned(), "0".to_owned()));
    stage.world.resume();
    stage.settle();
    assert_eq!((stage.of_graph(LIVE), stage.shown(1).len()), ("30".to_owned(), 30));
}

/// More than one step's worth, and the object dies after the first.
#[test]
fn an_approved_sweep_goes_in_steps_and_outlives_its_object() {
    let (mut stage, _) = held(230, 220);
    assert_eq!(decide(&stage, Decision::Approve), 220);
    let mut steps = Vec::new();
    while stage.of_graph(LIVE) != "10" {
        assert!(stage.world.run_alarms() > 0, "the sweep goes on by its timer");
        steps.push(stage.of_graph(SWEPT));
        stage.world.restart(false);
    }
    assert_eq!(steps, ["100", "200", "220"]);
    stage.settle();
    assert_eq!(stage.shown(1).len(), 10);
    assert_eq!(stage.of_graph("/* t */ SELECT 'left' FROM timers WHERE kind = 'sweep'"), "");
}

/// Its account is unlinked before the first step: what is left of it goes with the account.
#[test]
fn an_unlinked_calendar_is_swept_no_more() {
    let (mut stage, _) = held(30, 26);
    assert_eq!(decide(&stage, Decision::Approve), 26);
    let account = stage.accounts[0];
    assert_eq!(stage.world.unlink(&mut stage.person, account), Some(202));
    stage.settle();
    assert_eq!((stage.of_graph(LIVE), stage.shown(1)), ("0".to_owned(), Vec::new()));
    let left = stage.world.rows(
        ObjectClass::UserGraph,
        &stage.person.user.to_string(),
        "/* t */ SELECT 1 FROM timers WHERE kind = 'sweep'",
    );
    assert!(left.is_empty());
}
