//! Messages that no code of ours wrote, or not this version of it, on every queue and every dead-letter queue.

use tminus_account::contract::{ListDeadLetters, UNROUTABLE};
use tminus_queues::QUEUES;
use tminus_simulation::Stage;
use tminus_simulation::logs::logged;

use crate::support::{CANARY, kept_nowhere, shows, slot};

/// Texts that are no message, whatever the queue. Ids of ours in them are told apart by the queue's number.
fn nonsense(queue: usize) -> Vec<String> {
    let envelope = |v: &str, id: &str, body: &str| {
        format!(
            r#"{{"v":{v},"id":"{id}","trace":"trc_01KDVDNEX3KJSPRH43447R8WC5","enqueued_at":0,"body":{body}}}"#
        )
    };
    let own = |nth: usize| format!("msg_01KDVDNEX3KJSPRH43447R8W{queue}{nth}");
    vec![
        String::new(),
        CANARY.to_owned(),
        "null".to_owned(),
        "7".to_owned(),
        format!(r#"["{CANARY}"]"#),
        format!(r#"{{"v":1,"id":"{CANARY}"#),
        format!(r#"{{"v":"{CANARY}"}}"#),
        r#"{"v":-1}"#.to_owned(),
        envelope("1", &own(0), &format!(r#"{{"kind":"{CANARY}"}}"#)),
        envelope("1", &own(1), "null"),
        envelope("1", CANARY, r#"{"kind":"maintain","account":"acc_01KDVDNA00C60QDBV2M6WQEBG9"}"#),
        envelope("1", &own(2), &format!(r#"{{"kind":"maintain","account":"{CANARY}"}}"#)),
        envelope("0", &own(3), "{}"),
        // As large as a message may be.
        format!(r#"{{"v":1,"canary":"{}"}}"#, CANARY.repeat(127_000 / CANARY.len())),
        format!("\u{0}{CANARY}\u{1}"),
    ]
}

/// Each becomes one letter at the object that belongs to no account, without its text, and is listed. Nobody waits.
#[test]
fn what_is_no_message_becomes_a_letter_without_its_text() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(501, 2);
        let mut letters = 0;
        for (queue, spec) in QUEUES.iter().enumerate() {
            for (nth, text) in nonsense(queue).into_iter().enumerate() {
                stage.world.redeliver(spec.binding, text);
                letters += 1;
                if nth == 0 {
                    let (start, end) = slot(letters);
                    let _ = stage.add(0, "shown", &start, &end);
                    stage.world.settle(1_000);
                    assert!(shows(&stage, 1, letters), "{} holds up others", spec.binding);
                }
            }
            stage.settle();
        }
        assert_eq!(stage.world.dead_letters().len(), letters);
        for (_, letter, _) in stage.world.call(UNROUTABLE, &ListDeadLetters {}).unwrap() {
            assert_eq!(letter.body, None);
            assert!(letter.reason.starts_with("undecodable at line "), "{letter:?}");
        }
        stage
    });
    kept_nowhere(&stage, &lines);
}

/// The same on a dead-letter queue itself, where nothing can be refused any more.
#[test]
fn what_is_no_letter_is_kept_by_its_hash() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(502, 1);
        let mut letters = 0;
        for (queue, spec) in QUEUES.iter().enumerate() {
            for text in nonsense(queue) {
                stage.world.redeliver(spec.dlq_binding, text);
                letters += 1;
            }
        }
        stage.settle();
        assert_eq!(stage.world.dead_letters().len(), letters);
        stage
    });
    kept_nowhere(&stage, &lines);
}

/// The same nonsense twice is one letter.
#[test]
fn the_same_nonsense_twice_is_one_letter() {
    let mut stage = Stage::settled(503, 1);
    for _ in 0..2 {
        stage.world.redeliver("SYNC_QUEUE", CANARY.to_owned());
        stage.settle();
    }
    assert_eq!(stage.world.dead_letters().len(), 1);
}

/// A version that is never understood: retried with pauses, then one letter at its account; a nudge is kept whole, of a
/// delta nothing, since its shape is not known.
#[test]
fn a_version_that_stays_unknown_becomes_a_letter_in_the_end() {
    let (stage, lines) = logged(|| {
        let mut stage = Stage::settled(504, 2);
        let (start, end) = slot(0);
        let _ = stage.add(0, "shown", &start, &end);
        stage.settle();
        let account = stage.accounts[0];
        for spec in QUEUES {
            let id = format!("msg_01KDVDNEX3KJSPRH43447R8W{:02}", spec.name.len());
            let text = format!(
                r#"{{"v":2,"id":"{id}","trace":"{CANARY}","later":true,"body":{{"account":"{account}","q":"{}"}}}}"#,
                spec.name
            );
            stage.world.redeliver(spec.binding, text);
        }
        stage.settle();
        let letters = stage.world.call(&account.to_string(), &ListDeadLetters {}).unwrap();
        assert_eq!(letters.len(), QUEUES.len());
        for (_, letter, _) in letters {
            assert_eq!(letter.reason, "message version 2 is newer than 1");
            assert_eq!(letter.body.is_none(), letter.queue.contains("delta"), "{letter:?}");
        }
        stage
    });
    // A nudge is kept whole on purpose; nothing else shows its text.
    assert!(lines.iter().all(|line| !line.contains("canary")));
    assert!(stage.world.state().iter().all(|row| !row.contains("canary") || row.contains(" dead_letters ")));
}

/// A producer never puts more on a queue than the platform takes, whatever a page holds.
#[test]
fn no_page_makes_a_message_that_is_too_large() {
    let mut stage = Stage::settled(505, 2);
    let email = stage.emails[0].clone();
    for (nth, size) in
        [1_000, 16_000, 20_000, 59_000, 61_000, 130_000, 500_000].into_iter().cycle().take(40).enumerate()
    {
        let (start, end) = slot(nth);
        let mut event = tminus_simulation::stage::timed(&"\"\\\u{1}".repeat(size / 6), &start, &end);
        event["location"] = serde_json::json!("ä\n\"".repeat(size / 8));
        stage.world.insert(&email, &email, &event);
    }
    stage.settle();
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
    for (binding, text) in stage.world.delivered() {
        assert!(text.len() <= 128_000, "{} bytes on {binding}", text.len());
    }
    let quarantined = stage.graph("/* q */ SELECT 1 FROM quarantine").len();
    assert_eq!(stage.shown(1).len() + quarantined, 40);
    assert!(quarantined > 0 && quarantined < 40, "{quarantined}");
}
