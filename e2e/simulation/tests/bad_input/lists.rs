//! Lists of a calendar's events.

use serde_json::{Value, json};
use tminus_account::contract::MarkDirty;
use tminus_domain::dirty::DirtyLevel;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;
use tminus_simulation::stage::{second_calendar, timed};

use crate::support::{Bad, CANARY, heal, kept_nowhere, nothing_is_left, seconds_from_now, shows, slot, with};

/// What a refused or broken list comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The run keeps what it has; its page is fetched again after so many seconds.
    Again(i64),
    /// The run ends, a full one starts.
    InFull,
    /// The run ends, the calendar is left alone for so many seconds.
    Paused(i64),
}
use Outcome::{Again, InFull, Paused};

/// The primary calendar of the first account answers so to its next list: what becomes of its run. The second
/// calendar of the same account is not held up, and both are right in the end.
fn list(stage: &mut Stage, nth: usize, bad: &Bad) -> Outcome {
    let email = stage.emails[0].clone();
    let expired = |stage: &Stage| {
        stage.account(0, "/* x */ SELECT 1 FROM sync_runs WHERE outcome = 'cursor_expired'").len()
    };
    let before = expired(stage);
    let ((first, first_end), (second, second_end)) = (slot(2 * nth), slot(2 * nth + 1));
    let _ = stage.add(0, "of the primary calendar", &first, &first_end);
    let event = timed("of the second calendar", &second, &second_end);
    stage.world.insert(&email, &second_calendar(&email), &event);
    bad.answer(stage, "events.list", Some(&email), 1);
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    let pause = seconds_from_now(stage, Some(stage.of_primary(0, "due_at"))).unwrap_or_default();
    let outcome = match (stage.of_primary(0, "phase").as_str(), stage.of_primary(0, "dirty").as_str()) {
        ("ready", _) => Again(pause),
        ("idle", "2") if expired(stage) > before && pause == 0 => InFull,
        ("idle", "1" | "2") => Paused(pause),
        other => panic!("{other:?} after {}", bad.name()),
    };
    heal(stage);
    stage.world.settle(300);
    assert!(shows(stage, 1, 2 * nth + 1), "{} holds up another calendar", bad.name());
    stage.settle();
    assert!(shows(stage, 1, 2 * nth), "{} leaves its calendar stuck", bad.name());
    outcome
}

