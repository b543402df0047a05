//! What the Worker asks and answers about idempotency keys; that they work is tried on whole objects.

use tminus_user_graph::policy_contract::SetHandDeleted;
use tminus_user_graph::requests_contract::{BeginRequest, Begun, EndRequest, RequestAnswer};

use super::*;

const TARGET: &str = "/v1/policy/hand-deleted";
const BODY: &str = r#"{"becomes":"dismiss"}"#;

fn world(begun: Begun) -> World {
    let world = World::new();
    world.sign_in("ann");
    world.ports.objects.on(|_: &str, _: SetHandDeleted| Ok(()));
    world.ports.objects.on(move |_: &str, _: BeginRequest| Ok(begun.clone()));
    world.ports.objects.on(|_: &str, _: EndRequest| Ok(()));
    world
}

fn put(world: &World, key: &str, body: &str) -> ApiResponse {
    let mut request = world.with_cookies(World::request("PUT", TARGET));
    request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    request.headers.push(("idempotency-key".to_owned(), key.to_owned()));
    request.body = body.as_bytes().to_vec();
    world.send(request)
}

fn changes(world: &World) -> usize {
    world.ports.objects.sent::<SetHandDeleted>().len()
}

#[test]
fn a_request_begins_and_ends_with_what_was_answered() {
    let world = world(Begun::Run);
    let answer = put(&world, "one", BODY);
    assert_eq!((answer.status, changes(&world)), (200, 1));
    let begun = world.ports.objects.sent::<BeginRequest>().pop().unwrap().1;
    let ended = world.ports.objects.sent::<EndRequest>().pop().unwrap().1;
    let trace = answer.header("x-tminus-trace").unwrap();
    assert_eq!((begun.attempt.to_string().as_str(), begun.key.as_str()), (trace, "one"));
    let kept = RequestAnswer { status: 200, body: text(&answer) };
    assert_eq!((ended.attempt, ended.answer), (begun.attempt, Some(kept)));
}

#[test]
fn all_that_is_asked_for_is_in_the_hash() {
    let world = world(Begun::Run);
    put(&world, "one", BODY);
    put(&world, "two", BODY);
    put(&world, "one", r#"{"becomes":"restore"}"#);
    let hashes: Vec<String> =
        world.ports.objects.sent::<BeginRequest>().into_iter().map(|(_, begin)| begin.request).collect();
    assert_eq!(hashes[0], hashes[1]);
    assert_ne!(hashes[0], hashes[2]);
}

#[test]
fn what_was_answered_is_answered_again() {
    let kept = RequestAnswer { status: 202, body: r#"{"kept":true}"#.to_owned() };
    let world = world(Begun::Answered(kept));
    let answer = put(&world, "one", BODY);
    assert_eq!((answer.status, text(&answer).as_str()), (202, r#"{"kept":true}"#));
    assert_eq!(answer.header("idempotent-replayed"), Some("true"));
    assert_eq!(changes(&world), 0);
}

#[test]
fn a_key_in_use_is_a_clear_refusal() {
    let cases =
        [(Begun::UnderWay, 409, "idempotency_key_under_way"), (Begun::Reused, 422, "idempotency_key_reused")];
    for (begun, status, code) in cases {
        let world = world(begun);
        let answer = put(&world, "one", BODY);
        assert_eq!(refusal(&answer), refused(status, code));
        assert_eq!(json(&answer)["error"]["field"], "idempotency-key");
        assert_eq!(changes(&world), 0);
    }
}

#[test]
fn a_key_that_is_none_is_refused() {
    let world = world(Begun::Run);
    for key in ["", "two words", "schlüssel", &"k".repeat(256)] {
        let answer = put(&world, key, BODY);
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{key}");
    }
    assert_eq!(changes(&world), 0);
    world.forget_cookies();
    assert_eq!(refusal(&put(&world, "one", BODY)), refused(401, "unauthenticated"));
}

#[test]
fn a_failure_frees_the_key() {
    let world = world(Begun::Run);
    world.ports.objects.on(|_: &str, _: SetHandDeleted| {
        Err(tminus_ports::ObjectError::Unavailable { reason: "x".to_owned() })
    });
    assert_eq!(put(&world, "one", BODY).status, 503);
    assert_eq!(world.ports.objects.sent::<EndRequest>().pop().unwrap().1.answer, None);
}

#[test]
fn before_the_first_account_there_is_no_place_for_a_key() {
    let world = World::new();
    world.sign_in("ann");
    for _ in 0..2 {
        assert_eq!(refusal(&put(&world, "one", BODY)), refused(409, "nothing_linked"));
    }
}
