//! Rules 8 to 11: pages, cursors, positions and bad items.

use fake_google::faults::{Effect, Fault};
use serde_json::json;
use tminus_account::contract::{CalendarState, FetchAgain, GetStatus};
use tminus_domain::dirty::DirtyLevel;
use tminus_simulation::Stage;
use tminus_simulation::stage::timed;
use tminus_simulation::world::Side;

use crate::support::{EVENTS, NINE, NOON, ONE, TEN, fail, mark, with_an_event};

/// Events whose page does not fit one message, and one that is shown.
fn add_a_long_page(stage: &mut Stage) {
    let email = stage.emails[0].clone();
    for at in 0..9 {
        let mut long = timed(&format!("long {at}"), NINE, TEN);
        long["description"] = json!("x".repeat(15_000));
        long["transparency"] = json!("transparent");
        stage.world.insert(&email, &email, &long);
    }
    let _ = stage.add(0, "shown", NINE, TEN);
}

fn fetched_long_page(seed: u64) -> Stage {
    let mut stage = Stage::settled(seed, 2);
    add_a_long_page(&mut stage);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    assert_eq!(stage.queued("DELTA_QUEUE").len(), 2, "two chunks");
    stage
}

#[test]
fn rule_08_a_page_counts_only_when_all_of_its_chunks_are_applied() {
    let mut stage = fetched_long_page(8);
    let token = stage.of_primary(0, "sync_token");
    let first = stage.deliver_first("DELTA_QUEUE");
    stage.world.redeliver("DELTA_QUEUE", first.clone());
    let again = stage.world.waiting().last().unwrap().seq;
    stage.world.deliver(again);
    assert_eq!(
        (stage.of_primary(0, "phase"), stage.of_primary(0, "applied")),
        ("applying".into(), "10".into())
    );
    assert_eq!(stage.of_primary(0, "sync_token"), token, "the same chunk twice is not two chunks");
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "idle");
    assert_ne!(stage.of_primary(0, "sync_token"), token);
}

/// One chunk of the first attempt is lost, the other late: together with a chunk of the second attempt they do not
/// make a page.
#[test]
fn rule_08_chunks_of_an_older_attempt_do_not_count() {
    let mut stage = fetched_long_page(8);
    let token = stage.of_primary(0, "sync_token");
    let old = stage.queued("DELTA_QUEUE");
    stage.world.restart(true);
    stage.run_until_queued("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "applied"), "00", "another attempt");
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "applied"), "10");
    for text in old {
        stage.world.redeliver("DELTA_QUEUE", text);
        let late = stage.world.waiting().last().unwrap().seq;
        stage.world.deliver(late);
    }
    assert_eq!(stage.of_primary(0, "applied"), "10", "they do not count");
    assert_eq!(stage.of_primary(0, "sync_token"), token);
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "phase"), "idle");
}

#[test]
fn rule_08_the_next_page_is_fetched_when_the_last_one_counts() {
    let mut stage = Stage::settled(8, 2);
    stage.world.google(|google| google.settings.page_size_cap = Some(2));
    for hour in 10..15 {
        let (start, end) = (format!("2026-02-02T{hour}:00:00Z"), format!("2026-02-02T{hour}:30:00Z"));
        let _ = stage.add(0, "one of five", &start, &end);
    }
    stage.deliver_pushes();
    let calls = stage.world.calls("events.list");
    for page in 0..3 {
        stage.deliver_first("SYNC_QUEUE");
        assert_eq!(stage.world.calls("events.list"), calls + page + 1);
        assert_eq!(stage.queued("DELTA_QUEUE").len(), 1, "at most one page is in flight");
        assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new(), "nobody asks for the next one yet");
        assert_eq!(stage.of_primary(0, "page"), page.to_string());
        stage.deliver_first("DELTA_QUEUE");
    }
    assert_eq!(stage.of_primary(0, "phase"), "idle");
    stage.settle();
    assert_eq!(stage.shown(1).len(), 5);
}

