//! Rule 22, and what rules 10, 21, 23 to 26 say of series: a series is mirrored as a series, what differs as instances of it.

use serde_json::{Value, json};
use tminus_domain::dirty::DirtyLevel;
use tminus_domain::ids::{ClaimId, PrefixedId as _, Ulid};
use tminus_simulation::Stage;
use tminus_simulation::world::{Side, mark_of};
use tminus_user_graph::contract::ClaimMirrors;

use crate::support::{failed, mark};

/// A daily series of four from the second of February on, from nine to ten.
pub(crate) fn daily() -> Value {
    let at = |time: &str| json!({"dateTime": time, "timeZone": "UTC"});
    json!({
        "summary": "secret", "start": at("2026-02-02T09:00:00Z"), "end": at("2026-02-02T10:00:00Z"),
        "recurrence": ["RRULE:FREQ=DAILY;COUNT=4"],
    })
}

pub(crate) const WHOLE: [&str; 4] = ["02T09", "03T09", "04T09", "05T09"];
/// With the second occurrence two hours late.
pub(crate) const LATE: [&str; 4] = ["02T09", "03T11", "04T09", "05T09"];

/// A settled stage of accounts of which the first has the daily series; answers its id.
pub(crate) fn with_a_series(seed: u64, accounts: usize) -> (Stage, String) {
    let mut stage = Stage::settled(seed, accounts);
    let email = stage.emails[0].clone();
    let id = id_of(&Value::Object(stage.world.insert(&email, &email, &daily())));
    stage.settle();
    assert_eq!(starts(&stage, 1), WHOLE);
    (stage, id)
}

/// The same, with the second occurrence two hours late.
pub(crate) fn with_an_exception(seed: u64) -> (Stage, String) {
    let (mut stage, id) = with_a_series(seed, 2);
    late(&stage, &id);
    stage.settle();
    assert_eq!(starts(&stage, 1), LATE);
    (stage, id)
}

/// A settled stage of three accounts: the first organizes the daily series and invites the second.
pub(crate) fn with_a_meeting(seed: u64) -> (Stage, String) {
    let mut stage = Stage::settled(seed, 3);
    let (organizer, guest) = (stage.emails[0].clone(), stage.emails[1].clone());
    let event = daily();
    let made = stage.world.google(|google| google.invite(&organizer, &[&guest], event.as_object().unwrap()));
    stage.settle();
    let none: [&str; 0] = [];
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (none.map(str::to_owned).to_vec(), Vec::new()));
    (stage, made.unwrap().stored.text("id").unwrap().to_owned())
}

pub(crate) fn id_of(event: &Value) -> String {
    event["id"].as_str().unwrap().to_owned()
}

/// The id of the instance of a day.
pub(crate) fn instance(series: &str, day: &str) -> String {
    format!("{series}_202602{day}T090000Z")
}

/// The second occurrence is moved by two hours.
pub(crate) fn late(stage: &Stage, series: &str) {
    let email = &stage.emails[0];
    stage.world.google(|google| google.move_by(email, &instance(series, "03"), 120)).unwrap();
}

pub(crate) fn answer(stage: &Stage, account: usize, id: &str, answer: &str) {
    let email = &stage.emails[account];
    stage.world.google(|google| google.respond(email, id, answer)).unwrap();
}

/// Day and hour of every block of ours that an account's overlay shows, instance by instance.
pub(crate) fn starts(stage: &Stage, account: usize) -> Vec<String> {
    let shown = stage.world.contents(&stage.overlay(account)).shown;
    let ours = shown.iter().filter(|shown| mark_of(&shown.body).is_some());
    let mut starts: Vec<String> = ours.map(|shown| shown.start.chars().skip(8).take(5).collect()).collect();
    starts.sort();
    starts
}

/// The mirror of the series in the overlay of the second account.
pub(crate) fn mirror(stage: &Stage) -> String {
    let mirrors = stage.world.contents(&stage.overlay(1)).series;
    assert_eq!(mirrors.len(), 1, "{mirrors:?}");
    mirrors[0]["id"].as_str().unwrap().to_owned()
}

pub(crate) fn patch_rules(stage: &Stage, id: &str, rule: &str) {
    let email = &stage.emails[0];
    stage.world.patch(email, email, id, &json!({"recurrence": [rule]})).unwrap();
}

/// What was written into overlays, in order, without the ids of mirrors.
pub(crate) fn written(stage: &Stage, since: u64) -> Vec<String> {
    let overlay = stage.overlay(1);
    stage.world.google(|google| {
        let writes = google.timeline.since(since);
        let writes = writes.filter(|entry| entry.kind == "write" && entry.calendar == overlay);
        writes
            .map(|entry| {
                let id = entry.event_id.clone().unwrap_or_default();
                let stamp = id.split_once('_').map(|(_, stamp)| stamp.to_owned());
                format!(
                    "{} {}",
                    entry.what.as_deref().unwrap_or_default(),
                    stamp.as_deref().unwrap_or("series")
                )
            })
            .collect()
    })
}

