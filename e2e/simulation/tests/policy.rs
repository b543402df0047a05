//! What a user sets: edges, working hours, mirrors that are not wanted. Each change is made once, however often it is
//! asked for, and what cannot be followed is refused and changes nothing.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests"
)]

use serde_json::{Value, from_value, json};
use tminus_domain::ids::{AccountId, CalendarId, EventId, PrefixedId, Ulid};
use tminus_domain::policy::{CalendarKind, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_ports::{Command, Named, ObjectError};
use tminus_simulation::Stage;
use tminus_user_graph::contract::ListEvents;
use tminus_user_graph::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, MirrorWish, Policy, PolicyEdge, PutEdge, RemoveEdge, SetDismissed,
    SetHandDeleted, SetWorkingHours, Switch,
};
use tminus_user_graph::reading_contract::EventFilter;

const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";

fn ask<C: Command>(stage: &Stage, command: &C) -> Result<C::Reply, ObjectError> {
    stage.world.call(&stage.person.user.to_string(), command)
}

fn policy(stage: &Stage) -> Policy {
    ask(stage, &GetPolicy {}).unwrap()
}

/// The edge from the first account to the second, showing titles.
fn titles(stage: &Stage) -> PolicyEdge {
    PolicyEdge {
        key: EdgeKey { from: stage.accounts[0], from_calendar: None, to: stage.accounts[1] },
        detail: DetailLevel::Title,
        kind: CalendarKind::BusyOverlay,
        switch: Switch::On,
        rules: EdgeRules::default(),
    }
}

/// Everything that is stored, but for how far back the journal reaches: a day later it is a day less.
fn state(stage: &Stage) -> Vec<String> {
    let mut state = stage.world.state();
    state.retain(|line| !line.contains(" graph Row("));
    state
}

/// Asks, lets the world settle, and asks again: the first time is a change of the policy or of none of it, the second
/// time changes nothing and starts nothing.
fn twice_is_once<C: Command>(stage: &mut Stage, command: &C, versions: u32) {
    let before = policy(stage).version;
    ask(stage, command).unwrap();
    stage.settle();
    let (known, writes) = (state(stage), stage.world.writes());
    assert_eq!(policy(stage).version, before + versions, "{}", C::NAME);
    ask(stage, command).unwrap();
    assert!(!policy(stage).reprojecting, "{} starts a job for nothing", C::NAME);
    stage.settle();
    let differs = tminus_simulation::laws::same(C::NAME, &known, &state(stage));
    assert_eq!((differs, stage.world.writes()), (Vec::new(), writes), "{} twice is not once", C::NAME);
}

fn refused<C: Command>(stage: &Stage, command: &C) -> ObjectError {
    let state = stage.world.state();
    let error = ask(stage, command).err().expect("a refusal");
    assert!(stage.world.state() == state, "{} is refused and changes something", C::NAME);
    error
}

fn unfit<C: Command>(stage: &Stage, command: &C, words: &str) {
    match refused(stage, command) {
        ObjectError::Unfit { reason } => assert!(reason.contains(words), "{reason}"),
        other => panic!("{other:?}"),
    }
}

fn unknown<C: Command>(stage: &Stage, command: &C, what: Named) {
    assert_eq!(refused(stage, command), ObjectError::Unknown { what });
}

fn stranger<I: PrefixedId>() -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, 404))
}

/// The only event of the graph.
fn event(stage: &Stage) -> EventId {
    let time = |text| tminus_domain::time::Timestamp::parse_rfc3339(text).unwrap();
    let list = ListEvents {
        from: time("2026-02-01T00:00:00Z"),
        to: time("2026-03-01T00:00:00Z"),
        filter: EventFilter::default(),
        limit: 1,
        after: None,
    };
    ask(stage, &list).unwrap().events[0].event
}

