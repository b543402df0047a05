//! Instances of mirrored series, against the fake (protocol rules 20 to 22 and 24).

use serde_json::json;
use tminus_domain::event::When;
use tminus_domain::mark::{HASH_PROPERTY, MARK_PROPERTY};
use tminus_domain::mirroring::Fact;
use tminus_domain::occurrence::Occurrence;
use tminus_domain::projection::{MirrorBody, ProjectionHash};
use tminus_domain::series::inherited;
use tminus_google::{Event, shown_hash};
use tminus_user_graph::contract::MirrorAction;

use super::fake::Fake;
use super::{START, block, hour, mark, operation, series};

const DAY_S: i64 = 86_400;

fn second() -> Occurrence {
    Occurrence::At(START.plus_seconds(7 * DAY_S))
}

/// The day after the second occurrence's own.
fn moved() -> MirrorBody {
    MirrorBody { when: hour(START.plus_seconds(8 * DAY_S)), ..block() }
}

fn put(body: MirrorBody, etag: Option<String>) -> MirrorAction {
    MirrorAction::Update { body, etag }
}

fn id(occurrence: Occurrence) -> String {
    mark().instance_id(Some(occurrence))
}

/// A mirrored series.
fn mirrored(body: MirrorBody) -> Fake {
    let fake = Fake::new("Europe/Berlin");
    assert!(matches!(fake.fact(None, MirrorAction::Insert { body }), Fact::Written { .. }));
    fake
}

fn reason(fact: Fact) -> String {
    match fact {
        Fact::Refused { reason } => reason,
        other => panic!("not refused: {other:?}"),
    }
}

fn etag_of(fact: Fact) -> (ProjectionHash, String) {
    match fact {
        Fact::Written { hash, etag, .. } | Fact::Exists { hash, etag, .. } => (hash, etag),
        other => panic!("nothing there: {other:?}"),
    }
}

#[test]
fn an_instance_nobody_wrote_is_replaced_without_an_etag() {
    let fake = mirrored(series());
    // It is never inserted, whatever is asked for.
    for action in [put(moved(), None), MirrorAction::Insert { body: moved() }] {
        let (hash, _) = etag_of(fake.fact(Some(second()), action));
        assert_eq!(hash, moved().hash());
        let shown = fake.event(&id(second()));
        assert_eq!(shown["recurringEventId"], mark().provider_event_id());
        assert_eq!(shown["originalStartTime"]["dateTime"], "2026-03-09T10:00:00+01:00");
        let private = &shown["extendedProperties"]["private"];
        assert_eq!(private[MARK_PROPERTY], mark().to_string());
        assert_eq!(private[HASH_PROPERTY], moved().hash().to_string());
        let event: Event = serde_json::from_value(shown).unwrap();
        assert_eq!(shown_hash(&event), moved().hash());
    }
}

#[test]
fn an_instance_of_whole_days_is_named_by_its_day() {
    let days = |from: &str, to: &str| When::all_day(from.parse().unwrap(), to.parse().unwrap()).unwrap();
    let recurrence = vec!["RRULE:FREQ=WEEKLY".to_owned()];
    let fake = mirrored(MirrorBody { when: days("2026-03-02", "2026-03-03"), recurrence, ..block() });
    let on = Occurrence::On("2026-03-09".parse().unwrap());
    let body = MirrorBody { when: days("2026-03-10", "2026-03-12"), ..block() };
    assert_eq!(etag_of(fake.fact(Some(on), put(body.clone(), None))).0, body.hash());
    let shown = fake.event(&format!("{}_20260309", mark().provider_event_id()));
    assert_eq!(shown["originalStartTime"]["date"], "2026-03-09");
    assert_eq!(shown["end"]["date"], "2026-03-12");
}

#[test]
fn an_etag_that_does_not_hold_shows_what_is_inherited() {
    let fake = mirrored(series());
    let stale = Some("\"1\"".to_owned());
    for action in [put(moved(), stale.clone()), MirrorAction::Delete { etag: stale.clone() }] {
        let (hash, etag) = etag_of(fake.fact(Some(second()), action));
        assert_eq!(hash, inherited(&series(), second()).unwrap().hash());
        assert_eq!(etag, fake.event(&mark().provider_event_id())["etag"]);
    }
    let etag = fake.event(&id(second()))["etag"].as_str().map(str::to_owned);
    assert_eq!(etag_of(fake.fact(Some(second()), put(moved(), etag))).0, moved().hash());
}

