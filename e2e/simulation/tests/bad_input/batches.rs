//! Whole batches of writes: nothing is known of any part but what one answer says of all.

use tminus_simulation::Stage;
use tminus_simulation::logs::logged;
use tminus_simulation::world::bytes_of;

use crate::support::{Bad, heal, kept_nowhere, nothing_is_left, of_account, seconds_from_now, shows, slot};

/// What a refused or broken batch comes to, for all of its mirrors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Nobody knows what was done: the same writes are repeated, after so many seconds.
    InDoubt(i64),
    /// The account is left alone for so many seconds.
    AccountPaused(i64),
    /// The token is refreshed, then they are written.
    Refreshed,
}
use Outcome::{AccountPaused, InDoubt, Refreshed};

/// Two blocks are written in one batch into the overlay of the second account, and the batch is answered so. The third
/// account is not held up, and in the end both show both.
fn batch(stage: &mut Stage, nth: usize, bad: &Bad) -> Outcome {
    let slots = [2 * nth, 2 * nth + 1];
    for at in slots {
        let (start, end) = slot(at);
        let _ = stage.add(0, "written", &start, &end);
    }
    stage.deliver_pushes();
    stage.deliver_first("SYNC_QUEUE");
    stage.deliver_first("DELTA_QUEUE");
    let tokens = |stage: &Stage| of_account(stage, 1, "/* t */ SELECT encrypted_tokens FROM auth");
    let second = format!(r#""account":"{}""#, stage.accounts[1]);
    let waiting = stage.world.waiting();
    let nudge = waiting.iter().find(|message| message.text.contains(&second)).unwrap();
    bad.answer(stage, "batch", None, 1);
    let refreshing = matches!(bad, Bad::Refused(401, _) | Bad::FrontEnd(401, _));
    let before = tokens(stage);
    stage.world.deliver(nudge.seq);
    let (refreshed, row) = (tokens(stage) != before && refreshing, row(stage));
    let account = of_account(stage, 1, "/* w */ SELECT CAST(write_after AS TEXT) FROM account");
    let account = seconds_from_now(stage, account);
    heal(stage);
    stage.world.settle(300);
    assert!(slots.into_iter().all(|at| shows(stage, 2, at)), "{} holds up another account", bad.name());
    stage.settle();
    assert!(slots.into_iter().all(|at| shows(stage, 1, at)), "{} leaves mirrors stuck: {row:?}", bad.name());
    match (row.as_str(), account) {
        _ if refreshed => Refreshed,
        ("PENDING in doubt", Some(seconds)) => InDoubt(seconds),
        ("PENDING", Some(seconds)) => AccountPaused(seconds),
        other => panic!("{other:?}"),
    }
}

/// The state of the mirrors that are not written yet.
fn row(stage: &Stage) -> String {
    let account = bytes_of(stage.accounts[1]);
    stage.of_graph(&format!(
        "/* s */ SELECT state || CASE WHEN in_doubt THEN ' in doubt' ELSE '' END FROM event_mirrors
         WHERE target_account_id = {account} AND state <> 'ACTIVE'"
    ))
}

fn table(seed: u64, cases: &[(Bad, Outcome)]) {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(seed, 3);
        for (nth, (bad, expected)) in cases.iter().enumerate() {
            assert_eq!(batch(&mut stage, nth, bad), *expected, "{}", bad.name());
        }
        stage
    });
    kept_nowhere(&stage, &lines);
    nothing_is_left(&stage);
}

/// What the batch itself got wrong says nothing of any mirror: nothing is learnt, and nobody writes for five minutes.
const REFUSALS: &[(u16, &str, Outcome)] = &[
    (400, "badRequest", AccountPaused(300)),
    (400, "invalid", AccountPaused(300)),
    (400, "parseError", AccountPaused(300)),
    (400, "batchSizeTooLarge", AccountPaused(300)),
    (401, "authError", Refreshed),
    (403, "userRateLimitExceeded", AccountPaused(10)),
    (403, "rateLimitExceeded", AccountPaused(10)),
    (403, "quotaExceeded", AccountPaused(3_600)),
    (403, "dailyLimitExceeded", AccountPaused(3_600)),
    (403, "forbiddenForNonOrganizer", AccountPaused(300)),
    (403, "forbidden", AccountPaused(300)),
    (403, "insufficientPermissions", AccountPaused(300)),
    (403, "requiredAccessLevel", AccountPaused(300)),
    (403, "notACalendarUser", AccountPaused(300)),
    (403, "accessNotConfigured", AccountPaused(300)),
    (404, "notFound", AccountPaused(300)),
    (409, "duplicate", AccountPaused(300)),
    (409, "conflict", AccountPaused(300)),
    (410, "deleted", AccountPaused(300)),
    (410, "fullSyncRequired", AccountPaused(300)),
    (412, "conditionNotMet", AccountPaused(300)),
    (412, "failedPrecondition", InDoubt(2)),
    (413, "uploadTooLarge", AccountPaused(300)),
    (429, "rateLimitExceeded", AccountPaused(10)),
    (500, "backendError", InDoubt(2)),
    (502, "badGateway", InDoubt(2)),
    (503, "backendError", InDoubt(2)),
    (504, "backendError", InDoubt(2)),
];

