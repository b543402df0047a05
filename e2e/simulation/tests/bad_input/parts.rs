//! Parts of a batch of writes.

use tminus_simulation::Stage;
use tminus_simulation::logs::logged;
use tminus_simulation::world::{Side, bytes_of};

use crate::support::{Bad, heal, kept_nowhere, nothing_is_left, of_account, seconds_from_now, shows, slot};

/// What a refused or broken part comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It is written with the next id, at once.
    NextId,
    /// Decided anew after a look, and written at once.
    Written,
    /// Nobody knows whether it was done: the same write is repeated, after a short pause.
    InDoubt,
    /// The mirror waits for so many seconds, the others do not.
    Later(i64),
    /// The account is left alone for so many seconds.
    AccountPaused(i64),
    /// The token is refreshed, then the mirror is written.
    Refreshed,
    /// Refused for good, until the event or the policy changes.
    Error,
}
use Outcome::{AccountPaused, Error, InDoubt, Later, NextId, Refreshed, Written};

/// Two blocks are written in one batch into the overlay of the second account; the first is answered so. Answers what
/// becomes of it. The other is written, and so are both in the third account.
fn insert(stage: &mut Stage, nth: usize, bad: &Bad) -> Outcome {
    let (first, second) = (2 * nth, 2 * nth + 1);
    for at in [first, second] {
        let (start, end) = slot(at);
        let _ = stage.add(0, "written", &start, &end);
    }
    deliver_to_mirrors(stage);
    let overlay = stage.overlay(1);
    bad.answer(stage, "events.insert", Some(&overlay), 1);
    let (account, start) = (bytes_of(stage.accounts[1]), slot(first).0);
    let row = format!(
        "target_account_id = {account} AND canonical_event_id IN
           (SELECT canonical_event_id FROM canonical_events WHERE start_ts = unixepoch('{start}') * 1000)"
    );
    let outcome = outcome_of_sitting(stage, &row);
    assert!(shows(stage, 1, second), "{} holds up another mirror", bad.name());
    heal(stage);
    stage.world.settle(300);
    assert!(shows(stage, 2, first) && shows(stage, 2, second), "{} holds up another account", bad.name());
    if outcome == Error {
        let error = stage.of_graph(&format!("/* e */ SELECT error_message FROM event_mirrors WHERE {row}"));
        assert!(error.starts_with("the provider refused: "), "{error}");
        let _ = stage.graph(&format!(
            "/* forget */ UPDATE event_mirrors SET state = 'PENDING', next_attempt_ts = 0 WHERE {row}"
        ));
        let _ = stage.add(0, "a reason to write", "2026-01-20T09:00:00Z", "2026-01-20T10:00:00Z");
    }
    stage.settle();
    assert!(shows(stage, 1, first) && shows(stage, 1, second), "{} leaves its mirror stuck", bad.name());
    outcome
}

/// Lets things happen until both target accounts are nudged.
fn deliver_to_mirrors(stage: &mut Stage) {
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    assert_eq!(stage.queued("MIRROR_QUEUE").len(), 2);
}