#[test]
fn an_instance_is_deleted_once_and_for_all() {
    let fake = mirrored(series());
    let delete = || MirrorAction::Delete { etag: None };
    assert_eq!(fake.fact(Some(second()), delete()), Fact::Absent);
    assert_eq!(fake.event(&id(second()))["status"], "cancelled");
    assert_eq!(fake.fact(Some(second()), delete()), Fact::Absent, "it is cancelled already");
    let never = Occurrence::At(START.plus_seconds(DAY_S));
    assert_eq!(fake.fact(Some(never), delete()), Fact::Absent, "the series never had it");
    fake.delete(&mark().provider_event_id());
    assert_eq!(fake.fact(Some(second()), delete()), Fact::Absent, "its series is gone");
}

#[test]
fn an_instance_that_was_cancelled_comes_back() {
    let fake = mirrored(series());
    let (_, etag) = etag_of(fake.fact(Some(second()), put(moved(), None)));
    fake.delete(&id(second()));
    assert_eq!(etag_of(fake.fact(Some(second()), put(moved(), None))).0, moved().hash());
    fake.delete(&id(second()));
    // With an etag of before, what was done by hand is seen first: it is not as anybody wished.
    let (hash, seen) = etag_of(fake.fact(Some(second()), put(moved(), Some(etag))));
    assert_ne!(hash, moved().hash());
    assert_eq!(etag_of(fake.fact(Some(second()), put(moved(), Some(seen)))).0, moved().hash());
    assert_eq!(fake.event(&id(second()))["status"], "confirmed");
}

#[test]
fn a_provider_that_brings_nothing_back_is_not_asked_again() {
    let fake = mirrored(series());
    fake.delete(&id(second()));
    fake.set("revive_cancelled_instance", &json!(false));
    let refused = reason(fake.fact(Some(second()), put(moved(), None)));
    assert_eq!(refused, "the provider does not bring back a cancelled occurrence");
}

#[test]
fn an_occurrence_that_its_series_has_not_is_refused() {
    let fake = mirrored(series());
    let never = Occurrence::At(START.plus_seconds(DAY_S));
    let written = fake.write(&[operation(Some(never), put(moved(), None))]);
    assert_eq!(written.calls, 3, "the instance, and a look at it and its series");
    assert!(written.unwritable.is_empty());
    assert_eq!(reason(written.results[0].fact.clone()), "the series has no such occurrence");
}

#[test]
fn an_instance_waits_for_a_series_that_is_gone() {
    let fake = mirrored(series());
    fake.fact(Some(second()), put(moved(), None));
    fake.delete(&mark().provider_event_id());
    let third = Occurrence::At(START.plus_seconds(14 * DAY_S));
    for (fake, what) in [(&fake, "deleted by hand"), (&Fake::new("UTC"), "never there")] {
        for occurrence in [second(), third] {
            let fact = fake.fact(Some(occurrence), put(moved(), None));
            assert_eq!(fact, Fact::TryAfter { seconds: 300 }, "{what}");
        }
    }
}

#[test]
fn an_instance_without_our_mark_is_left_alone() {
    let fake = mirrored(series());
    let (_, etag) = etag_of(fake.fact(Some(second()), put(moved(), None)));
    fake.patch(&id(second()), &json!({"summary": "Theirs", "extendedProperties": null}));
    let refused = reason(fake.fact(Some(second()), put(moved(), Some(etag.clone()))));
    assert_eq!(refused, "the occurrence is not ours");
    assert_eq!(fake.fact(Some(second()), MirrorAction::Delete { etag: Some(etag) }), Fact::Absent);
    assert_eq!(fake.event(&id(second()))["summary"], "Theirs");
}

#[test]
fn many_looks_are_cut_into_batches() {
    let fake = mirrored(series());
    let operations: Vec<_> = (1..=50)
        .map(|at| operation(Some(Occurrence::At(START.plus_seconds(at))), put(moved(), None)))
        .collect();
    let written = fake.write(&operations);
    assert_eq!((written.results.len(), written.calls), (50, 150));
    assert!(written.results.iter().all(|result| matches!(result.fact, Fact::Refused { .. })));
}

#[test]
fn a_tombstone_of_a_mirror_is_told_from_an_id_that_is_taken() {
    let fake = mirrored(series());
    fake.delete(&mark().provider_event_id());
    assert_eq!(fake.fact(None, MirrorAction::Insert { body: series() }), Fact::Cancelled);
}