fn table(seed: u64, cases: &[(Bad, Outcome)]) {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(seed, 2);
        for (nth, (bad, expected)) in cases.iter().enumerate() {
            assert_eq!(list(&mut stage, nth, bad), *expected, "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

const REFUSALS: &[(u16, &str, Outcome)] = &[
    (400, "timeRangeEmpty", Paused(60)),
    (400, "required", Paused(60)),
    (400, "invalid", Paused(60)),
    (400, "parseError", Paused(60)),
    (400, "badRequest", Paused(60)),
    (400, "invalidParameter", Paused(60)),
    (400, "syncTokenWithRequestRestrictions", Paused(60)),
    (401, "authError", Again(1)),
    (403, "userRateLimitExceeded", Again(1)),
    (403, "rateLimitExceeded", Again(1)),
    (403, "forbiddenForNonOrganizer", Paused(60)),
    (403, "forbidden", Paused(60)),
    (403, "insufficientPermissions", Paused(60)),
    (403, "requiredAccessLevel", Paused(60)),
    (403, "notACalendarUser", Paused(60)),
    (403, "accessNotConfigured", Paused(60)),
    (404, "notFound", Paused(60)),
    (408, "timeout", Again(1)),
    (409, "duplicate", Again(1)),
    (409, "conflict", Again(1)),
    (410, "fullSyncRequired", InFull),
    (410, "updatedMinTooLongAgo", InFull),
    (410, "deleted", Paused(60)),
    (412, "conditionNotMet", Again(1)),
    (412, "failedPrecondition", Again(1)),
    (413, "uploadTooLarge", Paused(60)),
    (429, "rateLimitExceeded", Again(1)),
    (429, "userRateLimitExceeded", Again(1)),
    (500, "backendError", Again(1)),
    (502, "badGateway", Again(1)),
    (503, "backendError", Again(1)),
    (504, "backendError", Again(1)),
    (302, "found", Again(1)),
    (418, "neverHeardOf", Paused(60)),
];

#[test]
fn each_refusal_of_a_list_has_one_outcome() {
    let cases: Vec<_> =
        REFUSALS.iter().map(|(status, reason, outcome)| (Bad::Refused(*status, reason), *outcome)).collect();
    table(101, &cases);
}

#[test]
fn the_front_ends_envelope_says_the_same() {
    let cases: Vec<_> =
        REFUSALS.iter().map(|(status, reason, outcome)| (Bad::FrontEnd(*status, reason), *outcome)).collect();
    table(102, &cases);
}

#[test]
fn an_invalid_sync_token_is_an_expired_one() {
    let body = json!({"error": {"errors": [{"domain": "global", "reason": "invalid",
        "message": "Invalid sync token value."}], "code": 400, "message": "Invalid sync token value."}});
    table(103, &[(Bad::Body(400, body.to_string()), InFull)]);
}

/// A limit against abuse, or of the day, recovers in hours: asking again each second makes it worse.
#[test]
fn an_exceeded_quota_of_lists_is_left_alone_for_an_hour() {
    let cases = [(403, "quotaExceeded"), (429, "quotaExceeded"), (403, "dailyLimitExceeded")];
    let cases: Vec<_> =
        cases.iter().map(|(status, reason)| (Bad::Refused(*status, reason), Again(3_600))).collect();
    table(104, &cases);
}

#[test]
fn a_wait_that_is_asked_for_is_kept_up_to_a_bound() {
    let cases = [
        (Bad::Wait(429, "rateLimitExceeded", 17), Again(17)),
        (Bad::Wait(403, "userRateLimitExceeded", 90), Again(90)),
        (Bad::Wait(503, "backendError", 7), Again(7)),
        (Bad::Wait(500, "backendError", 100_000), Again(300)),
    ];
    table(105, &cases);
}

#[test]
fn bodies_that_are_no_envelope_leave_the_status() {
    let cases = [
        (Bad::html(502), Again(1)),
        (Bad::html(500), Again(1)),
        (Bad::html(403), Paused(60)),
        (Bad::html(404), Paused(60)),
        (Bad::html(429), Again(1)),
        (Bad::html(410), InFull),
        (Bad::huge(502), Again(1)),
        (Bad::Body(503, String::new()), Again(1)),
        (Bad::Body(500, format!(r#"{{"error":"{CANARY}"}}"#)), Again(1)),
        (Bad::Body(500, format!(r#"{{"error":{{"errors":[{{"reason":"{CANARY}"}}]}}}}"#)), Again(1)),
    ];
    table(106, &cases);
}

#[test]
fn answers_that_break_are_asked_for_again() {
    let cases = [
        (Bad::Closed, Again(1)),
        (Bad::Lost, Again(1)),
        (Bad::truncated(), Again(1)),
        (Bad::html(200), Again(1)),
        (Bad::huge(200), Again(1)),
        (Bad::too_large(), Again(1)),
        (Bad::Body(200, String::new()), Again(1)),
        (Bad::Body(200, "null".to_owned()), Again(1)),
        (Bad::Body(200, format!(r#"["{CANARY}"]"#)), Again(1)),
        (Bad::Body(200, format!(r#"{{"items":"{CANARY}","nextSyncToken":"x"}}"#)), Again(1)),
        (Bad::Body(200, format!(r#"{{"items":["{CANARY}"],"nextSyncToken":7}}"#)), Again(1)),
        (Bad::Body(200, r#"{"items":[],"nextPageToken":{}}"#.to_owned()), Again(1)),
        (Bad::Body(200, format!(r#"{{"kind":"{CANARY}","items":[]}}"#)), Again(300)),
    ];
    table(107, &cases);
}

/// Five megabytes that are a list: taken as one.
#[test]
fn a_list_of_five_megabytes_is_a_list() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(108, 2);
        stage.world.tamper(|operation, answer| {
            if let (true, Ok(answer)) = (operation == "events.list", answer) {
                let list: Value = serde_json::from_slice(&answer.body).unwrap();
                let padded = with(list, "padding", json!(CANARY.repeat(5_000_000 / CANARY.len())));
                answer.body = serde_json::to_vec(&padded).unwrap();
            }
        });
        let (start, end) = slot(0);
        let _ = stage.add(0, "shown", &start, &end);
        stage.world.settle(1_000);
        assert!(shows(&stage, 1, 0));
        stage.settle();
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// Items of any shape: each is quarantined alone, without its text, and leaves when it is well.
#[test]
fn items_of_the_wrong_types_are_quarantined_alone() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(109, 2);
        let broken: &[(&str, Value)] = &[
            ("start", json!(7)),
            ("start", json!({"dateTime": CANARY})),
            ("end", json!({"date": "2026-02-31"})),
            ("end", json!({"dateTime": "2020-01-01T00:00:00Z"})),
            ("start", json!({})),
            ("summary", json!([CANARY])),
            ("etag", json!(null)),
            ("status", json!({"a": CANARY})),
            ("extendedProperties", json!(CANARY)),
            ("recurrence", json!(CANARY)),
            ("attendees", json!({"x": CANARY})),
        ];
        for (nth, _) in broken.iter().enumerate() {
            let (start, end) = slot(nth);
            let _ = stage.add(0, &format!("item {nth}"), &start, &end);
        }
        let (start, end) = slot(broken.len());
        let _ = stage.add(0, "whole", &start, &end);
        let tampered = broken.to_vec();
        stage.world.tamper(move |operation, answer| {
            let (true, Ok(answer)) = (operation == "events.list", answer) else { return };
            let mut list: Value = serde_json::from_slice(&answer.body).unwrap();
            for item in list["items"].as_array_mut().into_iter().flatten() {
                let nth = item["summary"].as_str().and_then(|title| title.strip_prefix("item "));
                if let Some((key, value)) = nth.and_then(|nth| tampered.get(nth.parse::<usize>().ok()?)) {
                    *item = with(item.take(), key, value.clone());
                }
            }
            answer.body = serde_json::to_vec(&list).unwrap();
        });
        stage.settle();
        assert_eq!(stage.shown(1).len(), 1, "the whole one is shown");
        assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine").len(), broken.len());
        for row in stage.world.state().iter().filter(|row| row.contains(" quarantine ")) {
            assert!(!row.contains("canary"), "{row}");
        }
        stage.world.no_tamper();
        let calendar = stage.primary(0);
        let full = MarkDirty { calendar, level: DirtyLevel::Full };
        stage.world.call(&stage.accounts[0].to_string(), &full).unwrap();
        stage.settle();
        assert_eq!(stage.shown(1).len(), broken.len() + 1);
        assert_eq!(stage.graph("/* q */ SELECT 1 FROM quarantine").len(), 0);
        stage
    });
    kept_nowhere(&stage, &lines);
}

/// A mirror that cannot be read is there all the same: it is neither taken for deleted nor written a second time, by
/// changes and by a whole list, and leaves quarantine when it can be read.
#[test]
fn a_mirror_that_cannot_be_read_is_not_taken_for_deleted() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(111, 2);
        let ((start, end), email) = (slot(0), stage.emails[1].clone());
        let _ = stage.add(0, "shown", &start, &end);
        stage.settle();
        let (overlay, blocks) = (stage.overlay(1), stage.shown(1));
        let id = stage.world.events(&overlay)[0]["id"].as_str().unwrap().to_owned();
        // The hand changes what is not ours: nothing is to be undone.
        stage.world.patch(&email, &overlay, &id, &json!({"colorId": "5"})).unwrap();
        let of_mirror = "/* m */ SELECT * FROM event_mirrors";
        let (mirrors, writes) = (stage.graph(of_mirror), stage.world.writes());
        stage.world.tamper(move |operation, answer| {
            let (true, Ok(answer)) = (operation == "events.list", answer) else { return };
            let mut list: Value = serde_json::from_slice(&answer.body).unwrap();
            for item in list["items"].as_array_mut().into_iter().flatten().filter(|item| item["id"] == id) {
                *item = with(item.take(), "attendees", json!({"x": CANARY}));
            }
            answer.body = serde_json::to_vec(&list).unwrap();
        });
        let quarantined = |stage: &Stage| stage.graph("/* q */ SELECT 1 FROM quarantine").len();
        let full = MarkDirty { calendar: stage.overlay_id(1), level: DirtyLevel::Full };
        for by_whole_list in [false, true] {
            if by_whole_list {
                stage.world.call(&stage.accounts[1].to_string(), &full).unwrap();
            }
            stage.settle();
            assert_eq!((quarantined(&stage), stage.graph(of_mirror)), (1, mirrors.clone()));
        }
        stage.world.no_tamper();
        stage.world.call(&stage.accounts[1].to_string(), &full).unwrap();
        stage.settle();
        assert_eq!((stage.shown(1), stage.world.writes(), quarantined(&stage)), (blocks, writes, 0));
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// A provider that goes on refusing is asked ever more seldom.
#[test]
fn a_provider_that_goes_on_failing_is_asked_ever_more_seldom() {
    for (bad, most) in [
        (Bad::Refused(500, "backendError"), 40),
        (Bad::Refused(404, "notFound"), 10),
        (Bad::Refused(401, "authError"), 130),
        (Bad::truncated(), 40),
        (Bad::Closed, 40),
    ] {
        let mut stage = Stage::settled(110, 2);
        let email = stage.emails[0].clone();
        let (start, end) = slot(0);
        let _ = stage.add(0, "waits", &start, &end);
        bad.answer(&stage, "events.list", Some(&email), 0);
        let before = stage.world.calls("events.list");
        stage.world.settle(2 * 3_600_000);
        let asked = stage.world.calls("events.list") - before;
        assert!((2..=most).contains(&asked), "{asked} times in two hours: {}", bad.name());
        heal(&stage);
        stage.world.settle(7 * 3_600_000);
        assert!(shows(&stage, 1, 0), "{}", bad.name());
    }
}

/// A full list that is told that its token has expired, again and again.
#[test]
fn a_full_list_that_goes_on_answering_410_is_asked_ever_more_seldom() {
    let mut stage = Stage::settled(111, 2);
    let email = stage.emails[0].clone();
    let (start, end) = slot(0);
    let _ = stage.add(0, "waits", &start, &end);
    Bad::Refused(410, "fullSyncRequired").answer(&stage, "events.list", Some(&email), 0);
    let before = stage.world.calls("events.list");
    stage.world.settle(600_000);
    let asked = stage.world.calls("events.list") - before;
    assert!(asked <= 30, "{asked} times in ten minutes");
    heal(&stage);
    stage.world.settle(7 * 3_600_000);
    assert!(shows(&stage, 1, 0));
}
