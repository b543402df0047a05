//! Rule 31: messages that are newer than the code, that do not decode, and that are given up.

use tminus_account::contract::{ListDeadLetters, UNROUTABLE};
use tminus_queues::QUEUES;
use tminus_simulation::Stage;

use crate::support::{NINE, TEN, with_an_event};

/// A message of each queue, as it was delivered once; a first sync and a change used all of them.
fn one_of_each(stage: &Stage) -> Vec<(&'static str, String)> {
    let delivered = stage.world.delivered();
    let first = |binding: &str| delivered.iter().find(|(of, _)| *of == binding).map(|(_, text)| text.clone());
    QUEUES
        .iter()
        .map(|spec| {
            let text = first(spec.binding).or_else(|| first(&spec.binding.replace("_QUEUE", "_BULK_QUEUE")));
            let text = text.or_else(|| first(&spec.binding.replace("_BULK", "")));
            (spec.binding, text.unwrap_or_else(|| panic!("no message of {}", spec.binding)))
        })
        .collect()
}

/// A deploy is under way: the consumer is still old. Once it is new the message is as good as any.
#[test]
fn rule_31_a_newer_version_is_retried_not_given_up() {
    let (mut stage, _) = with_an_event(31);
    for (binding, text) in one_of_each(&stage) {
        let newer = text.replacen(r#""v":1"#, r#""v":99"#, 1);
        stage.world.redeliver(binding, newer);
        for attempt in 1..=5 {
            stage.world.advance_millis(900_000);
            let waiting = stage.world.waiting();
            assert_eq!(waiting.len(), 1, "{binding}");
            stage.world.deliver(waiting[0].seq);
            let again = stage.world.waiting();
            assert_eq!((again.len(), again[0].binding, again[0].attempts), (1, binding, attempt));
            assert!(again[0].not_before > stage.world.now(), "after a pause");
        }
        let last = stage.world.waiting()[0].seq;
        stage.world.lose(last);
    }
    assert_eq!(stage.world.dead_letters(), Vec::<String>::new());
}

#[test]
fn rule_31_nudges_are_kept_whole_and_deltas_without_their_events() {
    let mut stage = Stage::settled(31, 2);
    let _ = stage.add(0, "secret title", NINE, TEN);
    stage.settle();
    let messages = one_of_each(&stage);
    for (binding, text) in &messages {
        stage.world.redeliver(binding, text.replacen(r#""v":1"#, r#""v":99"#, 1));
    }
    stage.settle();
    let mut letters = Vec::new();
    for account in &stage.accounts {
        letters.extend(stage.world.call(&account.to_string(), &ListDeadLetters {}).unwrap());
    }
    assert_eq!(letters.len(), messages.len(), "each at the account that it is about");
    for (_, letter, _) in &letters {
        let nudge = !letter.queue.contains("delta");
        assert_eq!(letter.body.is_some(), nudge, "{letter:?}");
        assert!(!format!("{letter:?}").contains("secret title"));
        assert_eq!(letter.reason, "message version 99 is newer than 1");
    }
    assert_eq!(stage.world.dead_letters().len(), messages.len(), "all are listed");
}

/// A delta that uses up its retries: ids and hashes are kept, the calendar is fetched again all the same.
#[test]
fn rule_31_a_delta_that_is_given_up_leaves_ids_and_hashes() {
    let mut stage = Stage::settled(31, 2);
    let id = stage.add(0, "secret title", NINE, TEN);
    stage.run_until_queued("DELTA_QUEUE");
    let text = stage.queued("DELTA_QUEUE").remove(0);
    stage.world.redeliver("DELTA_DLQ", text);
    stage.settle();
    let letters = stage.world.call(&stage.accounts[0].to_string(), &ListDeadLetters {}).unwrap();
    assert_eq!(letters.len(), 1);
    let body = letters[0].1.body.clone().unwrap();
    assert!(body.contains(&id) && body.contains("sha256:") && !body.contains("secret title"), "{body}");
    assert_eq!(stage.shown(1), Stage::blocks(&[(NINE, TEN)]));
}

#[test]
fn rule_31_what_does_not_decode_is_unroutable_and_listed() {
    let (mut stage, _) = with_an_event(31);
    for spec in QUEUES {
        stage.world.redeliver(spec.binding, format!("no message of {}", spec.binding));
    }
    stage.settle();
    let letters = stage.world.call(UNROUTABLE, &ListDeadLetters {}).unwrap();
    assert_eq!(letters.len(), QUEUES.len());
    assert_eq!(stage.world.dead_letters().len(), QUEUES.len());
    for (_, letter, _) in letters {
        assert_eq!((letter.body, letter.reason.as_str()), (None, "undecodable at line 1, column 2"));
        assert!(letter.message_key.starts_with("sha256:"));
    }
}