/// The page is recorded, both of its chunks are lost: what they held is fetched again from the old cursor.
#[test]
fn rule_09_the_cursor_is_committed_after_the_last_chunk() {
    let mut stage = fetched_long_page(9);
    stage.world.restart(true);
    stage.lose_pushes();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The chunk is applied and its count lost with everything else: the cursor has not moved.
#[test]
fn rule_09_a_chunk_that_was_applied_but_not_counted_moves_no_cursor() {
    let mut stage = Stage::settled(9, 2);
    let _ = stage.add(0, "secret", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    let token = stage.of_primary(0, "sync_token");
    stage.world.crash_on("chunk_applied", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.of_primary(0, "sync_token"), token);
    stage.world.restart(true);
    stage.lose_pushes();
    stage.settle();
    assert_ne!(stage.of_primary(0, "sync_token"), token);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The calendar changes while its run is under way: the commit leaves it dirty, and it is nudged.
#[test]
fn rule_09_the_commit_clears_only_what_its_run_covers() {
    let (mut stage, id) = with_an_event(9);
    stage.shift(0, &id, NOON, ONE);
    stage.deliver_pushes();
    stage.world.hold("events.list", Side::After);
    stage.deliver_first("SYNC_QUEUE");
    stage.shift(0, &id, TEN, NOON);
    stage.deliver_pushes();
    assert_eq!(stage.queued("SYNC_QUEUE"), Vec::<String>::new());
    stage.world.resume();
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!((stage.of_primary(0, "phase"), stage.of_primary(0, "dirty")), ("idle".into(), "1".into()));
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(TEN, NOON)]));
}

/// Both ways in which a provider says that a cursor has expired end the run; a full one finds what was deleted.
#[test]
fn rule_09_an_expired_cursor_starts_a_full_run() {
    for (status, reason, message) in [
        (410, "fullSyncRequired", "Sync token is no longer valid."),
        (400, "invalid", "Invalid sync token value."),
    ] {
        let (mut stage, id) = with_an_event(9);
        let email = stage.emails[0].clone();
        stage.world.delete(&email, &email, &id);
        stage.lose_pushes();
        let effect = Effect {
            status: Some(status),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            ..Effect::default()
        };
        stage.world.google(|google| google.faults.push(Fault::on("events.list", 1, effect)));
        mark(&stage, 0, stage.primary(0), DirtyLevel::Incremental);
        stage.settle();
        assert_eq!(stage.shown(1), [], "{status}");
        let expired = "/* o */ SELECT 1 FROM sync_runs WHERE outcome = 'cursor_expired'";
        assert_eq!(stage.account(0, expired).len(), 1, "{status}");
    }
}

/// The second page of a full run answers 410. What the first page held alone must not be taken for everything.
#[test]
fn rule_09_absence_is_judged_over_one_whole_full_run() {
    let mut stage = Stage::settled(9, 2);
    for hour in 10..16 {
        let (start, end) = (format!("2026-02-02T{hour}:00:00Z"), format!("2026-02-02T{hour}:30:00Z"));
        let _ = stage.add(0, "one of six", &start, &end);
    }
    stage.settle();
    let deletes = stage.world.calls("events.delete");
    stage.world.google(|google| google.settings.page_size_cap = Some(2));
    for _ in 0..3 {
        mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
        stage.run_until_queued("BACKFILL_QUEUE");
        stage.deliver_first("BACKFILL_QUEUE");
        fail(&stage, "events.list", 1, 410, "fullSyncRequired");
        stage.settle();
    }
    assert_eq!(stage.shown(1).len(), 6);
    assert_eq!(stage.world.calls("events.delete"), deletes);
    assert_eq!(stage.of_graph("/* s */ SELECT 1 FROM canonical_events WHERE suspect_generation > 0"), "");
}

#[test]
fn rule_10_the_same_etag_writes_no_row() {
    let (mut stage, _) = with_an_event(10);
    let rows = |stage: &Stage| {
        let mut rows = stage.graph("/* e */ SELECT * FROM canonical_events");
        rows.extend(stage.graph("/* j */ SELECT * FROM event_journal ORDER BY journal_id"));
        rows.extend(stage.graph("/* m */ SELECT * FROM event_mirrors"));
        rows
    };
    let before = rows(&stage);
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(rows(&stage), before);
}