#[test]
fn each_refusal_of_a_batch_has_one_outcome() {
    let cases: Vec<_> = REFUSALS
        .iter()
        .flat_map(|(status, reason, outcome)| {
            [(Bad::Refused(*status, reason), *outcome), (Bad::FrontEnd(*status, reason), *outcome)]
        })
        .collect();
    table(701, &cases);
}

#[test]
fn batches_that_break_are_in_doubt() {
    let cases = [
        (Bad::Closed, InDoubt(2)),
        (Bad::Lost, InDoubt(2)),
        (Bad::html(502), InDoubt(2)),
        (Bad::html(200), InDoubt(2)),
        (Bad::truncated(), InDoubt(2)),
        (Bad::huge(200), InDoubt(2)),
        (Bad::huge(503), InDoubt(2)),
        (Bad::too_large(), InDoubt(2)),
        (Bad::Body(200, String::new()), InDoubt(2)),
        (Bad::Body(200, "null".to_owned()), InDoubt(2)),
        (Bad::Body(302, String::new()), InDoubt(2)),
        (Bad::Wait(429, "rateLimitExceeded", 44), AccountPaused(44)),
        (Bad::Wait(503, "backendError", 44), InDoubt(44)),
    ];
    table(703, &cases);
}

/// The writes were done and the answer breaks off: what is left of it counts, the rest is in doubt, and no block is
/// made twice.
#[test]
fn an_answer_that_breaks_off_counts_as_far_as_it_goes() {
    for keep in [0, 30, 60, 99] {
        let mut stage = Stage::settled(704, 2);
        for at in 0..6 {
            let (start, end) = slot(at);
            let _ = stage.add(0, "written", &start, &end);
        }
        let mut times = 1;
        stage.world.tamper(move |operation, answer| {
            if let (true, 1, Ok(answer)) = (operation == "batch", times, answer) {
                times = 0;
                answer.body.truncate(answer.body.len() * keep / 100);
            }
        });
        stage.settle();
        assert_eq!(stage.shown(1).len(), 6, "{keep}");
        assert!(stage.world.calls("events.insert") <= 12, "{keep}");
        nothing_is_left(&stage);
    }
}

/// Parts that are missing, twice there, in another order, or somebody else's.
#[test]
fn parts_are_matched_by_their_ids() {
    for change in [
        |body: String| body.replacen("Content-ID", "Content-XX", 1),
        |body: String| body.replace("response-", "another-"),
        |body: String| body.replacen("HTTP/1.1 200", "HTTP/1.1 abc", 1),
        |body: String| format!("{body}{body}"),
        |body: String| body.replacen("\r\n\r\n{", "\r\n\r\n[", 2),
    ] {
        let mut stage = Stage::settled(705, 2);
        stage.world.google(|google| google.settings.batch_order = fake_google::settings::BatchOrder::Reverse);
        for at in 0..4 {
            let (start, end) = slot(at);
            let _ = stage.add(0, "written", &start, &end);
        }
        let mut times = 1;
        stage.world.tamper(move |operation, answer| {
            if let (true, 1, Ok(answer)) = (operation == "batch", times, answer) {
                times = 0;
                answer.body =
                    change(String::from_utf8(std::mem::take(&mut answer.body)).unwrap()).into_bytes();
            }
        });
        stage.settle();
        assert_eq!(
            stage.shown(1),
            Stage::blocks(
                &(0..4)
                    .map(slot)
                    .collect::<Vec<_>>()
                    .iter()
                    .map(|(start, end)| (start.as_str(), end.as_str()))
                    .collect::<Vec<_>>()
            )
        );
        nothing_is_left(&stage);
    }
}
