//! What becomes of a push: taken, dropped or refused, with the object and the queue up or down.

use base64::Engine as _;
use futures::executor::block_on;
use tminus_account::contract::{MarkDirty, MarkedDirty};
use tminus_domain::channel_token::{ChannelClaims, issue};
use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::{AccountId, CalendarId, PrefixedId, Ulid};
use tminus_domain::keys::KeyRing;
use tminus_ports::ObjectError;
use tminus_queues::{SyncMessage, decode};
use tminus_testkit::TestPorts;

use crate::{Config, MAX_BODY_BYTES, PushRequest, WebhookAnswer, receive};

const CHANNEL: &str = "chn_test";

fn keys() -> String {
    format!("k1:{}", base64::engine::general_purpose::STANDARD.encode([7_u8; 32]))
}

fn claims() -> ChannelClaims {
    ChannelClaims {
        account: AccountId::from_ulid(Ulid::from_parts(1, 1)),
        calendar: CalendarId::from_ulid(Ulid::from_parts(1, 2)),
    }
}

fn push(token: &str, state: &str) -> PushRequest {
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    PushRequest {
        method: "POST".to_owned(),
        headers: vec![
            header("x-goog-channel-id", CHANNEL),
            header("x-goog-channel-token", token),
            header("x-goog-resource-state", state),
        ],
        body_len: 0,
    }
}

fn genuine(state: &str) -> PushRequest {
    push(&issue(&KeyRing::parse(&keys()).unwrap(), CHANNEL, claims()), state)
}

fn send(ports: &TestPorts, request: PushRequest) -> WebhookAnswer {
    let config = Config::load(|name| (name == "CHANNEL_KEYS").then(keys)).unwrap();
    block_on(receive(ports, &config, request))
}

fn nudges(ports: &TestPorts) -> Vec<SyncMessage> {
    ports.queues.on("SYNC_QUEUE").iter().map(|text| decode(text).unwrap().body).collect()
}

#[test]
fn news_is_marked_and_nudged_and_no_news_only_answered() {
    let ports = TestPorts::new().unwrap();
    ports.objects.on(|_: &str, _: MarkDirty| Ok(MarkedDirty { nudge: Some(Lane::Live) }));
    assert_eq!(send(&ports, genuine("exists")).status, 200);
    let ChannelClaims { account, calendar } = claims();
    assert_eq!(nudges(&ports), [SyncMessage::Calendar { account, calendar, mark: None }]);
    ports.objects.on(|_: &str, _: MarkDirty| Ok(MarkedDirty { nudge: None }));
    assert_eq!(send(&ports, genuine("exists")).status, 200);
    assert_eq!(nudges(&ports).len(), 1);
    assert_eq!(send(&ports, genuine("sync")).status, 200);
    assert_eq!(ports.objects.sent::<MarkDirty>().len(), 2, "the first message of a channel marks nothing");
}

#[test]
fn a_push_whose_object_cannot_be_reached_marks_by_its_nudge() {
    let ports = TestPorts::new().unwrap();
    ports.objects.set_unreachable(true);
    assert_eq!(send(&ports, genuine("exists")).status, 200);
    let ChannelClaims { account, calendar } = claims();
    let mark = Some(DirtyLevel::Incremental);
    assert_eq!(nudges(&ports), [SyncMessage::Calendar { account, calendar, mark }]);
}

#[test]
fn a_push_that_can_neither_be_marked_nor_nudged_is_asked_for_again() {
    let ports = TestPorts::new().unwrap();
    ports.queues.set_down(true);
    ports.objects.on(|_: &str, _: MarkDirty| Ok(MarkedDirty { nudge: Some(Lane::Live) }));
    assert_eq!(send(&ports, genuine("exists")).status, 200, "marked: the object's timer nudges");
    ports.objects.set_unreachable(true);
    assert_eq!(send(&ports, genuine("exists")).status, 503);
}

#[test]
fn a_genuine_push_for_an_account_that_is_gone_is_dropped() {
    let ports = TestPorts::new().unwrap();
    ports.objects.on(|_: &str, _: MarkDirty| Err(ObjectError::Gone));
    assert_eq!(send(&ports, genuine("exists")).status, 200);
    assert!(nudges(&ports).is_empty());
}

#[test]
fn everything_else_is_refused_with_a_code_and_reaches_no_object() {
    let ports = TestPorts::new().unwrap();
    let stranger = KeyRing::parse(&keys().replace("k1:", "k2:")).unwrap();
    let mut large = genuine("exists");
    large.body_len = MAX_BODY_BYTES + 1;
    let mut get = genuine("exists");
    get.method = "GET".to_owned();
    let mut bare = genuine("exists");
    bare.headers.clear();
    let refusals = [
        (push("nonsense", "exists"), 403, "token_invalid"),
        (push(&issue(&stranger, CHANNEL, claims()), "exists"), 403, "token_invalid"),
        (
            push(&issue(&KeyRing::parse(&keys()).unwrap(), "another", claims()), "exists"),
            403,
            "token_invalid",
        ),
        (bare, 403, "token_missing"),
        (large, 413, "body_too_large"),
        (get, 405, "method_not_allowed"),
    ];
    for (request, status, code) in refusals {
        let answer = send(&ports, request);
        assert_eq!(answer.status, status);
        assert!(answer.body.contains(code), "{}", answer.body);
    }
    assert!(ports.objects.called().is_empty());
}
