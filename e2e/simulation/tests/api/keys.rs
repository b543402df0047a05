//! Requests under idempotency keys: done once, answered as often as they are asked.

use serde_json::json;
use tminus_api::ApiRequest;
use tminus_domain::ids::{PrefixedId, TraceId, Ulid};
use tminus_simulation::Stage;
use tminus_simulation::world::Side;
use tminus_user_graph::requests_contract::{BeginRequest, Begun, EndRequest, RequestAnswer, RequestKey};

use crate::support::{json, refusal, request, send, under};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 3_600_000;
const COUNT: &str = "/* n */ SELECT CAST(COUNT(*) AS TEXT) FROM requests";

/// An edge of the first account's primary calendar.
fn edge(stage: &Stage) -> String {
    let (from, to) = (stage.accounts[0], stage.accounts[1]);
    json!({
        "from": from, "from_calendar": stage.primary(0), "to": to,
        "detail": "TITLE", "kind": "BUSY_OVERLAY", "switch": "on",
    })
    .to_string()
}

/// What removes it, which can be done once only.
fn removal(stage: &Stage) -> ApiRequest {
    let (from, to) = (stage.accounts[0], stage.accounts[1]);
    let target = format!("/v1/policy/edges?from={from}&from_calendar={}&to={to}", stage.primary(0));
    request("DELETE", &target, "")
}

fn with_edge() -> Stage {
    let mut stage = Stage::settled(5, 2);
    let put = request("PUT", "/v1/policy/edges", &edge(&stage));
    assert_eq!(send(&stage.world, &mut stage.person, put).status, 200);
    stage.settle();
    stage
}

#[test]
fn a_request_under_a_key_twice_is_once() {
    let mut stage = with_edge();
    let remove = under("one", removal(&stage));
    let first = send(&stage.world, &mut stage.person, remove.clone());
    assert_eq!((first.status, first.header("idempotent-replayed")), (200, None));
    stage.settle();
    let state = stage.world.state();
    let again = send(&stage.world, &mut stage.person, remove);
    assert_eq!((again.status, &again.body), (200, &first.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.header("content-type"), Some("application/json"));
    assert_ne!(again.header("x-tminus-trace"), first.header("x-tminus-trace"));
    assert!(stage.world.state() == state, "twice is not once");
    // Under another key it is another request.
    let other = under("two", removal(&stage));
    let other = send(&stage.world, &mut stage.person, other);
    assert_eq!(other.header("idempotent-replayed"), None);
}

#[test]
fn a_refusal_is_answered_again_too() {
    let mut stage = Stage::settled(5, 2);
    let refused = under("one", request("PUT", "/v1/policy/edges", "{}"));
    let first = send(&stage.world, &mut stage.person, refused.clone());
    assert_eq!(refusal(&first), (400, "body_invalid".to_owned()));
    let again = send(&stage.world, &mut stage.person, refused);
    assert_eq!((again.status, again.body), (400, first.body));
}

#[test]
fn a_key_of_another_request_is_refused_and_changes_nothing() {
    let mut stage = Stage::settled(5, 2);
    let put = |becomes: &str| {
        under("one", request("PUT", "/v1/policy/hand-deleted", &json!({"becomes": becomes}).to_string()))
    };
    assert_eq!(send(&stage.world, &mut stage.person, put("dismiss")).status, 200);
    let state = stage.world.state();
    let others = [
        put("restore"),
        under("one", removal(&stage)),
        under("one", request("PUT", "/v1/working-hours", &json!({"becomes": "dismiss"}).to_string())),
    ];
    for other in others {
        let answer = send(&stage.world, &mut stage.person, other);
        assert_eq!(refusal(&answer), (422, "idempotency_key_reused".to_owned()));
        assert_eq!(json(&answer)["error"]["field"], "idempotency-key");
    }
    assert!(stage.world.state() == state);
}

#[test]
fn a_key_belongs_to_one_person() {
    let mut stage = Stage::settled(5, 2);
    stage.world.person_at_google("bob@example.com");
    let mut bob = stage.world.sign_in("bob@example.com");
    stage.world.link(&mut bob, "bob@example.com").unwrap();
    let put = |becomes: &str| {
        under("one", request("PUT", "/v1/policy/hand-deleted", &json!({"becomes": becomes}).to_string()))
    };
    assert_eq!(send(&stage.world, &mut stage.person, put("dismiss")).status, 200);
    let answer = send(&stage.world, &mut bob, put("restore"));
    assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, None));
}

