use super::*;
use crate::MAX_BODY_BYTES;

#[test]
fn the_envelope_is_golden() {
    let world = World::new();
    let answer = world.get("/v1/nowhere");
    let trace = answer.header("x-tminus-trace").unwrap();
    assert!(trace.parse::<tminus_domain::ids::TraceId>().is_ok());
    let golden =
        format!(r#"{{"error":{{"code":"not_found","message":"there is no such route","trace":"{trace}"}}}}"#);
    assert_eq!(text(&answer), golden);
    assert_eq!((answer.status, answer.header("content-type")), (404, Some("application/json")));
}

#[test]
fn every_request_has_a_trace_of_its_own() {
    let world = World::new();
    let trace = || world.get("/healthz").header("x-tminus-trace").unwrap().to_owned();
    assert_ne!(trace(), trace());
    assert_eq!(text(&world.get("/healthz")), r#"{"ok":true}"#);
}

#[test]
fn a_wrong_method_is_told_the_right_one() {
    let world = World::new();
    let account: AccountId = id(1);
    let cases = [
        ("PUT", "/v1/events".to_owned(), "GET, POST"),
        ("GET", format!("/v1/admin/accounts/{account}/resync"), "POST"),
        ("DELETE", "/healthz".to_owned(), "GET"),
    ];
    for (method, target, allow) in cases {
        let answer = world.send(World::request(method, &target));
        assert_eq!(refusal(&answer), refused(405, "method_not_allowed"));
        assert_eq!(answer.header("allow"), Some(allow));
    }
}

#[test]
fn a_large_body_is_refused() {
    let world = World::new();
    let mut request = World::request("GET", "/healthz");
    request.body = vec![b' '; MAX_BODY_BYTES];
    assert_eq!(world.send(request.clone()).status, 200);
    request.body.push(b' ');
    assert_eq!(refusal(&world.send(request)), refused(413, "too_large"));
}

#[test]
fn a_failure_is_told_without_its_reason() {
    let world = World::new();
    world.sign_in("ann");
    world.ports.objects.on(|_: &str, _: graph::GetStatus| {
        Err(tminus_ports::ObjectError::Internal { reason: "planted".to_owned() })
    });
    let answer = world.get("/v1/status");
    assert_eq!(refusal(&answer), refused(500, "internal"));
    assert!(!text(&answer).contains("planted"));
    world.ports.objects.set_unreachable(true);
    let answer = world.get("/v1/status");
    assert_eq!(refusal(&answer), refused(503, "unavailable"));
    assert_eq!(answer.header("retry-after"), Some("5"));
}

#[test]
fn paths_that_name_nothing_are_not_found() {
    let world = World::new();
    for target in
        ["", "/", "//", "/v1", "/v1/events/", "/healthz/x", "/v1/admin/accounts/acc_x/status", "/%00"]
    {
        assert_eq!(refusal(&world.admin("GET", target, "")), refused(404, "not_found"), "{target}");
    }
}

#[test]
fn a_parameter_that_is_not_known_is_refused() {
    let world = World::new();
    world.sign_in("ann");
    for target in ["/v1/accounts?limit=1", "/v1/events?form=2026-01-01T00:00:00Z", "/v1/policy?planted"] {
        let answer = world.get(target);
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{target}");
        assert!(!text(&answer).contains("planted") && !text(&answer).contains("form"));
    }
}

#[test]
fn the_description_is_served_to_anybody() {
    let answer = World::new().get("/v1/openapi.json");
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    assert_eq!(json(&answer)["openapi"], "3.1.0");
}