pub(crate) fn now(stage: &Stage) -> u64 {
    stage.world.google(|google| google.timeline.since(0).last().map_or(0, |entry| entry.seq))
}

pub(crate) fn dismiss(stage: &Stage, becomes: &str) {
    let _ = stage.graph(&format!("/* by hand */ UPDATE policies SET hand_deleted = '{becomes}'"));
}

#[test]
fn rule_22_a_series_is_one_event_with_its_exceptions() {
    let (mut stage, id) = with_an_exception(22);
    let events = stage.world.events(&stage.overlay(1));
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(written(&stage, 0), ["insert series", "update 20260203T090000Z"]);
    let email = stage.emails[0].clone();
    stage.world.delete(&email, &email, &instance(&id, "04"));
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "03T11", "05T09"]);
    stage.world.patch(&email, &email, &instance(&id, "04"), &json!({"status": "confirmed"})).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), LATE);
}

/// Each page holds one event, the newest change first: the exception is applied when nobody has seen its series.
#[test]
fn rule_22_an_exception_before_its_master_waits_for_it() {
    let mut stage = Stage::settled(22, 2);
    let email = stage.emails[0].clone();
    stage.world.google(|google| {
        google.settings.reverse_delta = true;
        google.settings.page_size_cap = Some(1);
    });
    let id = id_of(&Value::Object(stage.world.insert(&email, &email, &daily())));
    late(&stage, &id);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    let exceptions = "/* e */ SELECT 1 FROM canonical_events WHERE recurring_event_id IS NOT NULL";
    assert_eq!(stage.graph(exceptions).len(), 1);
    assert_eq!(stage.graph("/* e */ SELECT 1 FROM canonical_events").len(), 1);
    assert_eq!(
        stage.graph("/* m */ SELECT 1 FROM event_mirrors WHERE reason IS NULL"),
        Vec::<String>::new(),
        "it would have to go"
    );
    stage.settle();
    assert_eq!(starts(&stage, 1), LATE);
    assert_eq!(written(&stage, 0), ["insert series", "update 20260203T090000Z"]);
}

/// A guest of one occurrence never gets the series: it is asked for once, and the occurrence stands alone.
#[test]
fn rule_22_an_exception_without_a_master_stands_alone() {
    let (mut stage, id) = with_a_series(22, 3);
    let (organizer, guest) = (stage.emails[0].clone(), stage.emails[1].clone());
    stage.world.google(|google| google.invite_to_instance(&organizer, &instance(&id, "04"), &guest)).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "03T09", "05T09"], "it has the occurrence itself");
    assert_eq!(starts(&stage, 2), ["02T09", "03T09", "04T09", "04T09", "05T09"], "of both");
    let gets = stage.world.calls("events.get");
    mark(&stage, 1, stage.primary(1), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.world.calls("events.get"), gets, "it is not asked for again");
}

/// The consumer dies when the occurrence is in the graph and its series is not yet asked for.
#[test]
fn rule_22_a_master_is_asked_for_though_an_answer_was_lost() {
    for (effect, side) in [("fetch_again", Side::Before), ("apply_chunk", Side::After)] {
        let (mut stage, id) = with_a_series(22, 3);
        let (organizer, guest) = (stage.emails[0].clone(), stage.emails[1].clone());
        let copy = stage.world.google(|google| {
            let copy = google.invite_to_instance(&organizer, &instance(&id, "04"), &guest)?;
            google.delete_event(
                &fake_google::events::write::Actor::Human(organizer.clone()),
                &organizer,
                &id,
                &fake_google::events::write::Options::default(),
            )?;
            Ok::<_, fake_google::error::ApiError>(copy)
        });
        assert!(copy.is_ok());
        stage.run_until_queued("DELTA_QUEUE");
        stage.world.crash_on(effect, side);
        stage.settle();
        stage.world.no_crash();
        stage.settle();
        assert_eq!(starts(&stage, 2), ["04T09"], "{effect} {side:?}");
    }
}

/// What the old times had is deleted before the series moves, since it could not be named afterwards; what differs is
/// written after it. One at a time.
#[test]
fn rule_22_what_goes_is_written_before_the_series_and_what_differs_after_it() {
    let (mut stage, id) = with_an_exception(22);
    stage.world.google(|google| google.settings.keep_orphaned_exceptions = false);
    let (email, before) = (stage.emails[0].clone(), now(&stage));
    // Later by an hour, and the third occurrence of the new ones is moved: all in one page.
    stage.world.google(|google| google.move_by(&email, &id, 60)).unwrap();
    stage.world.google(|google| google.move_by(&email, &format!("{id}_20260204T100000Z"), 240)).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T10", "03T10", "04T14", "05T10"]);
    assert_eq!(
        written(&stage, before),
        ["delete 20260203T090000Z", "update series", "update 20260204T100000Z"]
    );
}

