//! Rules 10 and 23 to 26 of series: hands, echoes and copies of mirrored series and their instances.

use serde_json::{Value, json};
use tminus_domain::dirty::DirtyLevel;
use tminus_ports::ObjectClass;
use tminus_simulation::Stage;
use tminus_simulation::world::Side;

use crate::series::{
    LATE, WHOLE, daily, dismiss, id_of, instance, late, mirror, patch_rules, starts, with_a_series,
    with_an_exception,
};
use crate::support::mark;

#[test]
fn rule_23_a_hand_on_an_instance_is_undone_and_changes_no_event() {
    for is_exception in [false, true] {
        let (mut stage, _) = if is_exception { with_an_exception(23) } else { with_a_series(23, 2) };
        let (email, overlay, own) = (stage.emails[1].clone(), stage.overlay(1), mirror(&stage));
        let events = stage.graph("/* e */ SELECT * FROM canonical_events");
        let shown = starts(&stage, 1);
        stage.world.google(|google| google.move_by(&overlay, &instance(&own, "03"), 45)).unwrap();
        stage.settle();
        assert_eq!(starts(&stage, 1), shown);
        stage.world.delete(&email, &overlay, &instance(&own, "03"));
        stage.settle();
        assert_eq!(starts(&stage, 1), shown);
        assert_eq!(mirror(&stage), own, "the series is as it was");
        assert_eq!(stage.graph("/* e */ SELECT * FROM canonical_events"), events);
    }
}

/// One page shows that a hand changed the series and an instance of it.
#[test]
fn rule_23_a_hand_on_an_instance_counts_while_its_series_waits() {
    for backwards in [false, true] {
        let (mut stage, _) = with_a_series(23, 2);
        stage.world.google(|google| google.settings.reverse_delta = backwards);
        let (email, overlay, own) = (stage.emails[1].clone(), stage.overlay(1), mirror(&stage));
        stage.world.patch(&email, &overlay, &own, &json!({"summary": "by hand"})).unwrap();
        stage.world.delete(&email, &overlay, &instance(&own, "03"));
        stage.settle();
        assert_eq!(starts(&stage, 1), WHOLE, "backwards: {backwards}");
    }
}

/// The chunk that tells of a deletion by hand is delivered again when the instance was written again.
#[test]
fn rule_23_an_old_tombstone_of_an_instance_is_no_news() {
    let (mut stage, _) = with_a_series(23, 2);
    let (email, overlay, own) = (stage.emails[1].clone(), stage.overlay(1), mirror(&stage));
    stage.world.delete(&email, &overlay, &instance(&own, "03"));
    stage.settle();
    assert_eq!(starts(&stage, 1), WHOLE);
    let (rows, writes) = (stage.graph("/* m */ SELECT * FROM event_mirrors"), stage.world.writes());
    let chunks: Vec<_> = stage
        .world
        .delivered()
        .into_iter()
        .filter(|(binding, text)| binding.starts_with("DELTA") && text.contains(&instance(&own, "03")))
        .collect();
    assert!(!chunks.is_empty());
    for (binding, text) in chunks {
        stage.world.redeliver(binding, text);
        stage.settle();
    }
    assert_eq!(stage.world.writes(), writes);
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), rows);
}

/// The series is made anew under another id, since it was kept from others for a while. A chunk of its former life comes
/// again, which shows an instance as a hand had moved it.
#[test]
fn rule_23_an_echo_of_a_former_series_is_no_news() {
    let (mut stage, id) = with_a_series(23, 2);
    let (email, overlay, own) = (stage.emails[0].clone(), stage.overlay(1), mirror(&stage));
    stage.world.google(|google| google.move_by(&overlay, &instance(&own, "03"), 45)).unwrap();
    stage.settle();
    for title in ["secret #nosync", "secret"] {
        stage.world.patch(&email, &email, &id, &json!({"summary": title})).unwrap();
        stage.settle();
    }
    assert_ne!(mirror(&stage), own);
    let (rows, writes) = (stage.graph("/* m */ SELECT * FROM event_mirrors"), stage.world.writes());
    for (binding, text) in stage.world.delivered() {
        if binding.starts_with("DELTA") && text.contains(&instance(&own, "03")) {
            stage.world.redeliver(binding, text);
            stage.settle();
        }
    }
    assert_eq!(stage.world.writes(), writes);
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), rows);
    assert_eq!(starts(&stage, 1), WHOLE);
}

#[test]
fn rule_23_what_a_hand_deleted_stays_away_if_the_user_says_so() {
    let (mut stage, id) = with_an_exception(23);
    let (email, overlay, own) = (stage.emails[1].clone(), stage.overlay(1), mirror(&stage));
    dismiss(&stage, "dismiss");
    for day in ["03", "04"] {
        stage.world.delete(&email, &overlay, &instance(&own, day));
    }
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "05T09"]);
    // Whatever becomes of the series and of the occurrence.
    let origin = stage.emails[0].clone();
    stage.world.patch(&origin, &origin, &id, &json!({"summary": "renamed"})).unwrap();
    stage.world.google(|google| google.move_by(&origin, &instance(&id, "03"), 60)).unwrap();
    patch_rules(&stage, &id, "RRULE:FREQ=DAILY;COUNT=5");
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "05T09", "06T09"]);
    stage.world.delete(&email, &overlay, &own);
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new(), "nor does anything of a series that is dismissed");
    late(&stage, &id);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new());
}

