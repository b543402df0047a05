//! What becomes of a message; what a chunk does is tested in `shared/deltas`.

use futures::executor::block_on;
use serde_json::json;
use tminus_account::contract::{ChunkApplied, Progress};
use tminus_domain::ids::{AccountId, CalendarId, MessageId, PrefixedId, RunId, TraceId, Ulid, UserId};
use tminus_ports::{ObjectError, Verdict};
use tminus_queues::Queue;
use tminus_testkit::TestPorts;
use tminus_user_graph::contract::{Applied, ApplyChunk};

use crate::consume;

fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

fn message(v: u32) -> String {
    json!({
        "v": v, "id": id::<MessageId>(1), "trace": id::<TraceId>(1), "enqueued_at": 0,
        "body": {
            "user": id::<UserId>(1), "account": id::<AccountId>(1), "calendar": id::<CalendarId>(1),
            "role": "PRIMARY", "full": false, "lane": "live", "items": [{"id": "abc", "status": "cancelled"}],
            "chunk": {"run": id::<RunId>(1), "position": {"generation": 1, "page": 0}, "attempt": 0, "index": 0},
        },
    })
    .to_string()
}

fn consumed(ports: &TestPorts, text: &str) -> Verdict {
    block_on(consume(ports, Queue::Delta, text, 1))
}

/// Ports with a graph that answers so.
fn ports(answer: Result<Applied, ObjectError>) -> TestPorts {
    let ports = TestPorts::new().unwrap();
    ports.objects.on(move |_: &str, _: ApplyChunk| answer.clone());
    ports.objects.on(|_: &str, _: ChunkApplied| Ok(Progress::Waiting));
    ports
}

#[test]
fn consuming_a_chunk_twice_is_once() {
    let ports = ports(Ok(Applied::default()));
    assert_eq!(consumed(&ports, &message(1)), Verdict::Ack);
    assert_eq!(consumed(&ports, &message(1)), Verdict::Ack);
    let (applied, counted) = (ports.objects.sent::<ApplyChunk>(), ports.objects.sent::<ChunkApplied>());
    // Both objects know a chunk by what both deliveries say alike.
    assert_eq!((applied.len(), &applied[0]), (2, &applied[1]));
    assert_eq!((counted.len(), &counted[0]), (2, &counted[1]));
}

#[test]
fn the_class_of_an_error_decides() {
    let retried = |verdict: &Verdict| matches!(verdict, Verdict::Retry { .. });
    assert!(retried(&consumed(&ports(Ok(Applied::default())), &message(9))));
    let rejected = consumed(&ports(Ok(Applied::default())), "{}");
    assert!(matches!(rejected, Verdict::Reject { .. }));
    let reason = || "x".to_owned();
    assert_eq!(consumed(&ports(Err(ObjectError::Gone)), &message(1)), Verdict::Ack);
    assert!(retried(&consumed(&ports(Err(ObjectError::Unavailable { reason: reason() })), &message(1))));
    assert!(retried(&consumed(&ports(Err(ObjectError::Internal { reason: reason() })), &message(1))));
    let refused = consumed(&ports(Err(ObjectError::Refused { reason: reason() })), &message(1));
    assert!(matches!(refused, Verdict::Reject { .. }));
}
