//! Dead letters of every kind, on a real registry and objects that remember by key.

mod chunks;

use std::cell::RefCell;
use std::rc::Rc;

use futures::executor::block_on;
use serde_json::json;
use tminus_account::contract::{DeadLetter, StoreDeadLetter, StoreUnroutable, StoredDeadLetter, UNROUTABLE};
use tminus_domain::ids::{AccountId, DeadLetterId, PrefixedId, Ulid};
use tminus_ports::{ObjectError, Verdict};
use tminus_registry::RegistrySql as _;
use tminus_registry::dead_letters::newest_dead_letters;
use tminus_testkit::TestPorts;

use crate::consume;

fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

/// Letters by object and key, as AccountDO keeps them.
type Store = Rc<RefCell<Vec<(String, DeadLetter)>>>;

fn keep(letters: &Store, object: &str, letter: DeadLetter) -> StoredDeadLetter {
    let mut letters = letters.borrow_mut();
    let same = |(at, known): &(String, DeadLetter)| at == object && known.message_key == letter.message_key;
    let place = letters.iter().position(same).unwrap_or(letters.len());
    if place == letters.len() {
        letters.push((object.to_owned(), letter));
    }
    StoredDeadLetter { id: id::<DeadLetterId>(place as u128) }
}

struct World {
    ports: TestPorts,
    store: Store,
}

impl World {
    /// A world in which every object exists but the account 404.
    fn new() -> Self {
        let (ports, store) = (TestPorts::new().unwrap(), Store::default());
        let letters = Rc::clone(&store);
        ports.objects.on(move |object: &str, StoreDeadLetter { letter }| {
            let exists = object != account(404) && object != UNROUTABLE;
            if exists { Ok(keep(&letters, object, letter)) } else { Err(ObjectError::Gone) }
        });
        let letters = Rc::clone(&store);
        ports.objects.on(move |object: &str, StoreUnroutable { letter }| {
            assert_eq!(object, UNROUTABLE);
            Ok(keep(&letters, object, letter))
        });
        Self { ports, store }
    }

    fn consume(&self, queue: &str, text: &str) -> Verdict {
        block_on(consume(&self.ports, queue, text, 1))
    }

    /// Consumes a message twice and returns where the one letter lies, checking that twice is once.
    fn twice_is_once(&self, queue: &str, text: &str) -> (String, DeadLetter) {
        assert_eq!(self.consume(queue, text), Verdict::Ack);
        let lines = block_on(newest_dead_letters(&self.ports.registry, 10)).unwrap();
        assert_eq!(self.consume(queue, text), Verdict::Ack);
        assert_eq!(block_on(newest_dead_letters(&self.ports.registry, 10)).unwrap(), lines);
        let store = self.store.borrow();
        assert_eq!((store.len(), lines.len()), (1, 1));
        let (object, letter) = store[0].clone();
        assert_eq!(lines[0].object, object);
        assert_eq!((&lines[0].queue, &lines[0].reason), (&letter.queue, &letter.reason));
        (object, letter)
    }
}

fn message(v: u32, body: &serde_json::Value) -> String {
    let (id, trace) = (id::<tminus_domain::ids::MessageId>(7), id::<tminus_domain::ids::TraceId>(8));
    json!({"v": v, "id": id, "trace": trace, "enqueued_at": 0, "body": body}).to_string()
}

fn sync_nudge(account: u128) -> String {
    message(1, &json!({"kind": "maintain", "account": id::<AccountId>(account)}))
}

fn delta(v: u32) -> String {
    message(
        v,
        &json!({
            "user": id::<tminus_domain::ids::UserId>(1),
            "account": id::<AccountId>(1),
            "calendar": id::<tminus_domain::ids::CalendarId>(1),
            "role": "PRIMARY",
            "chunk": {
                "run": id::<tminus_domain::ids::RunId>(1),
                "position": {"generation": 1, "page": 0},
                "attempt": 0,
                "index": 0
            },
            "full": false,
            "lane": "live",
            "items": [{"id": "abc123", "summary": "planted"}, {"id": "planted@example.com"}, 5]
        }),
    )
}

fn key() -> String {
    id::<tminus_domain::ids::MessageId>(7).to_string()
}

fn account(number: u128) -> String {
    id::<AccountId>(number).to_string()
}