/// One batch of the second account is written and settled: what its row says then.
fn outcome_of_sitting(stage: &mut Stage, row: &str) -> Outcome {
    let account = stage.accounts[1].to_string();
    let waiting = stage.world.waiting();
    let nudge = waiting.iter().find(|message| {
        message.binding == "MIRROR_QUEUE" && message.text.contains(&format!(r#""account":"{account}""#))
    });
    stage.world.hold("settle_mirrors", Side::After);
    stage.world.deliver(nudge.unwrap().seq);
    let column = |stage: &Stage, column: &str| {
        stage.of_graph(&format!("/* r */ SELECT CAST({column} AS TEXT) FROM event_mirrors WHERE {row}"))
    };
    let state = column(stage, "state");
    let (doubt, generation) = (column(stage, "in_doubt") == "1", column(stage, "id_generation") != "0");
    let later = seconds_from_now(stage, Some(column(stage, "next_attempt_ts")));
    let tokens = |stage: &Stage| of_account(stage, 1, "/* t */ SELECT encrypted_tokens FROM auth");
    let before = tokens(stage);
    stage.world.resume();
    let pause = of_account(stage, 1, "/* w */ SELECT CAST(write_after AS TEXT) FROM account");
    match (state.as_str(), seconds_from_now(stage, pause)) {
        ("ERROR", _) => Error,
        ("PENDING", _) if doubt => InDoubt,
        ("PENDING", Some(seconds)) => AccountPaused(seconds),
        ("PENDING", None) if generation => NextId,
        ("PENDING", None) if tokens(stage) != before => Refreshed,
        ("PENDING", None) => later.map_or(Written, Later),
        other => panic!("{other:?}"),
    }
}

fn table(seed: u64, cases: &[(Bad, Outcome)]) {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(seed, 3);
        for (nth, (bad, expected)) in cases.iter().enumerate() {
            assert_eq!(insert(&mut stage, nth, bad), *expected, "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

const REFUSALS: &[(u16, &str, Outcome)] = &[
    (400, "timeRangeEmpty", Error),
    (400, "required", Error),
    (400, "invalid", Error),
    (400, "parseError", Error),
    (400, "badRequest", Error),
    (400, "invalidParameter", Error),
    (401, "authError", Refreshed),
    (403, "userRateLimitExceeded", AccountPaused(10)),
    (403, "rateLimitExceeded", AccountPaused(10)),
    (403, "quotaExceeded", AccountPaused(3_600)),
    (403, "dailyLimitExceeded", AccountPaused(3_600)),
    (403, "forbiddenForNonOrganizer", Later(300)),
    (403, "forbidden", Later(300)),
    (403, "insufficientPermissions", Later(300)),
    (403, "requiredAccessLevel", Later(300)),
    (403, "notACalendarUser", Later(300)),
    (403, "accessNotConfigured", Later(300)),
    (404, "notFound", Later(300)),
    (409, "duplicate", NextId),
    (409, "conflict", Later(1)),
    (410, "deleted", NextId),
    (410, "fullSyncRequired", Error),
    (410, "updatedMinTooLongAgo", Error),
    (412, "conditionNotMet", NextId),
    (412, "failedPrecondition", InDoubt),
    (429, "rateLimitExceeded", AccountPaused(10)),
    (500, "backendError", InDoubt),
    (502, "badGateway", InDoubt),
    (503, "backendError", InDoubt),
    (504, "backendError", InDoubt),
];

#[test]
fn each_refusal_of_a_part_has_one_outcome() {
    let cases: Vec<_> =
        REFUSALS.iter().map(|(status, reason, outcome)| (Bad::Refused(*status, reason), *outcome)).collect();
    table(601, &cases);
}

#[test]
fn the_front_ends_envelope_says_the_same() {
    let cases: Vec<_> =
        REFUSALS.iter().map(|(status, reason, outcome)| (Bad::FrontEnd(*status, reason), *outcome)).collect();
    table(602, &cases);
}

#[test]
fn parts_that_break_are_in_doubt() {
    let cases = [
        (Bad::html(502), InDoubt),
        (Bad::html(200), InDoubt),
        (Bad::truncated(), InDoubt),
        (Bad::huge(200), InDoubt),
        (Bad::huge(500), InDoubt),
        (Bad::Body(200, String::new()), InDoubt),
        (Bad::Body(200, "null".to_owned()), InDoubt),
        (Bad::Body(200, r#"{"id":7,"etag":{}}"#.to_owned()), InDoubt),
        (Bad::Body(200, r#"{"id":"x"}"#.to_owned()), InDoubt),
        (Bad::Body(302, String::new()), InDoubt),
        (Bad::Wait(429, "rateLimitExceeded", 33), AccountPaused(33)),
    ];
    table(603, &cases);
}

/// A block is moved, and the update answered so; answers whether the mirror was given up.
fn update(stage: &mut Stage, nth: usize, bad: &Bad) -> bool {
    let ((start, end), (later, later_end)) = (slot(3 * nth), slot(3 * nth + 1));
    let id = stage.add(0, "moved", &start, &end);
    stage.settle();
    let overlay = stage.overlay(1);
    bad.answer(stage, "events.update", Some(&overlay), 1);
    stage.shift(0, &id, &later, &later_end);
    stage.world.settle(1_000);
    assert!(shows(stage, 2, 3 * nth + 1), "{} holds up another account", bad.name());
    stage.settle();
    let given_up = stage.of_graph("/* e */ SELECT state FROM event_mirrors WHERE state = 'ERROR'") == "ERROR";
    assert!(given_up || shows(stage, 1, 3 * nth + 1), "{} leaves its mirror stuck", bad.name());
    let (last, last_end) = slot(3 * nth + 2);
    stage.shift(0, &id, &last, &last_end);
    stage.settle();
    assert!(shows(stage, 1, 3 * nth + 2), "{}: another change is another try", bad.name());
    given_up
}

fn for_good(status: u16, reason: &str) -> bool {
    status == 400 || matches!((status, reason), (410, "fullSyncRequired" | "updatedMinTooLongAgo"))
}

#[test]
fn a_refused_update_is_given_up_only_for_good() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(604, 3);
        for (nth, (status, reason, _)) in REFUSALS.iter().enumerate() {
            let given_up = update(&mut stage, nth, &Bad::Refused(*status, reason));
            assert_eq!(given_up, for_good(*status, reason), "{status} {reason}");
        }
        for (nth, bad) in [Bad::html(502), Bad::truncated(), Bad::huge(200)].into_iter().enumerate() {
            assert!(!update(&mut stage, REFUSALS.len() + nth, &bad), "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// An event is deleted, and the delete of its block answered so; answers whether the block is gone in the end.
fn delete(stage: &mut Stage, bad: &Bad) -> bool {
    let email = stage.emails[0].clone();
    let (start, end) = slot(0);
    let id = stage.add(0, "deleted", &start, &end);
    stage.settle();
    let overlay = stage.overlay(1);
    bad.answer(stage, "events.delete", Some(&overlay), 1);
    stage.world.delete(&email, &email, &id);
    stage.world.settle(1_000);
    assert!(!shows(stage, 2, 0), "{} holds up another account", bad.name());
    stage.settle();
    !shows(stage, 1, 0)
}

#[test]
fn a_refused_delete_is_repeated_unless_the_block_is_gone() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(605, 3);
        // A 404 or 410 is an answer: the fake only lies about it.
        let cases = REFUSALS.iter().filter(|(status, reason, _)| {
            !for_good(*status, reason) && *status != 404 && (*status, *reason) != (410, "deleted")
        });
        for (status, reason, _) in cases {
            assert!(delete(&mut stage, &Bad::Refused(*status, reason)), "{status} {reason}");
        }
        for bad in [Bad::html(502), Bad::huge(500)] {
            assert!(delete(&mut stage, &bad), "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// The wish for no block never changes again: who gives it up leaves the block for ever.
#[test]
fn a_delete_that_was_refused_once_is_done_in_the_end() {
    let mut stage = Stage::settled(606, 3);
    let gone = delete(&mut stage, &Bad::Refused(400, "invalid"));
    stage.world.settle(3 * 86_400_000);
    assert!(gone || !shows(&stage, 1, 0));
}
