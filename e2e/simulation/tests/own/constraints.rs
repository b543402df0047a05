//! Trips and overrides: what is busy blocks time everywhere, what is free blocks none.

use serde_json::{from_value, json};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::{Constraint, Effect, Override};
use tminus_domain::event::When;
use tminus_domain::ids::{ConstraintId, EventId};
use tminus_domain::own_event::OwnEventPatch;
use tminus_domain::time::Timestamp;
use tminus_simulation::Stage;
use tminus_user_graph::own_contract::{
    ChangeOwnEvent, DeleteOwnEvent, ListConstraints, PutConstraint, RemoveConstraint,
};
use tminus_user_graph::reading_contract::GetFreeBusy;

use crate::support::{
    NINE, NOON, TEN, ask, at, create, created, everywhere, id, shown, tennis, timed, twice_is_once, unfit,
};

fn days(from: &str, to: &str) -> When {
    When::all_day(from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn trip(when: &When) -> Constraint {
    from_value(json!({"trip": {"when": when, "place": "Lisbon", "zone": "Europe/Lisbon"}})).unwrap()
}

fn set(effect: Effect) -> Constraint {
    Constraint::Override(Override { when: timed(NINE, TEN), effect, note: Some("why".to_owned()) })
}

fn put(nth: u128, constraint: Constraint) -> PutConstraint {
    PutConstraint { id: id(nth), by: Asker::Ui, constraint }
}

fn remove(nth: u128) -> RemoveConstraint {
    RemoveConstraint { id: id(nth), by: Asker::Mcp }
}

fn listed(stage: &Stage, from: Option<&str>, to: Option<&str>) -> Vec<(ConstraintId, Constraint)> {
    let list = ListConstraints { from: from.map(at), to: to.map(at), after: None, limit: 500 };
    ask(stage, &list).unwrap().constraints
}

#[test]
fn put_constraint_twice_is_once_and_blocks_every_account() {
    let mut stage = Stage::settled(4, 3);
    let lisbon = trip(&days("2026-02-02", "2026-02-05"));
    twice_is_once(&mut stage, &put(1, lisbon.clone()));
    assert_eq!(shown(&stage), everywhere(3, "Busy", "2026-02-02", "2026-02-05"));
    assert_eq!(stage.of_graph("/* s */ SELECT source || location FROM canonical_events"), "systemLisbon");
    let active = "/* a */ SELECT kind || ' ' || active_from || ' ' || active_to FROM constraints";
    assert_eq!(stage.of_graph(active), "trip 2026-02-02T00:00:00.000Z 2026-02-05T00:00:00.000Z");
    assert_eq!(listed(&stage, None, None), [(id(1), lisbon)]);
}

#[test]
fn what_a_constraint_blocks_follows_it() {
    let mut stage = Stage::settled(4, 2);
    twice_is_once(&mut stage, &put(1, trip(&timed(NINE, TEN))));
    assert_eq!(shown(&stage), everywhere(2, "Busy", NINE, TEN));
    twice_is_once(&mut stage, &put(1, trip(&timed(TEN, NOON))));
    assert_eq!(shown(&stage), everywhere(2, "Busy", TEN, NOON));
    for _ in 0..2 {
        twice_is_once(&mut stage, &put(1, set(Effect::Free)));
        assert_eq!(shown(&stage), [[], []]);
        twice_is_once(&mut stage, &put(1, set(Effect::Busy)));
        assert_eq!(shown(&stage), everywhere(2, "Busy", NINE, TEN));
    }
    twice_is_once(&mut stage, &remove(1));
    assert_eq!(shown(&stage), [[], []]);
    assert_eq!(listed(&stage, None, None), []);
    twice_is_once(&mut stage, &put(1, set(Effect::Busy)));
    assert_eq!(shown(&stage), everywhere(2, "Busy", NINE, TEN));
    let rows = "/* r */ SELECT CAST(COUNT(*) AS TEXT) FROM canonical_events";
    assert_eq!(stage.of_graph(rows), "1", "it is always the same event");
}

#[test]
fn remove_constraint_twice_is_once_also_of_one_that_never_was() {
    let mut stage = Stage::settled(4, 2);
    twice_is_once(&mut stage, &remove(7));
    twice_is_once(&mut stage, &put(7, set(Effect::Free)));
    twice_is_once(&mut stage, &remove(7));
    assert_eq!(stage.graph("/* e */ SELECT 1 FROM canonical_events").len(), 0);
}

#[test]
fn the_event_of_a_constraint_is_changed_with_it_only() {
    let mut stage = Stage::settled(4, 2);
    twice_is_once(&mut stage, &put(1, set(Effect::Busy)));
    let event: EventId = id(1);
    let owner = id::<ConstraintId>(1).to_string();
    let patch = OwnEventPatch { title: Some("other".to_owned()), ..OwnEventPatch::default() };
    unfit(&stage, &ChangeOwnEvent { event, by: Asker::Ui, version: None, patch }, &owner);
    unfit(&stage, &DeleteOwnEvent { event, by: Asker::Ui, version: None }, &owner);
    unfit(&stage, &create(1, tennis()), &owner);
    created(&mut stage, 2);
    unfit(&stage, &put(2, set(Effect::Free)), "an event's");
}

#[test]
fn constraints_are_listed_by_what_they_touch_and_page_by_page() {
    let mut stage = Stage::settled(4, 1);
    let all = [
        (id(1), trip(&days("2026-02-02", "2026-02-03"))),
        (id(2), set(Effect::Free)),
        (id(3), trip(&timed("2026-03-01T08:00:00Z", "2026-03-04T08:00:00Z"))),
    ];
    for (id, constraint) in all.clone() {
        ask(&stage, &PutConstraint { id, by: Asker::Ui, constraint }).unwrap();
    }
    stage.settle();
    assert_eq!(listed(&stage, None, None), all);
    assert_eq!(listed(&stage, Some("2026-02-10T00:00:00Z"), None), all[2..]);
    assert_eq!(listed(&stage, None, Some("2026-02-10T00:00:00Z")), all[..2]);
    assert_eq!(listed(&stage, Some("2026-03-02T00:00:00Z"), Some("2026-03-02T01:00:00Z")), all[2..]);
    // On the Line Islands the second of February began at ten in the morning of the first, in UTC.
    assert_eq!(listed(&stage, None, Some("2026-02-01T10:30:00Z")), all[..1]);
    assert_eq!(listed(&stage, None, Some("2026-02-01T09:30:00Z")), []);
    let mut list = ListConstraints { from: None, to: None, after: None, limit: 2 };
    let page = ask(&stage, &list).unwrap();
    assert_eq!((&page.constraints[..], page.next), (&all[..2], Some(id(2))));
    list.after = page.next;
    let page = ask(&stage, &list).unwrap();
    assert_eq!((&page.constraints[..], page.next), (&all[2..], None));
}

/// A trip is taken time as any event is; what is free by an override is free, whatever else is there.
#[test]
fn free_and_busy_follow_constraints() {
    let mut stage = Stage::settled(4, 1);
    created(&mut stage, 1);
    let when = timed("2026-02-02T09:15:00Z", "2026-02-02T09:30:00Z");
    let free = Constraint::Override(Override { when, effect: Effect::Free, note: None });
    for (nth, constraint) in [(2, free), (3, trip(&timed("2026-02-02T11:00:00Z", NOON)))] {
        ask(&stage, &put(nth, constraint)).unwrap();
    }
    let get = GetFreeBusy { from: at(NINE), to: at(NOON), zone: None, accounts: Vec::new() };
    let busy = ask(&stage, &get).unwrap().busy;
    let shown = |at: Timestamp| at.to_rfc3339().chars().skip(11).take(5).collect::<String>();
    let spans: Vec<_> = busy.iter().map(|span| (shown(span.start), shown(span.end))).collect();
    let expected = [("09:00", "09:15"), ("09:30", "10:00"), ("11:00", "12:00")];
    assert_eq!(spans, expected.map(|(from, to)| (from.to_owned(), to.to_owned())));
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let stage = Stage::settled(4, 1);
    let backwards = When::AllDay { start: "2026-02-03".parse().unwrap(), end: "2026-02-01".parse().unwrap() };
    unfit(&stage, &put(1, trip(&backwards)), "before");
    let note = Some("x".repeat(100_000));
    let long = Constraint::Override(Override { when: timed(NINE, TEN), effect: Effect::Free, note });
    unfit(&stage, &put(1, long), "description");
}