/// A page that was listed before the event was deleted arrives after the deletion.
#[test]
fn rule_10_a_lower_position_brings_nothing_back() {
    let (mut stage, id) = with_an_event(10);
    let email = stage.emails[0].clone();
    stage.shift(0, &id, NOON, ONE);
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    stage.world.delete(&email, &email, &id);
    stage.lose_pushes();
    stage.settle();
    assert_eq!(stage.shown(1), []);
    stage.world.resume();
    stage.settle();
    assert_eq!((stage.shown(1), stage.graph(EVENTS)), (vec![], vec![]));
}

/// The same with an event that the store never knew: it has no position to be compared with.
#[test]
fn rule_10_an_overtaken_page_makes_nothing_known() {
    let mut stage = Stage::settled(10, 2);
    let email = stage.emails[0].clone();
    let id = stage.add(0, "short-lived", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    stage.world.hold("apply_chunk", Side::Before);
    stage.deliver_first("DELTA_QUEUE");
    stage.world.delete(&email, &email, &id);
    stage.lose_pushes();
    stage.settle();
    stage.world.resume();
    stage.settle();
    assert_eq!((stage.shown(1), stage.graph(EVENTS)), (vec![], vec![]));
}

/// One item of a page makes the store fail: the others are applied, and the cursor moves on.
#[test]
fn rule_11_an_item_that_fails_is_quarantined_alone() {
    let mut stage = Stage::settled(11, 2);
    let _ = stage.graph(
        "/* poison */ CREATE TRIGGER poison BEFORE INSERT ON canonical_events WHEN NEW.title = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
    );
    let _ = stage.add(0, "before", NINE, TEN);
    let poison = stage.add(0, "poison", NOON, ONE);
    let _ = stage.add(0, "after", TEN, NOON);
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN), (TEN, NOON)]));
    assert_eq!(stage.of_graph("/* q */ SELECT origin_event_id FROM quarantine"), poison);
    assert_eq!(stage.of_primary(0, "phase"), "idle");
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
    let _ = stage.graph("/* heal */ DROP TRIGGER poison");
    let email = stage.emails[0].clone();
    stage.world.patch(&email, &email, &poison, &json!({"summary": "healed"})).unwrap();
    stage.settle();
    assert_eq!(stage.shown(1).len(), 3);
    assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine"), Vec::<String>::new());
}

/// An item that is not of the provider's schema never reaches the store's tables but one.
#[test]
fn rule_11_an_item_that_cannot_be_read_is_quarantined_with_its_reason() {
    let mut stage = Stage::settled(11, 2);
    let bad = stage.add(0, "bad", NOON, ONE);
    let _ = stage.add(0, "good", NINE, TEN);
    let id = bad.clone();
    stage.world.tamper(move |operation, answer| {
        if let (true, Ok(answer)) = (operation == "events.list", answer) {
            let mut list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            for item in list["items"].as_array_mut().into_iter().flatten().filter(|item| item["id"] == *id) {
                item["start"] = json!(7);
            }
            answer.body = serde_json::to_vec(&list).unwrap();
        }
    });
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
    let reason = stage.of_graph("/* q */ SELECT reason FROM quarantine");
    assert_eq!(reason, "the event does not fit the provider's schema");
    stage.world.no_tamper();
    mark(&stage, 0, stage.primary(0), DirtyLevel::Full);
    stage.settle();
    assert_eq!(stage.shown(1).len(), 2);
    assert_eq!(stage.of_graph("/* q */ SELECT reason FROM quarantine"), "");
}

