//! Own events: created, changed and deleted here, projected as all others, touched by no provider.

use tminus_domain::actor::Asker;
use tminus_domain::dirty::Lane;
use tminus_domain::event::Status;
use tminus_domain::ids::{AccountId, CalendarId, EventId, PrefixedId as _, RunId, Ulid};
use tminus_domain::ordering::Position;
use tminus_domain::own_event::{OwnEvent, OwnEventPatch};
use tminus_domain::policy::{CalendarKind, CalendarRole, DetailLevel};
use tminus_domain::rules::EdgeRules;
use tminus_queues::ChunkRef;
use tminus_simulation::Stage;
use tminus_user_graph::contract::{
    ApplyChunk, ConcludeFullRun, Delta, LinkAccount, ListEvents, UnlinkAccount,
};
use tminus_user_graph::own_contract::{ChangeOwnEvent, Conflict, DeleteOwnEvent, OwnStanding};
use tminus_user_graph::policy_contract::{EdgeKey, PolicyEdge, PutEdge, Switch};
use tminus_user_graph::reading_contract::EventFilter;

use crate::support::{
    NINE, NOON, TEN, ask, at, create, created, everywhere, id, shown, tennis, timed, twice_is_once, unfit,
    unknown,
};

fn later() -> OwnEventPatch {
    OwnEventPatch { when: Some(timed(TEN, NOON)), ..OwnEventPatch::default() }
}

fn change(event: EventId, version: Option<u32>, patch: OwnEventPatch) -> ChangeOwnEvent {
    ChangeOwnEvent { event, by: Asker::Mcp, version, patch }
}

fn delete(event: EventId, version: Option<u32>) -> DeleteOwnEvent {
    DeleteOwnEvent { event, by: Asker::Ui, version }
}

fn edge(stage: &Stage, to: usize, detail: DetailLevel, switch: Switch) -> PutEdge {
    let key = EdgeKey { from: AccountId::INTERNAL, from_calendar: None, to: stage.accounts[to] };
    let kind = CalendarKind::BusyOverlay;
    PutEdge { edge: PolicyEdge { key, detail, kind, switch, rules: EdgeRules::default() } }
}

#[test]
fn create_own_event_twice_is_once_and_blocks_every_account() {
    let mut stage = Stage::settled(4, 3);
    created(&mut stage, 1);
    assert_eq!(shown(&stage), everywhere(3, "Busy", NINE, TEN));
    assert_eq!(stage.of_graph("/* s */ SELECT source FROM canonical_events"), "ui");
}

#[test]
fn change_own_event_twice_is_once() {
    let mut stage = Stage::settled(4, 2);
    let event = created(&mut stage, 1);
    let changed = twice_is_once(&mut stage, &change(event, Some(1), later()));
    let content = OwnEvent { when: timed(TEN, NOON), ..tennis() };
    assert_eq!(changed, Ok(OwnStanding { event, version: 2, content }));
    assert_eq!(shown(&stage), everywhere(2, "Busy", TEN, NOON));
    // The first one is still the same event.
    assert_eq!(twice_is_once(&mut stage, &create(1, tennis())).version, 2);
    let journal = "/* j */ SELECT group_concat(actor || ' ' || change_type, ', ') FROM
        (SELECT * FROM event_journal ORDER BY version)";
    assert_eq!(stage.of_graph(journal), "ui created, mcp updated");
}

#[test]
fn a_change_of_another_version_is_a_conflict_and_none() {
    let mut stage = Stage::settled(4, 2);
    let event = created(&mut stage, 1);
    let title = |title: &str| OwnEventPatch { title: Some(title.to_owned()), ..OwnEventPatch::default() };
    ask(&stage, &change(event, None, title("Golf"))).unwrap().unwrap();
    let state = stage.world.state();
    assert_eq!(ask(&stage, &change(event, Some(1), later())), Ok(Err(Conflict { version: 2 })));
    assert_eq!(ask(&stage, &delete(event, Some(1))), Ok(Err(Conflict { version: 2 })));
    assert!(stage.world.state() == state);
}

#[test]
fn delete_own_event_twice_is_once_and_its_id_is_used_up() {
    let mut stage = Stage::settled(4, 2);
    let event = created(&mut stage, 1);
    assert_eq!(twice_is_once(&mut stage, &delete(event, Some(1))), Ok(()));
    assert_eq!(shown(&stage), [[], []]);
    unfit(&stage, &create(1, tennis()), "was deleted");
    unknown(&stage, &change(event, None, later()));
}

#[test]
fn a_series_is_projected_as_one_and_its_lines_say_which_occurrence_is_not() {
    let mut stage = Stage::settled(4, 2);
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let recurrence = lines(&["rrule:COUNT=3;freq=daily"]);
    let made = twice_is_once(&mut stage, &create(1, OwnEvent { recurrence, ..tennis() }));
    assert_eq!(made.content.recurrence, ["RRULE:FREQ=DAILY;COUNT=3"]);
    let recurrence = Some(lines(&["RRULE:FREQ=DAILY;COUNT=3", "EXDATE:20260203T090000Z"]));
    let patch = OwnEventPatch { recurrence, ..OwnEventPatch::default() };
    twice_is_once(&mut stage, &change(made.event, None, patch)).unwrap();
    for account in 0..2 {
        let events = stage.world.events(&stage.overlay(account));
        assert_eq!(events.len(), 1);
        assert_eq!(events[0]["recurrence"][0], "RRULE:FREQ=DAILY;COUNT=3", "{events:#?}");
        assert!(events[0]["recurrence"][1].as_str().unwrap().contains("20260203T090000Z"), "{events:#?}");
    }
    let patch = OwnEventPatch { recurrence: Some(Vec::new()), ..OwnEventPatch::default() };
    twice_is_once(&mut stage, &change(made.event, None, patch)).unwrap();
    assert_eq!(shown(&stage), everywhere(2, "Busy", NINE, TEN));
}