/// The echo of our own write of an instance, and of the deletion of one, writes nothing.
#[test]
fn rule_23_echoes_of_instances_are_no_news() {
    let (mut stage, id) = with_an_exception(23);
    let email = stage.emails[0].clone();
    stage.world.delete(&email, &email, &instance(&id, "04"));
    stage.settle();
    let (rows, writes) = (stage.graph("/* m */ SELECT * FROM event_mirrors"), stage.world.writes());
    mark(&stage, 1, stage.overlay_id(1), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.world.writes(), writes);
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), rows);
}

#[test]
fn rule_24_a_copy_of_a_mirrored_series_is_no_origin_and_never_touched() {
    let (mut stage, _) = with_an_exception(24);
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    let mut copy = stage.world.contents(&overlay).series.remove(0);
    for key in ["id", "iCalUID", "etag", "kind", "updated", "htmlLink", "created"] {
        copy.remove(key);
    }
    // In the overlay, and in a calendar that is a source.
    let copies = [overlay.as_str(), email.as_str()].map(|calendar| {
        let made = stage.world.insert(&email, calendar, &Value::Object(copy.clone()));
        (calendar.to_owned(), made)
    });
    let exception = instance(copies[1].1["id"].as_str().unwrap(), "04");
    stage.world.google(|google| google.move_by(&email, &exception, 60)).unwrap();
    stage.settle();
    for (calendar, made) in &copies {
        assert!(stage.world.events(calendar).contains(made), "{calendar}");
    }
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (Vec::new(), LATE.map(str::to_owned).to_vec()));
}

#[test]
fn rule_25_an_overlay_that_is_made_again_has_its_series_again() {
    let (mut stage, _) = with_an_exception(25);
    let overlay = stage.overlay(1);
    stage.world.google(|google| google.remove_calendar(&overlay));
    stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
    stage.world.run_cron();
    stage.settle();
    assert_ne!(stage.overlay(1), overlay);
    assert_eq!(starts(&stage, 1), LATE);
}

/// The account is linked when the series is there already: the job shows it, wherever it is cut off.
#[test]
fn rule_26_a_new_account_gets_series_whatever_crashes() {
    for effect in 0..8 {
        let (mut stage, _) = with_an_exception(26);
        let email = "late@example.com".to_owned();
        stage.world.person_at_google(&email);
        let account = stage.world.link(&mut stage.person, &email).expect("a link");
        stage.emails.push(email);
        stage.accounts.push(account);
        stage.run_until(|stage| {
            !stage.graph("/* t */ SELECT 1 FROM timers WHERE kind = 'reproject'").is_empty()
        });
        stage.world.crash_at(effect, Side::After);
        stage.settle();
        assert_eq!(starts(&stage, 2), LATE, "effect {effect}");
        assert_eq!(starts(&stage, 1), LATE, "effect {effect}");
    }
}

/// A cancelled occurrence is kept as a tombstone that has an etag, and each full list shows it.
#[test]
fn rule_10_a_cancelled_occurrence_writes_no_row_again() {
    let (mut stage, id) = with_an_exception(10);
    let email = stage.emails[0].clone();
    stage.world.delete(&email, &email, &instance(&id, "04"));
    stage.settle();
    let rows = |stage: &Stage| {
        let mut rows = stage.graph("/* e */ SELECT * FROM canonical_events");
        rows.extend(stage.graph("/* j */ SELECT * FROM event_journal"));
        rows.extend(stage.graph("/* m */ SELECT * FROM event_mirrors"));
        rows
    };
    let before = rows(&stage);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(rows(&stage), before);
}

/// A page that was overtaken shows the series as it was before it was deleted, and an exception of it.
#[test]
fn rule_10_an_overtaken_page_brings_no_series_back() {
    let mut stage = Stage::settled(10, 2);
    let email = stage.emails[0].clone();
    let id = id_of(&Value::Object(stage.world.insert(&email, &email, &daily())));
    late(&stage, &id);
    stage.world.hold("apply_chunk", Side::Before);
    stage.run_until(|stage| stage.world.held() == 1);
    stage.world.delete(&email, &email, &id);
    stage.world.settle(600_000);
    stage.world.resume();
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new());
    let live = "/* e */ SELECT 1 FROM canonical_events WHERE deleted = 0";
    assert_eq!(stage.graph(live), Vec::<String>::new());
    assert_eq!(stage.world.rows(ObjectClass::UserGraph, &stage.person.user.to_string(), live).len(), 0);
}
