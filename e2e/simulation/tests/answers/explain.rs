//! Why an event is or is not mirrored: one test a verdict.

use serde_json::{Value, json};
use tminus_domain::authority::Owner;
use tminus_domain::ids::EventId;
use tminus_domain::policy::{DetailLevel, FilterReason};
use tminus_ports::{Named, ObjectError};
use tminus_simulation::Stage;
use tminus_simulation::stage::{all_day, timed};
use tminus_simulation::world::Side;
use tminus_user_graph::explaining_contract::{
    ExplainEvent, ExplainSlot, ExplainedEdge, ExplainedEvent, Verdict, Waiting,
};
use tminus_user_graph::policy_contract::{MirrorWish, SetDismissed};

use crate::support::{
    NINE, TEN, ask, edge, event_at, insert, made, monday, mornings, stranger, switched_off, weekly,
};

fn explained(stage: &Stage, event: EventId) -> ExplainedEvent {
    ask(stage, &ExplainEvent { event }).unwrap()
}

/// What became of an event in the overlay of the second account.
fn into_second(stage: &Stage, event: EventId) -> ExplainedEdge {
    let calendar = stage.overlay_id(1);
    let edges = explained(stage, event).edges;
    let mut of_second = edges.iter().filter(|edge| edge.calendar == calendar);
    let found = of_second.next().unwrap_or_else(|| panic!("nothing is said: {edges:?}"));
    assert!(of_second.next().is_none(), "said twice: {edges:?}");
    assert_eq!(found.account, stage.accounts[1]);
    found.clone()
}

fn filtered(reason: FilterReason) -> Verdict {
    Verdict::Filtered { reason }
}