#[test]
fn an_event_of_an_account_is_refused_by_the_name_of_its_owner() {
    let mut stage = Stage::settled(4, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.settle();
    let range =
        ListEvents { from: at(NINE), to: at(NOON), filter: EventFilter::default(), limit: 1, after: None };
    let event = ask(&stage, &range).unwrap().events[0].event;
    let owner = stage.accounts[0].to_string();
    unfit(&stage, &change(event, None, later()), &owner);
    unfit(&stage, &delete(event, None), &owner);
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let mut stage = Stage::settled(4, 2);
    created(&mut stage, 1);
    unknown(&stage, &change(id(404), None, later()));
    unknown(&stage, &delete(id(404), None));
    unfit(&stage, &create(1, OwnEvent { title: None, ..tennis() }), "another event's");
    let mut nil = create(2, tennis());
    nil.event = EventId::from_ulid(Ulid::nil());
    unfit(&stage, &nil, "reserved");
    let recurrence = |line: &str| vec![line.to_owned()];
    let cases = [
        (OwnEvent { description: Some("x".repeat(2_000_000)), ..tennis() }, "description"),
        (OwnEvent { status: Status::Cancelled, ..tennis() }, "deleted, not cancelled"),
        (OwnEvent { recurrence: recurrence("RRULE:FREQ=SECONDLY"), ..tennis() }, "more often than daily"),
        (OwnEvent { recurrence: recurrence("ATTENDEE:mailto:a@b"), ..tennis() }, "malformed"),
    ];
    for (content, words) in cases {
        unfit(&stage, &create(2, content), words);
    }
    let patch = OwnEventPatch { title: Some("x".repeat(2_000)), ..OwnEventPatch::default() };
    unfit(&stage, &change(id(1), None, patch), "title");
}

#[test]
fn the_edges_of_own_events_are_set_as_any() {
    let mut stage = Stage::settled(4, 2);
    created(&mut stage, 1);
    ask(&stage, &edge(&stage, 0, DetailLevel::Full, Switch::On)).unwrap();
    ask(&stage, &edge(&stage, 1, DetailLevel::Busy, Switch::Off)).unwrap();
    stage.settle();
    assert_eq!(shown(&stage), [everywhere(1, "Tennis", NINE, TEN).concat(), Vec::new()]);
    let back = PutEdge {
        edge: PolicyEdge {
            key: EdgeKey { from: stage.accounts[0], from_calendar: None, to: AccountId::INTERNAL },
            ..edge(&stage, 0, DetailLevel::Busy, Switch::On).edge
        },
    };
    assert!(ask(&stage, &back).is_err(), "nothing is written into the reserved account");
}

/// An account that is linked later is blocked too; one that is unlinked takes no own event along.
#[test]
fn own_events_outlive_the_accounts() {
    let mut stage = Stage::settled(4, 2);
    created(&mut stage, 1);
    let email = "later@example.com".to_owned();
    stage.world.person_at_google(&email);
    let account = stage.world.link(&mut stage.person, &email).unwrap();
    stage.accounts.push(account);
    stage.emails.push(email);
    stage.settle();
    assert_eq!(shown(&stage), everywhere(3, "Busy", NINE, TEN));
    for account in stage.accounts.clone() {
        assert_eq!(stage.world.unlink(&mut stage.person, account), Some(202));
        stage.settle();
    }
    let live = "/* e */ SELECT title FROM canonical_events WHERE deleted = 0";
    assert_eq!(stage.of_graph(live), "Tennis");
    twice_is_once(&mut stage, &change(id(1), Some(1), later())).unwrap();
    let (email, left) = (stage.emails[0].clone(), &mut stage.person);
    stage.accounts = vec![stage.world.link(left, &email).unwrap()];
    stage.emails = vec![email];
    stage.settle();
    assert_eq!(shown(&stage), everywhere(1, "Busy", TEN, NOON));
}

/// Whatever a provider is said to say of the reserved account or calendar changes nothing.
#[test]
fn no_provider_says_anything_of_the_reserved_calendar() {
    let mut stage = Stage::settled(4, 2);
    let event = created(&mut stage, 1);
    let (run, position) = (RunId::from_ulid(Ulid::from_parts(1, 1)), Position { generation: 99, page: 0 });
    let chunk = |account| ApplyChunk {
        account,
        calendar: CalendarId::INTERNAL,
        role: CalendarRole::Primary,
        chunk: ChunkRef { run, position, attempt: 0, index: 0 },
        full: true,
        lane: Lane::Live,
        deltas: vec![Delta::Deleted { id: event.to_string() }],
    };
    let state = stage.world.state();
    unfit(&stage, &chunk(stage.accounts[0]), "no provider");
    assert!(ask(&stage, &chunk(AccountId::INTERNAL)).is_err());
    let (account, calendar) = (AccountId::INTERNAL, CalendarId::INTERNAL);
    let overlay_calendar = stage.overlay_id(0);
    let link = LinkAccount { account, overlay_calendar, kind: CalendarKind::BusyOverlay };
    unfit(&stage, &link, "reserved");
    ask(&stage, &UnlinkAccount { account, generation: 99 }).unwrap();
    let ended = ConcludeFullRun { account: stage.accounts[0], calendar, run, generation: 99 };
    ask(&stage, &ended).unwrap();
    assert!(stage.world.state() == state);
}