/// Three runs in a row fail: the calendar says so, is asked ever more seldom, and is fine again when it can be read.
#[test]
fn rule_11_three_failed_runs_put_the_calendar_in_error_until_it_can_be_read() {
    let (mut stage, id) = with_an_event(11);
    let state = |stage: &Stage| {
        let status = stage.world.call(&stage.accounts[0].to_string(), &GetStatus {}).unwrap();
        let primary = stage.primary(0);
        status.calendars.into_iter().find(|calendar| calendar.calendar == primary).unwrap().state
    };
    stage.shift(0, &id, NOON, ONE);
    fail(&stage, "events.list", 5, 404, "notFound");
    stage.deliver_pushes();
    let mut pauses = Vec::new();
    for run in 0..5 {
        assert_eq!(state(&stage), if run < 3 { CalendarState::Fine } else { CalendarState::Error }, "{run}");
        stage.run_until_queued("SYNC_QUEUE");
        stage.deliver_first("SYNC_QUEUE");
        let due: i64 = stage.of_primary(0, "due_at").parse().unwrap();
        pauses.push((due - stage.world.now().millis() + 500).div_euclid(1_000));
    }
    assert_eq!(pauses, [60, 120, 240, 480, 960]);
    stage.settle();
    assert_eq!(state(&stage), CalendarState::Fine);
    assert_eq!(stage.shown(1), Stage::blocks(&[(NOON, ONE)]));
}

/// An item in quarantine is replayed, long after the cursor has passed it: it is fetched by its id, as it is now. One
/// that is gone at the provider is gone.
#[test]
fn rule_11_a_replay_fetches_the_item_fresh() {
    let mut stage = Stage::settled(11, 2);
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON canonical_events WHEN NEW.title = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    let _ = stage.graph(&format!("/* poison */ {poison}"));
    let id = stage.add(0, "poison", NINE, TEN);
    stage.settle();
    assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine").len(), 1);
    let _ = stage.graph("/* heal */ DROP TRIGGER poison");
    let again = FetchAgain { calendar: stage.primary(0), ids: vec![id, "deletedmeanwhile".to_owned()] };
    stage.world.call(&stage.accounts[0].to_string(), &again).unwrap();
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "the cursor had passed it");
    assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine").len(), 0);
    assert_eq!(stage.account(0, "/* f */ SELECT 1 FROM fetch_again").len(), 0);
}

/// A chunk uses up its retries, since its handler dies of it each time. The consumer of dead letters applies it item by
/// item, and it counts: the calendar goes on without another list.
#[test]
fn rule_11_the_chunk_of_a_dead_letter_is_applied_item_by_item_and_counts() {
    let mut stage = Stage::settled(11, 2);
    let poison = "CREATE TRIGGER poison BEFORE INSERT ON canonical_events WHEN NEW.title = 'poison'
         BEGIN SELECT RAISE(ABORT, 'poisoned'); END";
    let _ = stage.graph(&format!("/* poison */ {poison}"));
    let _ = stage.add(0, "good", NINE, TEN);
    let bad = stage.add(0, "poison", NOON, ONE);
    stage.run_until_queued("DELTA_QUEUE");
    for _ in 0..6 {
        stage.world.crash_on("apply_chunk", Side::Before);
    }
    let lists = stage.world.calls("events.list");
    stage.run_until(|stage| stage.of_primary(0, "phase") == "idle");
    assert_eq!(stage.world.calls("events.list"), lists, "nothing was fetched again");
    assert_eq!(stage.of_graph("/* q */ SELECT origin_event_id FROM quarantine"), bad);
    assert_eq!(stage.world.dead_letters().len(), 1, "it is kept all the same");
    stage.settle();
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

/// The item that is to be fetched again is answered so for ever: nobody else of its calendar waits for it.
#[test]
fn rule_11_an_item_that_cannot_be_fetched_again_blocks_nobody() {
    for (status, reason) in
        [(403, "forbidden"), (400, "invalid"), (500, "backendError"), (503, "backendError")]
    {
        let mut stage = Stage::settled(11, 2);
        let again = FetchAgain { calendar: stage.primary(0), ids: vec!["cannotbefetched".to_owned()] };
        stage.world.call(&stage.accounts[0].to_string(), &again).unwrap();
        fail(&stage, "events.get", 0, status, reason);
        let _ = stage.add(0, "good", NINE, TEN);
        stage.world.settle(600_000);
        assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]), "{status} {reason}");
    }
}