#[test]
fn rule_22_a_claim_holds_one_operation_of_a_series_at_most() {
    let (mut stage, id) = with_a_series(22, 2);
    let email = stage.emails[0].clone();
    for day in ["02", "03", "05"] {
        stage.world.google(|google| google.move_by(&email, &instance(&id, day), 120)).unwrap();
    }
    stage.run_until_queued("MIRROR_QUEUE");
    let waiting = "/* m */ SELECT 1 FROM event_mirrors WHERE state = 'PENDING'";
    assert_eq!(stage.graph(waiting).len(), 3);
    let mut command = ClaimMirrors {
        account: stage.accounts[1],
        claim: ClaimId::from_ulid(Ulid::from_parts(1, 1)),
        limit: 50,
        bulk_limit: 50,
        calendars: vec![stage.overlay_id(1)],
    };
    let user = stage.person.user.to_string();
    let first = stage.world.call(&user, &command).unwrap().operations;
    assert_eq!(first.len(), 1);
    assert_eq!(stage.world.call(&user, &command).unwrap().operations, first, "a repeat gets the same");
    command.claim = ClaimId::from_ulid(Ulid::from_parts(1, 2));
    assert_eq!(stage.world.call(&user, &command).unwrap().operations, [], "while one is under way");
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T11", "03T11", "04T09", "05T11"]);
}

/// A hand deletes the whole series: it is made anew under the next id, and what differs is written again.
#[test]
fn rule_22_a_series_that_is_made_again_has_its_instances_again() {
    for tombstones in [true, false] {
        let (mut stage, _) = with_an_exception(22);
        stage.world.google(|google| google.settings.tombstone_exceptions = tombstones);
        let (email, overlay, id) = (stage.emails[1].clone(), stage.overlay(1), mirror(&stage));
        let before = now(&stage);
        stage.world.delete(&email, &overlay, &id);
        stage.settle();
        assert_ne!(mirror(&stage), id);
        assert_eq!(starts(&stage, 1), LATE, "tombstones: {tombstones}");
        assert_eq!(written(&stage, before), ["insert series", "update 20260203T090000Z"]);
    }
}

/// An instance is being written when its series is deleted where it comes from: whichever comes first at the provider,
/// nothing stays.
#[test]
fn rule_22_a_series_is_deleted_while_an_instance_of_it_is_written() {
    for side in [Side::Before, Side::After] {
        let (mut stage, id) = with_a_series(22, 2);
        let email = stage.emails[0].clone();
        late(&stage, &id);
        stage.run_until_queued("MIRROR_QUEUE");
        stage.world.hold("batch", side);
        stage.deliver_first("MIRROR_QUEUE");
        assert_eq!(stage.world.held(), 1);
        stage.world.delete(&email, &email, &id);
        stage.world.settle(5_000);
        stage.world.resume();
        stage.settle();
        assert_eq!(starts(&stage, 1), Vec::<String>::new(), "{side:?}");
        let waiting = "/* m */ SELECT 1 FROM event_mirrors WHERE state <> 'DELETED'";
        assert_eq!(stage.graph(waiting), Vec::<String>::new(), "{side:?}");
    }
}

/// The same, and the writer never comes back: its write arrives when its claim has ended.
#[test]
fn rule_22_a_writer_of_an_instance_that_died_leaves_nothing_behind() {
    for side in [Side::Before, Side::After] {
        let (mut stage, id) = with_a_series(22, 2);
        let email = stage.emails[0].clone();
        late(&stage, &id);
        stage.world.crash_on("batch", side);
        stage.world.settle(1_000);
        stage.world.delete(&email, &email, &id);
        stage.settle();
        assert_eq!(starts(&stage, 1), Vec::<String>::new(), "{side:?}");
    }
}

#[test]
fn rule_22_a_series_is_truncated_and_split() {
    let (mut stage, id) = with_an_exception(22);
    let email = stage.emails[0].clone();
    let changes = json!({
        "start": {"dateTime": "2026-02-04T15:00:00Z"}, "end": {"dateTime": "2026-02-04T16:00:00Z"},
    });
    let actor = fake_google::events::write::Actor::Human(email.clone());
    stage
        .world
        .google(|google| {
            google.split_series(&actor, &email, &instance(&id, "04"), changes.as_object().unwrap())
        })
        .unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "03T11", "04T15", "05T15"]);
    assert_eq!(stage.world.contents(&stage.overlay(1)).series.len(), 2);
    stage.world.delete(&email, &email, &id);
    stage.settle();
    assert_eq!(starts(&stage, 1), ["04T15", "05T15"]);
}