#[test]
fn a_nudge_that_used_up_its_retries_twice_is_once() {
    let text = sync_nudge(1);
    let (object, letter) = World::new().twice_is_once("tminus-sync-dlq", &text);
    assert_eq!(object, account(1));
    let queue = "tminus-sync".to_owned();
    let reason = "retries used up".to_owned();
    assert_eq!(letter, DeadLetter { queue, message_key: key(), reason, body: Some(text) });
}

#[test]
fn a_refused_nudge_keeps_its_reason_twice_is_once() {
    let nudge =
        message(1, &json!({"user": id::<tminus_domain::ids::UserId>(1), "account": id::<AccountId>(2)}));
    let plain = json!({"rejected": "no such calendar", "original": nudge});
    for wrapped in [plain.to_string(), message(1, &plain)] {
        let (object, letter) = World::new().twice_is_once("tminus-mirror-bulk-dlq", &wrapped);
        assert_eq!((object, letter.message_key), (account(2), key()));
        assert_eq!((letter.reason.as_str(), letter.body), ("no such calendar", Some(nudge.clone())));
        assert_eq!(letter.queue, "tminus-mirror-bulk");
    }
}

#[test]
fn of_a_delta_only_ids_and_hashes_stay_twice_is_once() {
    let (object, letter) = World::new().twice_is_once("tminus-delta-dlq", &delta(1));
    assert_eq!(object, account(1));
    let body = letter.body.unwrap();
    assert!(!body.contains("planted"), "{body}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["items"][0]["id"], "abc123");
    let hashes = body["items"].as_array().unwrap().iter();
    assert!(hashes.clone().all(|item| item["hash"].as_str().unwrap().starts_with("sha256:")));
    assert_eq!(hashes.filter(|item| item.get("id").is_some()).count(), 1);
}

#[test]
fn a_newer_nudge_is_kept_whole_for_its_account_twice_is_once() {
    let text = message(9, &json!({"account": id::<AccountId>(3), "kind": "new"}));
    let (object, letter) = World::new().twice_is_once("tminus-backfill-dlq", &text);
    assert_eq!((object, letter.body), (account(3), Some(text)));
    assert_eq!(letter.reason, "message version 9 is newer than 1");
}

#[test]
fn of_a_newer_delta_nothing_is_kept_twice_is_once() {
    let (object, letter) = World::new().twice_is_once("tminus-delta-bulk-dlq", &delta(9));
    assert_eq!((object, letter.body, letter.message_key), (account(1), None, key()));
}

#[test]
fn what_does_not_decode_is_known_by_its_hash_twice_is_once() {
    let long = "x".repeat(100_000);
    for text in ["", "planted@example.com", "{\"v\":1}", long.as_str()] {
        let (object, letter) = World::new().twice_is_once("tminus-sync-dlq", text);
        assert_eq!((object.as_str(), &letter.body), (UNROUTABLE, &None));
        assert!(letter.message_key.starts_with("sha256:") && letter.message_key.len() == 71);
        assert!(letter.reason.starts_with("undecodable at line "), "{}", letter.reason);
    }
}

#[test]
fn a_queue_that_is_not_known_loses_nothing_twice_is_once() {
    let (object, letter) = World::new().twice_is_once("tminus-other-dlq", &sync_nudge(1));
    assert_eq!((object.as_str(), letter.queue.as_str(), letter.body), (UNROUTABLE, "unknown", None));
}

#[test]
fn a_letter_of_an_erased_account_is_unroutable_twice_is_once() {
    let (object, letter) = World::new().twice_is_once("tminus-sync-dlq", &sync_nudge(404));
    assert_eq!((object.as_str(), letter.message_key), (UNROUTABLE, key()));
}

#[test]
fn what_cannot_be_stored_or_listed_is_tried_again_and_never_refused() {
    let world = World::new();
    world.ports.objects.set_unreachable(true);
    let text = sync_nudge(1);
    let retry = world.consume("tminus-sync-dlq", &text);
    assert!(matches!(retry, Verdict::Retry { after_s: Some(1..=2) }), "{retry:?}");
    world.ports.objects.set_unreachable(false);
    world
        .ports
        .objects
        .on(|_: &str, _: StoreDeadLetter| Err(ObjectError::Internal { reason: "x".to_owned() }));
    assert!(matches!(world.consume("tminus-sync-dlq", &text), Verdict::Retry { .. }));

    let world = World::new();
    block_on(world.ports.registry.query("/* drop */ DROP TABLE dead_letter_index", &[])).unwrap();
    assert!(matches!(world.consume("tminus-sync-dlq", &text), Verdict::Retry { .. }));
}
