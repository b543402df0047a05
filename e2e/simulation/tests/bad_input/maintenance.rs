//! Maintenance: the calendar list, the overlay, channels opened and stopped.

use serde_json::json;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;

use crate::support::{
    Bad, CANARY, heal, kept_nowhere, nothing_is_left, of_account, seconds_from_now, shows, slot,
};

/// What a refused or broken call of maintenance comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// Maintenance is done again after so many seconds.
    Again(i64),
    /// Maintenance comes to its end; a channel that is missing is opened when the cron Worker asks again.
    NoChannel,
    /// Maintenance comes to its end; the calendar is never given a channel.
    NeverAChannel,
}
use Outcome::{Again, NeverAChannel, NoChannel};

const CHANNELS: &str = "/* c */ SELECT 1 FROM watch_channels WHERE status = 'active'";

/// Delivers the first message that maintains the first account.
fn maintain(stage: &mut Stage) {
    let account = stage.accounts[0].to_string();
    stage.run_until(|stage| stage.world.waiting().iter().any(|message| asks(&message.text, &account)));
    let mut waiting = stage.world.waiting().into_iter();
    let message = waiting.find(|message| asks(&message.text, &account)).unwrap();
    stage.world.deliver(message.seq);
}

fn asks(text: &str, account: &str) -> bool {
    text.contains(r#""kind":"maintain""#) && text.contains(account)
}

fn outcome(stage: &Stage) -> Outcome {
    let due = of_account(stage, 0, "/* m */ SELECT CAST(due_at AS TEXT) FROM timers WHERE kind = 'maintain'");
    if let Some(seconds) = seconds_from_now(stage, due) {
        return Again(seconds);
    }
    let push = of_account(stage, 0, "/* p */ SELECT CAST(MIN(push) AS TEXT) FROM calendars");
    if push.as_deref() == Some("0") { NeverAChannel } else { NoChannel }
}

/// A first maintenance whose call is answered so. The other account is not held up; in the end there is one overlay
/// and each calendar has a channel, and blocks are shown.
fn first(nth: u64, operation: &str, bad: &Bad) -> Outcome {
    let mut stage = Stage::linked(300 + nth, 2);
    let (start, end) = slot(0);
    let _ = stage.add(1, "of the other account", &start, &end);
    bad.answer(&stage, operation, None, 1);
    maintain(&mut stage);
    let outcome = outcome(&stage);
    heal(&stage);
    stage.settle();
    stage.world.run_cron();
    stage.settle();
    assert_eq!(stage.world.overlays(&stage.emails[0]).len(), 1, "{operation} {}", bad.name());
    let channels = stage.account(0, CHANNELS).len();
    assert_eq!(channels, if outcome == NeverAChannel { 2 } else { 3 }, "{operation} {}", bad.name());
    assert!(shows(&stage, 0, 0), "{operation} {}", bad.name());
    nothing_is_left(&stage);
    kept_nowhere(&stage, &["what is logged is looked at below".to_owned()]);
    outcome
}

fn table(operation: &str, cases: &[(Bad, Outcome)]) {
    let ((), lines) = logged(|| {
        for (nth, (bad, expected)) in cases.iter().enumerate() {
            let outcome = first(nth as u64, operation, bad);
            assert_eq!(outcome, *expected, "{operation} {}", bad.name());
        }
    });
    assert!(lines.iter().all(|line| !line.contains("canary")));
}

/// Refusals that all calls of maintenance meet alike, and what the calendar list and the overlay come to.
const REFUSALS: &[(u16, &str)] = &[
    (400, "timeRangeEmpty"),
    (400, "required"),
    (400, "invalid"),
    (400, "parseError"),
    (400, "badRequest"),
    (400, "invalidParameter"),
    (401, "authError"),
    (403, "userRateLimitExceeded"),
    (403, "rateLimitExceeded"),
    (403, "forbiddenForNonOrganizer"),
    (403, "forbidden"),
    (403, "insufficientPermissions"),
    (403, "requiredAccessLevel"),
    (403, "notACalendarUser"),
    (403, "accessNotConfigured"),
    (404, "notFound"),
    (409, "duplicate"),
    (409, "conflict"),
    (410, "fullSyncRequired"),
    (410, "updatedMinTooLongAgo"),
    (410, "deleted"),
    (412, "conditionNotMet"),
    (412, "failedPrecondition"),
    (429, "rateLimitExceeded"),
    (500, "backendError"),
    (502, "badGateway"),
    (503, "backendError"),
    (504, "backendError"),
];

fn broken() -> Vec<Bad> {
    vec![
        Bad::Closed,
        Bad::Lost,
        Bad::truncated(),
        Bad::html(200),
        Bad::html(403),
        Bad::html(502),
        Bad::huge(200),
        Bad::huge(500),
        Bad::too_large(),
        Bad::Body(200, String::new()),
        Bad::Body(200, format!(r#"{{"items":"{CANARY}","id":7}}"#)),
        Bad::Body(200, "null".to_owned()),
    ]
}

/// What is asked for after half a minute, and sooner or later all the same.
fn refused_and_broken() -> Vec<(Bad, Outcome)> {
    let refused = REFUSALS.iter().flat_map(|(status, reason)| {
        [(Bad::Refused(*status, reason), Again(30)), (Bad::FrontEnd(*status, reason), Again(30))]
    });
    let broken = broken().into_iter().map(|bad| (bad, Again(30)));
    let slow = [(403, "quotaExceeded"), (429, "quotaExceeded"), (403, "dailyLimitExceeded")];
    let slow = slow.into_iter().map(|(status, reason)| (Bad::Refused(status, reason), Again(3_600)));
    let asked = [(Bad::Wait(429, "rateLimitExceeded", 5), Again(30)), (Bad::Wait(503, "x", 900), Again(900))];
    refused.chain(broken).chain(slow).chain(asked).collect()
}

#[test]
fn each_refusal_of_the_calendar_list_has_one_outcome() {
    table("calendarList.list", &refused_and_broken());
}

#[test]
fn each_refusal_of_the_overlay_has_one_outcome_and_never_makes_two() {
    table("calendars.insert", &refused_and_broken());
}

/// A refusal for good stops nobody else's channel and not the rest of maintenance.
#[test]
fn each_refusal_of_a_channel_has_one_outcome() {
    let for_good = |status: u16, reason: &str| {
        matches!(status, 400 | 404 | 410)
            || (status, reason) == (409, "duplicate")
            || (status == 403 && !reason.ends_with("LimitExceeded") && reason != "quotaExceeded")
    };
    let cases: Vec<_> = refused_and_broken()
        .into_iter()
        .map(|(bad, outcome)| match &bad {
            Bad::Refused(status, reason) | Bad::FrontEnd(status, reason) if for_good(*status, reason) => {
                (bad, NoChannel)
            }
            Bad::Body(403, _) => (bad, NoChannel),
            _ => (bad, outcome),
        })
        .collect();
    table("events.watch", &cases);
    table(
        "events.watch",
        &[
            (Bad::Refused(400, "channelIdNotUnique"), Again(30)),
            (Bad::Refused(400, "push.webhookUrlNotHttps"), NoChannel),
            (Bad::Refused(401, "push.webhookUrlUnauthorized"), NoChannel),
            (Bad::Refused(400, "pushNotSupportedForRequestedResource"), NeverAChannel),
        ],
    );
}

/// Whatever becomes of stopping an old channel: the new one is open, and the old one ends by itself.
#[test]
fn a_channel_that_cannot_be_stopped_delays_nothing() {
    let ((), lines) = logged(|| {
        for (bad, _) in refused_and_broken() {
            let mut stage = Stage::settled(399, 2);
            stage.world.advance_millis(6 * 86_400_000 + 3_600_000);
            stage.world.run_cron();
            bad.answer(&stage, "channels.stop", None, 0);
            maintain(&mut stage);
            assert_eq!(outcome(&stage), NoChannel, "maintenance came to its end: {}", bad.name());
            let (start, end) = slot(0);
            let _ = stage.add(0, "shown", &start, &end);
            stage.world.settle(30_000);
            assert!(shows(&stage, 1, 0), "{}", bad.name());
            kept_nowhere(&stage, &["looked at below".to_owned()]);
        }
    });
    assert!(lines.iter().all(|line| !line.contains("canary")));
}

/// A provider that goes on refusing is asked at most once an hour in the end.
#[test]
fn maintenance_that_goes_on_failing_backs_off() {
    for operation in ["calendarList.list", "calendars.insert", "events.watch"] {
        for bad in [Bad::Refused(500, "backendError"), Bad::truncated(), Bad::Refused(401, "authError")] {
            let mut stage = Stage::linked(398, 1);
            bad.answer(&stage, operation, None, 0);
            let before = stage.world.calls("calendarList.list");
            stage.world.settle(86_400_000);
            let asked = stage.world.calls("calendarList.list") - before;
            assert!((2..=40).contains(&asked), "{asked} times a day: {operation} {}", bad.name());
            heal(&stage);
            stage.world.settle(2 * 3_600_000);
            assert_eq!(stage.world.overlays(&stage.emails[0]).len(), 1, "{operation} {}", bad.name());
            assert_eq!(stage.account(0, CHANNELS).len(), 3, "{operation} {}", bad.name());
        }
    }
}

/// Entries of the calendar list of any shape: what can be read is taken, and unknown roles are no failure.
#[test]
fn strange_entries_of_the_calendar_list_fail_nobody() {
    let mut stage = Stage::linked(397, 2);
    let (start, end) = slot(0);
    let _ = stage.add(0, "shown", &start, &end);
    stage.world.tamper(|operation, answer| {
        let (true, Ok(answer)) = (operation == "calendarList.list", answer) else { return };
        let mut list: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let items = list["items"].as_array_mut().unwrap();
        items.push(json!({"id": "strange", "accessRole": "somethingNew", "summary": null, "timeZone": null}));
        for item in items.iter_mut() {
            item["unheardOf"] = json!({"deeply": [CANARY]});
        }
        answer.body = serde_json::to_vec(&list).unwrap();
    });
    stage.settle();
    assert!(shows(&stage, 1, 0));
    assert_eq!(
        stage.account(0, "/* s */ SELECT role FROM calendars WHERE provider_calendar_id = 'strange'").len(),
        1
    );
}
