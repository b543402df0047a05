//! What somebody writes into a mirror is T-Minus's to say: it is undone, and both values are kept.

use serde_json::{Value, json};
use tminus_domain::ids::EventId;
use tminus_domain::policy::DetailLevel;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;
use tminus_user_graph::explaining_contract::JournalEntry;

use crate::support::{ask, edge, event_at, insert, journal, made, monday, rows, weekly};

/// An event whose title the second account is shown.
fn with_a_mirror() -> (Stage, EventId) {
    let mut stage = Stage::settled(4, 2);
    ask(&stage, &edge(&stage, 1, DetailLevel::Title, json!({}))).unwrap();
    let event = made(&mut stage, &monday("secret", json!({})));
    (stage, event)
}

/// The owner of the second account lays hands on what is in its overlay.
fn meddle(stage: &Stage, id: &str, patch: &Value) {
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    stage.world.patch(&email, &overlay, id, patch).unwrap();
}

fn only_mirror(stage: &Stage) -> String {
    let events = stage.world.events(&stage.overlay(1));
    assert_eq!(events.len(), 1, "{events:?}");
    events[0]["id"].as_str().unwrap().to_owned()
}

fn conflicts(stage: &Stage, event: EventId) -> Vec<JournalEntry> {
    let mut entries = journal(stage, event);
    entries.retain(|entry| entry.change == "conflict");
    entries
}

fn titles(entry: &JournalEntry) -> (Vec<&str>, &Value, &Value) {
    let summary = &entry.conflict["summary"];
    (entry.conflict.keys().map(String::as_str).collect(), &summary.ours, &summary.theirs)
}

#[test]
fn what_somebody_changes_of_a_mirror_is_kept_with_what_it_should_be() {
    let (mut stage, event) = with_a_mirror();
    let before = stage.shown(1);
    meddle(&stage, &only_mirror(&stage), &json!({"summary": "mine", "location": "here"}));
    stage.settle();
    assert_eq!(stage.shown(1), before, "it is restored");
    let found = conflicts(&stage, event);
    assert_eq!(found.len(), 1, "{found:#?}");
    let (fields, ours, theirs) = titles(&found[0]);
    assert_eq!((fields, ours, theirs), (vec!["location", "summary"], &json!("secret"), &json!("mine")));
    assert_eq!(found[0].conflict["location"].ours, Value::Null);
    assert_eq!((found[0].actor.as_str(), found[0].reason.as_deref()), ("provider", Some("changed by hand")));
    assert_eq!(found[0].mirror.unwrap().calendar, stage.overlay_id(1));
    assert!(found[0].trace.is_some());
    // It comes before what was done about it.
    let entries = journal(&stage, event);
    let changes: Vec<&str> = entries.iter().rev().map(|entry| entry.change.as_str()).collect();
    assert_eq!(changes, ["created", "written", "conflict", "written"]);
}

#[test]
fn what_is_not_ours_to_say_is_no_conflict() {
    let (mut stage, event) = with_a_mirror();
    meddle(&stage, &only_mirror(&stage), &json!({"colorId": "4", "reminders": {"useDefault": true}}));
    stage.settle();
    assert_eq!(conflicts(&stage, event), []);
}

/// A push that comes twice, and a page that shows it again: it was one edit.
#[test]
fn one_edit_is_one_conflict() {
    let (mut stage, event) = with_a_mirror();
    meddle(&stage, &only_mirror(&stage), &json!({"summary": "mine"}));
    stage.settle();
    for (binding, text) in stage.world.delivered() {
        stage.world.redeliver(binding, text);
    }
    stage.settle();
    assert_eq!(conflicts(&stage, event).len(), 1);
}

/// The writer meets it first, since the event changed at the same time.
#[test]
fn what_a_writer_meets_is_kept_too() {
    let (mut stage, event) = with_a_mirror();
    let mirror = only_mirror(&stage);
    let email = stage.emails[0].clone();
    let id = stage.world.events(&email)[0]["id"].as_str().unwrap().to_owned();
    stage.world.patch(&email, &email, &id, &json!({"summary": "other"})).unwrap();
    stage.world.hold("claim_mirrors", Side::After);
    stage.run_until_queued("MIRROR_QUEUE");
    stage.deliver_first("MIRROR_QUEUE");
    meddle(&stage, &mirror, &json!({"summary": "mine"}));
    stage.world.resume();
    stage.settle();
    let found = conflicts(&stage, event);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(titles(&found[0]), (vec!["summary"], &json!("other"), &json!("mine")));
    assert_eq!(stage.shown(1)[0].0, "other");
}

#[test]
fn an_instance_of_a_mirrored_series_has_conflicts_of_its_own() {
    let mut stage = Stage::settled(4, 2);
    let event = made(&mut stage, &weekly("secret", 3));
    let instance = format!("{}_20260209T090000Z", only_mirror(&stage));
    let late =
        json!({"start": {"dateTime": "2026-02-09T11:00:00Z"}, "end": {"dateTime": "2026-02-09T12:00:00Z"}});
    meddle(&stage, &instance, &late);
    stage.settle();
    let found = conflicts(&stage, event);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].conflict.keys().collect::<Vec<_>>(), ["when"]);
    assert!(found[0].mirror.unwrap().occurrence.is_some());
}

/// What somebody wrote is theirs: it goes with their account, and with the account of the event.
#[test]
fn conflicts_are_erased_with_either_account() {
    for account in [0, 1] {
        let mut stage = Stage::settled(4, 3);
        ask(&stage, &edge(&stage, 1, DetailLevel::Title, json!({}))).unwrap();
        // The account of the event is not the one that the person signs in with.
        let mut put = edge(&stage, 1, DetailLevel::Title, json!({}));
        put.edge.key.from = stage.accounts[2];
        ask(&stage, &put).unwrap();
        let id = insert_in(&stage, 2);
        stage.settle();
        let event = event_at(&stage, 2, &id);
        meddle(&stage, &only_mirror(&stage), &json!({"summary": "mine"}));
        stage.settle();
        assert_eq!(conflicts(&stage, event).len(), 1);
        let gone = stage.accounts[if account == 0 { 2 } else { 1 }];
        assert_eq!(stage.world.unlink(&mut stage.person, gone), Some(202));
        stage.settle();
        let kept = rows(&stage, "/* kept */ SELECT 1 FROM mirror_journal WHERE conflict_json IS NOT NULL");
        assert_eq!(kept.len(), 0);
        let leftovers = stage.world.state().into_iter().filter(|line| line.contains("mine")).count();
        assert_eq!(leftovers, 0);
    }
}

fn insert_in(stage: &Stage, account: usize) -> String {
    let email = &stage.emails[account];
    stage.world.insert(email, email, &monday("secret", json!({})))["id"].as_str().unwrap().to_owned()
}

/// Two mirrors of which one is changed: each page of the journal holds what one command changed, and all of it is there.
#[test]
fn the_journal_is_listed_page_by_page() {
    use tminus_user_graph::explaining_contract::ListJournal;
    let mut stage = Stage::settled(4, 3);
    let id = insert(&stage, &weekly("secret", 5));
    stage.settle();
    let event = event_at(&stage, 0, &id);
    let email = stage.emails[0].clone();
    stage.world.patch(&email, &email, &id, &json!({"recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"]})).unwrap();
    stage.settle();
    let whole = journal(&stage, event);
    for limit in 1..=4 {
        let (mut entries, mut before) = (Vec::new(), None);
        loop {
            let page = ask(&stage, &ListJournal { event, limit, before }).unwrap();
            assert!(!page.entries.is_empty());
            entries.extend(page.entries);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(entries, whole);
    }
}