#[test]
fn a_key_whose_request_never_ended_is_free_after_a_minute() {
    let mut stage = with_edge();
    // The change is made; whoever made it dies before it can say so.
    stage.world.crash_on("end_request", Side::Before);
    let remove = under("one", removal(&stage));
    assert!(stage.world.send(&mut stage.person.browser, remove.clone()).is_none());
    let early = send(&stage.world, &mut stage.person, remove.clone());
    assert_eq!(refusal(&early), (409, "idempotency_key_under_way".to_owned()));
    stage.world.advance_millis(MINUTE_MS);
    let late = send(&stage.world, &mut stage.person, remove.clone());
    assert_eq!(late.header("idempotent-replayed"), None);
    let again = send(&stage.world, &mut stage.person, remove);
    assert_eq!((again.status, &again.body), (late.status, &late.body));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[test]
fn what_failed_on_our_side_was_not_done() {
    let mut stage = Stage::settled(5, 1);
    let account = stage.accounts[0].to_string();
    let unlink = under("one", request("DELETE", &format!("/v1/accounts/{account}"), ""));
    stage.world.cut_off(&account);
    assert_eq!(send(&stage.world, &mut stage.person, unlink.clone()).status, 503);
    stage.world.reach_all();
    let again = send(&stage.world, &mut stage.person, unlink);
    assert_eq!((again.status, again.header("idempotent-replayed")), (202, None));
}

fn attempt(number: u128) -> TraceId {
    TraceId::from_ulid(Ulid::from_parts(1, number))
}

fn begin(stage: &Stage, request: &str, number: u128) -> Begun {
    let key = RequestKey::try_from("one".to_owned()).unwrap();
    let command = BeginRequest { key, request: request.to_owned(), attempt: attempt(number) };
    stage.world.call(&stage.person.user.to_string(), &command).unwrap()
}

fn end(stage: &Stage, number: u128, answer: Option<RequestAnswer>) {
    let key = RequestKey::try_from("one".to_owned()).unwrap();
    let command = EndRequest { key, attempt: attempt(number), answer };
    stage.world.call(&stage.person.user.to_string(), &command).unwrap();
}

fn answer() -> RequestAnswer {
    RequestAnswer { status: 200, body: "{}".to_owned() }
}

#[test]
fn begin_request_and_end_request_twice_are_once() {
    let stage = Stage::settled(5, 1);
    assert_eq!([begin(&stage, "a", 1), begin(&stage, "a", 1)], [Begun::Run, Begun::Run]);
    assert_eq!([begin(&stage, "a", 2), begin(&stage, "b", 2)], [Begun::UnderWay, Begun::Reused]);
    end(&stage, 1, Some(answer()));
    let state = stage.world.state();
    end(&stage, 1, Some(RequestAnswer { status: 409, ..answer() }));
    end(&stage, 1, None);
    assert_eq!(begin(&stage, "a", 1), Begun::Answered(answer()));
    assert!(stage.world.state() == state);
}

#[test]
fn who_was_taken_over_from_ends_nothing() {
    let stage = Stage::settled(5, 1);
    assert_eq!(begin(&stage, "a", 1), Begun::Run);
    stage.world.advance_millis(MINUTE_MS - 1);
    assert_eq!(begin(&stage, "a", 2), Begun::UnderWay);
    stage.world.advance_millis(1);
    assert_eq!(begin(&stage, "a", 2), Begun::Run);
    end(&stage, 1, Some(RequestAnswer { status: 409, ..answer() }));
    end(&stage, 1, None);
    assert_eq!(begin(&stage, "a", 3), Begun::UnderWay);
    end(&stage, 2, Some(answer()));
    assert_eq!(begin(&stage, "a", 3), Begun::Answered(answer()));
}

#[test]
fn an_answer_is_kept_for_a_day_and_then_forgotten() {
    let mut stage = Stage::settled(5, 1);
    assert_eq!(begin(&stage, "a", 1), Begun::Run);
    end(&stage, 1, Some(answer()));
    stage.world.advance_millis(DAY_MS - 1);
    assert_eq!(begin(&stage, "a", 2), Begun::Answered(answer()));
    assert_eq!(stage.of_graph(COUNT), "1");
    stage.world.advance_millis(1);
    assert_eq!(begin(&stage, "b", 3), Begun::Run, "another request's from now on");
    stage.world.advance_millis(DAY_MS);
    stage.run_until(|stage| stage.of_graph(COUNT) == "0");
    let timers = "/* n */ SELECT CAST(COUNT(*) AS TEXT) FROM timers WHERE kind = 'requests'";
    assert_eq!(stage.of_graph(timers), "0");
}