fn with_an_event() -> Stage {
    let mut stage = Stage::settled(4, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.settle();
    stage
}

fn shown(title: &str) -> Vec<(String, String, String)> {
    vec![(title.to_owned(), NINE.to_owned(), TEN.to_owned())]
}

#[test]
fn get_policy_shows_an_edge_each_way_and_two_of_own_events_and_changes_nothing() {
    let stage = Stage::settled(4, 2);
    let state = stage.world.state();
    let policy = policy(&stage);
    let plain = |from, to| PolicyEdge {
        key: EdgeKey { from, from_calendar: None, to },
        detail: DetailLevel::Busy,
        ..titles(&stage)
    };
    let (one, other, own) = (stage.accounts[0], stage.accounts[1], AccountId::INTERNAL);
    let mut edges = vec![plain(one, other), plain(other, one), plain(own, one), plain(own, other)];
    edges.sort_by_key(|edge| (edge.key.from, edge.key.to));
    assert_eq!((policy.edges, policy.hand_deleted), (edges, HandDeleted::Restore));
    assert_eq!((policy.working_hours, policy.reprojecting), (None, false));
    assert!(stage.world.state() == state);
}

#[test]
fn put_edge_twice_is_once() {
    let mut stage = with_an_event();
    assert_eq!(stage.shown(1), shown("Busy"));
    let edge = titles(&stage);
    twice_is_once(&mut stage, &PutEdge { edge }, 1);
    assert_eq!(stage.shown(1), shown("secret"));
    // As it is shown it can be put back.
    for edge in policy(&stage).edges {
        twice_is_once(&mut stage, &PutEdge { edge }, 0);
    }
}

#[test]
fn put_edge_answers_the_policy_that_it_makes() {
    let stage = with_an_event();
    let rules: EdgeRules =
        from_value(json!({"filters": {"skip_titles": ["lunch"], "days_ahead": 30}})).unwrap();
    let edge = PolicyEdge { rules, switch: Switch::Off, ..titles(&stage) };
    let policy = ask(&stage, &PutEdge { edge: edge.clone() }).unwrap();
    assert!(policy.edges.contains(&edge) && policy.edges.len() == 4);
    assert!(policy.reprojecting);
}

#[test]
fn an_edge_that_is_switched_off_shows_nothing() {
    let mut stage = with_an_event();
    for (switch, expected) in [(Switch::Off, Vec::new()), (Switch::On, shown("secret"))] {
        let edge = PolicyEdge { switch, ..titles(&stage) };
        twice_is_once(&mut stage, &PutEdge { edge }, 1);
        assert_eq!(stage.shown(1), expected);
    }
}

#[test]
fn remove_edge_twice_is_once() {
    let mut stage = with_an_event();
    let mut edge = titles(&stage);
    edge.key.from_calendar = Some(stage.primary(0));
    let key = edge.key;
    twice_is_once(&mut stage, &PutEdge { edge }, 1);
    assert_eq!(stage.shown(1), shown("secret"), "the calendar's own edge goes before that of its account");
    twice_is_once(&mut stage, &RemoveEdge { key }, 1);
    assert_eq!(stage.shown(1), shown("Busy"));
}

#[test]
fn set_working_hours_twice_is_once() {
    let mut stage = with_an_event();
    let hours = |from: &str| {
        let hours = json!({"zone": "Europe/Berlin", "days": ["mon"], "from": from, "to": "17:00"});
        Some(from_value(hours).unwrap())
    };
    twice_is_once(&mut stage, &SetWorkingHours { hours: None }, 0);
    for hours in [hours("09:00"), hours("08:00"), None] {
        let set = SetWorkingHours { hours: hours.clone() };
        twice_is_once(&mut stage, &set, 1);
        assert_eq!(policy(&stage).working_hours, hours);
    }
}

#[test]
fn set_hand_deleted_twice_is_once() {
    let mut stage = with_an_event();
    let of = Some(event(&stage));
    let set = |event, becomes| SetHandDeleted { event, becomes };
    twice_is_once(&mut stage, &set(None, Some(HandDeleted::Restore)), 0);
    twice_is_once(&mut stage, &set(None, Some(HandDeleted::Dismiss)), 1);
    assert_eq!(policy(&stage).hand_deleted, HandDeleted::Dismiss);
    let of_events = "/* s */ SELECT group_concat(hand_deleted) FROM event_settings";
    for (becomes, stored) in
        [(Some(HandDeleted::Dismiss), "dismiss"), (Some(HandDeleted::Restore), "restore"), (None, "")]
    {
        twice_is_once(&mut stage, &set(of, becomes), 0);
        assert_eq!(stage.of_graph(of_events), stored);
    }
}

#[test]
fn set_dismissed_twice_is_once() {
    let mut stage = with_an_event();
    let (event, calendar) = (event(&stage), stage.overlay_id(1));
    let set = |wish| SetDismissed { event, calendar, wish };
    twice_is_once(&mut stage, &set(MirrorWish::AsPolicy), 0);
    twice_is_once(&mut stage, &set(MirrorWish::Dismissed), 0);
    assert_eq!(stage.shown(1), []);
    twice_is_once(&mut stage, &set(MirrorWish::AsPolicy), 0);
    assert_eq!(stage.shown(1), shown("Busy"));
}

/// There is no mirror to dismiss: the edge is off. Switched on, it makes none.
#[test]
fn a_mirror_that_is_not_there_yet_is_dismissed_too() {
    let mut stage = with_an_event();
    let off = PolicyEdge { switch: Switch::Off, ..titles(&stage) };
    ask(&stage, &PutEdge { edge: off }).unwrap();
    stage.settle();
    let _ = stage.graph("/* none */ DELETE FROM event_mirrors");
    let (event, calendar) = (event(&stage), stage.overlay_id(1));
    let dismissed = SetDismissed { event, calendar, wish: MirrorWish::Dismissed };
    twice_is_once(&mut stage, &dismissed, 0);
    let edge = titles(&stage);
    twice_is_once(&mut stage, &PutEdge { edge }, 1);
    assert_eq!(stage.shown(1), []);
    twice_is_once(&mut stage, &SetDismissed { wish: MirrorWish::AsPolicy, ..dismissed }, 0);
    assert_eq!(stage.shown(1), shown("secret"));
}

#[test]
fn what_is_not_there_is_refused() {
    let stage = with_an_event();
    let put = |change: &dyn Fn(&mut PolicyEdge)| {
        let mut edge = titles(&stage);
        change(&mut edge);
        PutEdge { edge }
    };
    unknown(&stage, &put(&|edge| edge.key.from = stranger()), Named::Account);
    unknown(&stage, &put(&|edge| edge.key.to = stranger()), Named::Account);
    unknown(&stage, &put(&|edge| edge.key.from_calendar = Some(stranger())), Named::Calendar);
    unknown(&stage, &put(&|edge| edge.key.from_calendar = Some(stage.primary(1))), Named::Calendar);
    let set = SetHandDeleted { event: Some(stranger()), becomes: Some(HandDeleted::Dismiss) };
    unknown(&stage, &set, Named::Event);
    let dismiss = |event, calendar| SetDismissed { event, calendar, wish: MirrorWish::Dismissed };
    unknown(&stage, &dismiss(stranger(), stage.overlay_id(1)), Named::Event);
    unknown(&stage, &dismiss(event(&stage), stranger::<CalendarId>()), Named::Calendar);
}

#[test]
fn an_account_that_was_unlinked_has_no_edges() {
    let mut stage = with_an_event();
    let gone: AccountId = stage.accounts[1];
    let version = policy(&stage).version;
    assert_eq!(stage.world.unlink(&mut stage.person, gone), Some(202));
    stage.settle();
    let left = policy(&stage);
    let of_gone = |edge: &PolicyEdge| edge.key.from == gone || edge.key.to == gone;
    assert!(!left.edges.iter().any(of_gone), "{left:#?}");
    assert_eq!(left.version, version + 1);
    unknown(&stage, &PutEdge { edge: titles(&stage) }, Named::Account);
}

#[test]
fn what_cannot_be_followed_is_refused_with_a_reason() {
    let stage = with_an_event();
    let put = |change: &dyn Fn(&mut PolicyEdge)| {
        let mut edge = titles(&stage);
        change(&mut edge);
        PutEdge { edge }
    };
    let ruled = |rules: Value| put(&|edge| edge.rules = from_value(rules.clone()).unwrap());
    unfit(&stage, &put(&|edge| edge.key.to = edge.key.from), "another");
    unfit(&stage, &put(&|edge| edge.key.from_calendar = Some(stage.overlay_id(0))), "not copied");
    unfit(&stage, &put(&|edge| edge.kind = CalendarKind::TrueMirror), "mode=primary");
    unfit(&stage, &ruled(json!({"filters": {"skip_titles": ["("]}})), "regular expression");
    unfit(&stage, &ruled(json!({"filters": {"skip_descriptions": [""]}})), "empty pattern");
    unfit(&stage, &ruled(json!({"filters": {"days_back": 10_000}})), "days");
    unfit(&stage, &ruled(json!({"shape": {"title": "{secret}"}})), "placeholder");
    unfit(&stage, &RemoveEdge { key: titles(&stage).key }, "switch it off");
    unfit(&stage, &SetHandDeleted { event: None, becomes: None }, "not taken back");
    let hours = json!({"zone": "Europe/Berlin", "days": [], "from": "09:00", "to": "17:00"});
    unfit(&stage, &SetWorkingHours { hours: from_value(hours).unwrap() }, "at least one day");
    let own =
        SetDismissed { event: event(&stage), calendar: stage.overlay_id(0), wish: MirrorWish::Dismissed };
    unfit(&stage, &own, "own account");
}

/// Linked for it, the primary calendar can be written, and the overlay as well.
#[test]
fn an_account_that_is_linked_for_its_primary_calendar_takes_both_kinds() {
    let mut stage = with_an_event();
    let email = stage.emails[1].clone();
    stage.world.link_primary(&mut stage.person, &email).unwrap();
    stage.settle();
    for kind in [CalendarKind::TrueMirror, CalendarKind::BusyOverlay] {
        let edge = PolicyEdge { kind, ..titles(&stage) };
        assert!(ask(&stage, &PutEdge { edge: edge.clone() }).unwrap().edges.contains(&edge));
        stage.settle();
    }
    assert_eq!(stage.shown(1), shown("secret"));
}

/// A grant that was taken away is given again: what the user set stays. Linked otherwise, no edge writes where it may
/// not any more, that of a calendar neither.
#[test]
fn an_account_that_is_linked_again_keeps_its_edges() {
    let mut stage = with_an_event();
    let email = stage.emails[1].clone();
    stage.world.link_primary(&mut stage.person, &email).unwrap();
    stage.settle();
    let mut of_calendar = PolicyEdge { kind: CalendarKind::TrueMirror, ..titles(&stage) };
    of_calendar.key.from_calendar = Some(stage.primary(0));
    let set = [titles(&stage), of_calendar];
    for edge in &set {
        ask(&stage, &PutEdge { edge: edge.clone() }).unwrap();
    }
    stage.world.link_primary(&mut stage.person, &email).unwrap();
    let kept = policy(&stage).edges;
    assert!(set.iter().all(|edge| kept.contains(edge)), "{kept:#?}");
    stage.world.link(&mut stage.person, &email).unwrap();
    let into = |edge: &PolicyEdge| edge.key.to == stage.accounts[1];
    assert!(
        policy(&stage)
            .edges
            .iter()
            .filter(|edge| into(edge))
            .all(|edge| edge.kind == CalendarKind::BusyOverlay)
    );
}