/// The target declines, accepts and leaves a meeting that another account organizes: it is shown there, and only there,
/// while the target does not hold it.
#[test]
fn rule_22_a_meeting_shows_where_it_is_declined_or_left() {
    let (mut stage, id) = with_a_meeting(22);
    let guest = stage.emails[1].clone();
    let none = Vec::<String>::new();
    answer(&stage, 1, &id, "declined");
    stage.settle();
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (none.clone(), WHOLE.map(str::to_owned).to_vec()));
    assert_eq!(starts(&stage, 2), WHOLE, "of the organizer alone");
    answer(&stage, 1, &id, "accepted");
    stage.settle();
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (none.clone(), none.clone()));
    assert_eq!(starts(&stage, 2).len(), 8, "of both");
    stage.world.delete(&guest, &guest, &id);
    stage.settle();
    assert_eq!((starts(&stage, 0), starts(&stage, 1)), (none, WHOLE.map(str::to_owned).to_vec()));
}

/// The organizer answered one occurrence, which is an exception by that. The guest declines the same one.
#[test]
fn rule_22_declining_one_instance_shows_the_other_accounts_copy() {
    for is_changed in [true, false] {
        let (mut stage, id) = with_a_meeting(22);
        if is_changed {
            answer(&stage, 0, &instance(&id, "04"), "accepted");
            stage.settle();
        }
        answer(&stage, 1, &instance(&id, "04"), "declined");
        stage.settle();
        assert_eq!(starts(&stage, 1), ["04T09"], "changed: {is_changed}");
        assert_eq!(starts(&stage, 0), Vec::<String>::new());
        answer(&stage, 1, &instance(&id, "04"), "accepted");
        stage.settle();
        assert_eq!(starts(&stage, 1), Vec::<String>::new(), "changed: {is_changed}");
    }
}

#[test]
fn rule_22_the_owner_declines_an_occurrence_and_then_the_series() {
    let (mut stage, id) = with_a_series(22, 2);
    answer(&stage, 0, &instance(&id, "04"), "declined");
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "03T09", "05T09"]);
    answer(&stage, 0, &id, "declined");
    stage.settle();
    assert_eq!(starts(&stage, 1), Vec::<String>::new());
    answer(&stage, 0, &instance(&id, "04"), "accepted");
    stage.settle();
    assert_eq!(starts(&stage, 1), ["04T09"], "the one that was accepted after all");
}

/// A hand moved an instance, and it was moved back: it is an exception of the mirror from then on. The series loses that
/// occurrence and gets it back.
#[test]
fn rule_22_an_instance_that_its_series_has_again_is_shown_again() {
    let (mut stage, id) = with_a_series(22, 2);
    let (email, overlay) = (stage.emails[1].clone(), stage.overlay(1));
    let own = instance(&mirror(&stage), "03");
    stage.world.google(|google| google.move_by(&overlay, &own, 30)).unwrap();
    stage.settle();
    assert_eq!(starts(&stage, 1), WHOLE, "{email} sees what it saw");
    patch_rules(&stage, &id, "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2");
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "04T09"]);
    patch_rules(&stage, &id, "RRULE:FREQ=DAILY;COUNT=4");
    stage.settle();
    assert_eq!(starts(&stage, 1), WHOLE);
}

/// The overlay keeps the cancelled exception for ever, and each full list shows it.
#[test]
fn rule_22_a_cancelled_instance_that_was_left_behind_is_no_news() {
    let (mut stage, id) = with_an_exception(22);
    stage.world.google(|google| google.settings.keep_orphaned_exceptions = false);
    patch_rules(&stage, &id, "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=2");
    stage.settle();
    let (rows, writes) = (stage.graph("/* m */ SELECT * FROM event_mirrors"), stage.world.writes());
    mark(&stage, 1, stage.overlay_id(1), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.world.writes(), writes);
    assert_eq!(stage.graph("/* m */ SELECT * FROM event_mirrors"), rows);
    assert_eq!(failed(&stage, "events.delete 410"), 0);
}

/// A hand moves the series in the overlay, which gives its instances other ids, while one of them is to go.
#[test]
fn rule_22_what_a_moved_series_answers_of_its_instances_is_not_believed() {
    let (mut stage, id) = with_a_series(22, 2);
    let (organizer, overlay, own) = (stage.emails[0].clone(), stage.overlay(1), mirror(&stage));
    stage.world.google(|google| google.move_by(&overlay, &own, 30)).unwrap();
    stage.lose_pushes();
    stage.world.delete(&organizer, &organizer, &instance(&id, "03"));
    stage.settle();
    stage.world.push_all();
    stage.settle();
    assert_eq!(starts(&stage, 1), ["02T09", "04T09", "05T09"]);
}