/// What is waited for, and since when.
fn waits(stage: &Stage, event: EventId) -> (Waiting, i64) {
    match into_second(stage, event).verdict {
        Verdict::Pending { why, since, .. } => (why, since.millis()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_mirror_is_told_with_its_last_write_and_what_it_shows() {
    let mut stage = Stage::settled(4, 2);
    let before = stage.world.now();
    let event = made(&mut stage, &monday("secret", json!({})));
    let told = explained(&stage, event);
    assert_eq!(told.owner, Owner::Account(stage.accounts[0]));
    assert_eq!((told.version, told.deleted, told.edges.len()), (1, false, 1));
    assert!(told.changed_at > before);
    let edge = into_second(&stage, event);
    assert_eq!(edge.verdict, Verdict::Mirrored);
    assert!(edge.last_write.unwrap() >= told.changed_at);
    let overlay = stage.overlay(1);
    let mirror = &stage.world.events(&overlay)[0];
    let carried = mirror["extendedProperties"]["private"]["tminus.hash"].as_str();
    assert_eq!(edge.shown.as_deref(), carried);
}

#[test]
fn each_rule_that_keeps_an_event_out_is_named() {
    let mut stage = Stage::settled(4, 2);
    let rules = json!({"filters": {
        "tentative": "skip", "unanswered": "skip", "all_day": "none", "working_hours": "inside",
        "skip_titles": ["lunch"], "days_ahead": 60,
    }});
    ask(&stage, &edge(&stage, 1, DetailLevel::Busy, rules)).unwrap();
    ask(&stage, &mornings()).unwrap();
    let me = stage.emails[0].clone();
    let answer = |word: &str| monday("x", json!({"attendees": [{"email": me, "responseStatus": word}]}));
    let cases: Vec<(Value, FilterReason)> = vec![
        (answer("declined"), FilterReason::Declined),
        (answer("tentative"), FilterReason::Tentative),
        (answer("needsAction"), FilterReason::Unanswered),
        (monday("x", json!({"transparency": "transparent"})), FilterReason::Free),
        (all_day("x", "2026-02-02", "2026-02-03"), FilterReason::AllDay),
        (
            monday(
                "x",
                json!({"eventType": "workingLocation", "workingLocationProperties": {"type": "homeOffice"},
                "visibility": "public", "transparency": "opaque"}),
            ),
            FilterReason::EventType,
        ),
        (timed("x", "2026-02-02T20:00:00Z", "2026-02-02T21:00:00Z"), FilterReason::OutsideHours),
        (monday("Long LUNCH", json!({})), FilterReason::Pattern),
        (monday("x #nosync", json!({})), FilterReason::Nosync),
        (timed("x", "2026-06-01T09:00:00Z", "2026-06-01T10:00:00Z"), FilterReason::Window),
    ];
    let ids: Vec<String> = cases.iter().map(|(event, _)| insert(&stage, event)).collect();
    stage.settle();
    for (id, (_, reason)) in ids.iter().zip(&cases) {
        let edge = into_second(&stage, event_at(&stage, 0, id));
        assert_eq!(edge.verdict, filtered(*reason), "{reason}");
        assert_eq!((edge.last_write, edge.shown), (None, None));
    }
    assert_eq!(stage.shown(1), []);
}

#[test]
fn an_edge_that_is_switched_off_is_told_as_none() {
    let mut stage = Stage::settled(4, 2);
    let event = made(&mut stage, &monday("secret", json!({})));
    ask(&stage, &switched_off(&stage, 1)).unwrap();
    stage.settle();
    assert_eq!(into_second(&stage, event).verdict, filtered(FilterReason::NoEdge));
}

#[test]
fn what_the_target_holds_itself_is_told_with_that_event() {
    let mut stage = Stage::settled(4, 2);
    let (host, guest) = (stage.emails[0].clone(), stage.emails[1].clone());
    let meeting = monday("secret", json!({}));
    let meeting = meeting.as_object().unwrap();
    let made = stage.world.google(|google| google.invite(&host, &[guest.as_str()], meeting)).unwrap();
    let id = made.stored.full()["id"].as_str().unwrap().to_owned();
    stage.settle();
    let (own, other) = (event_at(&stage, 0, &id), event_at(&stage, 1, &id));
    assert_eq!(into_second(&stage, own).verdict, Verdict::Deduplicated { by: vec![other] });
    assert_eq!(stage.shown(1), []);
}

#[test]
fn what_is_dismissed_is_told_as_that() {
    let mut stage = Stage::settled(4, 2);
    let event = made(&mut stage, &monday("secret", json!({})));
    let calendar = stage.overlay_id(1);
    ask(&stage, &SetDismissed { event, calendar, wish: MirrorWish::Dismissed }).unwrap();
    assert_eq!(waits(&stage, event).0, Waiting::Removal);
    stage.settle();
    assert_eq!(into_second(&stage, event).verdict, Verdict::Dismissed);
}

#[test]
fn what_waits_for_its_writer_is_told_since_it_was_wanted() {
    let mut stage = Stage::settled(4, 2);
    let id = insert(&stage, &monday("secret", json!({})));
    stage.run_until_queued("MIRROR_QUEUE");
    let event = event_at(&stage, 0, &id);
    let made = explained(&stage, event).changed_at.millis();
    stage.world.advance_millis(5_000);
    assert_eq!(waits(&stage, event), (Waiting::Writer, made));
    stage.settle();
    // Wanted otherwise long after its event changed: since the change of the policy.
    stage.world.advance_millis(3_600_000);
    let asked = stage.world.now().millis();
    ask(&stage, &edge(&stage, 1, DetailLevel::Title, json!({}))).unwrap();
    let (why, since) = waits(&stage, event);
    assert_eq!((why, since), (Waiting::Reprojection, asked));
    stage.run_until_queued("MIRROR_BULK_QUEUE");
    let (why, since) = waits(&stage, event);
    assert_eq!(why, Waiting::Writer);
    assert!(since >= asked && since < asked + 60_000, "{since} {asked}");
}

#[test]
fn a_write_that_is_under_way_is_told() {
    let mut stage = Stage::settled(4, 2);
    let id = insert(&stage, &monday("secret", json!({})));
    stage.world.hold("batch", Side::After);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.deliver_first("MIRROR_QUEUE");
    let event = event_at(&stage, 0, &id);
    assert_eq!(waits(&stage, event).0, Waiting::Answer);
    stage.world.resume();
    stage.settle();
    assert_eq!(into_second(&stage, event).verdict, Verdict::Mirrored);
}

#[test]
fn a_pause_is_told_with_its_end() {
    let mut stage = Stage::settled(4, 2);
    let id = insert(&stage, &monday("secret", json!({})));
    stage.world.google(|google| google.faults.push(refusal("events.insert", 1, 429, "rateLimitExceeded")));
    stage.run_until(|stage| stage.world.calls("events.insert") > 0);
    let event = event_at(&stage, 0, &id);
    match into_second(&stage, event).verdict {
        Verdict::Pending { why: Waiting::Pause, next_attempt: Some(next), .. } => {
            assert!(next > stage.world.now());
        }
        other => panic!("{other:?}"),
    }
    stage.settle();
    assert_eq!(into_second(&stage, event).verdict, Verdict::Mirrored);
}

#[test]
fn what_is_given_up_is_told_with_the_error() {
    let mut stage = Stage::settled(4, 2);
    stage.world.google(|google| google.faults.push(refusal("events.insert", 100, 400, "badRequest")));
    let event = made(&mut stage, &monday("secret", json!({})));
    match into_second(&stage, event).verdict {
        Verdict::Failed { error } => assert!(!error.is_empty() && !error.contains("secret"), "{error}"),
        other => panic!("{other:?}"),
    }
}

/// The next calls of an operation are refused.
fn refusal(operation: &str, times: u64, status: u16, reason: &str) -> fake_google::faults::Fault {
    let reason = Some(reason.to_owned());
    let effect = fake_google::faults::Effect { status: Some(status), reason, ..Default::default() };
    fake_google::faults::Fault::on(operation, times, effect)
}

#[test]
fn a_deleted_event_is_told_until_its_mirror_is_gone_and_after() {
    let mut stage = Stage::settled(4, 2);
    let id = insert(&stage, &monday("secret", json!({})));
    stage.settle();
    let event = event_at(&stage, 0, &id);
    let email = stage.emails[0].clone();
    assert!(stage.world.delete(&email, &email, &id));
    stage.run_until_queued("MIRROR_QUEUE");
    assert!(explained(&stage, event).deleted);
    assert_eq!(waits(&stage, event).0, Waiting::Removal);
    stage.settle();
    assert_eq!(into_second(&stage, event).verdict, filtered(FilterReason::Deleted));
    assert_eq!(explained(&stage, event).version, 2);
}

#[test]
fn an_event_that_nobody_knows_is_unknown() {
    let stage = Stage::settled(4, 2);
    let refused = ask(&stage, &ExplainEvent { event: stranger() });
    assert_eq!(refused.err(), Some(ObjectError::Unknown { what: Named::Event }));
}

/// The series stands; one occurrence of it is still to be moved. So it is told of the series, and the exception has no
/// mirror of its own.
#[test]
fn a_series_with_an_instance_that_waits_is_pending() {
    let mut stage = Stage::settled(4, 2);
    let id = insert(&stage, &weekly("secret", 3));
    stage.settle();
    let series = event_at(&stage, 0, &id);
    assert_eq!(into_second(&stage, series).verdict, Verdict::Mirrored);
    let (email, instance) = (stage.emails[0].clone(), format!("{id}_20260209T090000Z"));
    let late =
        json!({"start": {"dateTime": "2026-02-09T11:00:00Z"}, "end": {"dateTime": "2026-02-09T12:00:00Z"}});
    stage.world.patch(&email, &email, &instance, &late).unwrap();
    stage.run_until_queued("MIRROR_QUEUE");
    let exception = event_at(&stage, 0, &instance);
    let changed = explained(&stage, exception).changed_at.millis();
    assert_eq!(waits(&stage, series), (Waiting::Writer, changed));
    assert_eq!(into_second(&stage, exception).verdict, filtered(FilterReason::InSeries));
    stage.settle();
    assert_eq!(into_second(&stage, series).verdict, Verdict::Mirrored);
}

#[test]
fn a_slot_is_told_with_what_blocks_it() {
    let mut stage = Stage::settled(4, 2);
    let event = made(&mut stage, &monday("secret", json!({})));
    let calendar = stage.overlay_id(1);
    let at = |text| tminus_domain::time::Timestamp::parse_rfc3339(text).unwrap();
    let slot = ask(&stage, &ExplainSlot { calendar, at: at("2026-02-02T09:30:00Z") }).unwrap();
    assert!(slot.blocked && slot.events.len() == 1 && slot.events[0].event == event);
    let after = ask(&stage, &ExplainSlot { calendar, at: at(TEN) }).unwrap();
    assert!(!after.blocked && after.events.is_empty());
    assert!(ask(&stage, &ExplainSlot { calendar, at: at(NINE) }).unwrap().blocked);
}
