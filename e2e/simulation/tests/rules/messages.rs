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

/// The letters of the first account, by id.
fn letters(stage: &Stage) -> Vec<String> {
    let letters = stage.world.call(&stage.accounts[0].to_string(), &ListDeadLetters {}).unwrap();
    letters.into_iter().map(|(id, ..)| id.to_string()).collect()
}

fn ask(stage: &mut Stage, method: &str, letter: &str, rest: &str) -> u16 {
    let path = format!("/v1/accounts/{}/dead_letters/{letter}{rest}", stage.accounts[0]);
    stage.world.api(&mut stage.person.browser, method, &path, "").unwrap().status
}

/// A chunk whose retries are used up still counts, and is kept; replayed, it is fetched again as it is now.
#[test]
fn rule_31_a_delta_is_replayed_by_fetching_again() {
    let (mut stage, id) = with_an_event(31);
    let (_, delta) = stage.world.delivered().into_iter().rfind(|(of, _)| *of == "DELTA_QUEUE").unwrap();
    stage.world.redeliver("DELTA_DLQ", delta);
    stage.settle();
    let letter = letters(&stage).remove(0);
    let email = stage.emails[0].clone();
    stage.world.delete(&email, &email, &id);
    stage.lose_pushes();
    let gets = stage.world.calls("events.get");
    assert_eq!(ask(&mut stage, "POST", &letter, "/replay"), 202);
    stage.settle();
    assert_eq!(stage.world.calls("events.get"), gets + 1, "by its id");
    assert_eq!(stage.shown(1), [], "as it is now: gone");
    assert_eq!((letters(&stage).len(), stage.world.dead_letters().len()), (0, 0));
}

#[test]
fn rule_31_a_nudge_is_replayed_as_a_nudge() {
    let (mut stage, _) = with_an_event(31);
    for (binding, dlq, calls) in
        [("SYNC_QUEUE", "SYNC_DLQ", "events.list"), ("BACKFILL_QUEUE", "BACKFILL_DLQ", "calendarList.list")]
    {
        let account = stage.accounts[0].to_string();
        let wanted = if dlq == "SYNC_DLQ" { "calendar" } else { "maintain" };
        let nudge = |(of, text): &(&str, String)| {
            *of == binding && text.contains(&account) && text.contains(&format!(r#""kind":"{wanted}""#))
        };
        let (_, text) = stage.world.delivered().into_iter().find(nudge).unwrap();
        stage.world.redeliver(dlq, text);
        stage.settle();
        let (letter, before) = (letters(&stage).remove(0), stage.world.calls(calls));
        assert_eq!(ask(&mut stage, "POST", &letter, "/replay"), 202);
        stage.settle();
        assert!(stage.world.calls(calls) > before, "{binding}");
        assert_eq!((letters(&stage).len(), stage.world.dead_letters().len()), (0, 0));
    }
}

/// Nothing is known of what it was about: it cannot be replayed, but discarded, from the object and from the list.
#[test]
fn rule_31_a_letter_that_cannot_be_replayed_can_be_discarded() {
    let (mut stage, _) = with_an_event(31);
    let (_, delta) = stage.world.delivered().into_iter().rfind(|(of, _)| *of == "DELTA_QUEUE").unwrap();
    stage.world.redeliver("DELTA_QUEUE", delta.replacen(r#""v":1"#, r#""v":99"#, 1));
    stage.settle();
    let letter = letters(&stage).remove(0);
    assert_eq!(ask(&mut stage, "POST", &letter, "/replay"), 409);
    assert_eq!(letters(&stage).len(), 1);
    for _ in 0..2 {
        assert_eq!(ask(&mut stage, "DELETE", &letter, ""), 200);
        assert_eq!((letters(&stage).len(), stage.world.dead_letters().len()), (0, 0));
    }
}
