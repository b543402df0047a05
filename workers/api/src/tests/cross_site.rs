//! Nobody else's page changes anything by a session that the browser brings along.

use super::*;

/// Every route that changes something by the session's cookie.
fn routes(account: AccountId) -> [(&'static str, String); 4] {
    let letter = id::<tminus_domain::ids::DeadLetterId>(1);
    let of = |what: &str| format!("/v1/accounts/{account}{what}");
    [
        ("DELETE", of("")),
        ("DELETE", of(&format!("/dead_letters/{letter}"))),
        ("POST", of(&format!("/dead_letters/{letter}/replay"))),
        ("POST", of("/quarantine/replay")),
    ]
}

/// The same for what belongs to the session's own graph.
fn routes_of_graph() -> [(&'static str, String); 9] {
    let event = format!("/v1/events/{}", id::<tminus_domain::ids::EventId>(1));
    let calendar = id::<tminus_domain::ids::CalendarId>(1);
    let (one, two) = (id::<AccountId>(1), id::<AccountId>(2));
    [
        ("PUT", "/v1/policy/edges".to_owned()),
        ("DELETE", format!("/v1/policy/edges?from={one}&from_calendar={calendar}&to={two}")),
        ("PUT", "/v1/policy/hand-deleted".to_owned()),
        ("PUT", "/v1/working-hours".to_owned()),
        ("PUT", format!("{event}/hand-deleted")),
        ("DELETE", format!("{event}/hand-deleted")),
        ("PUT", format!("{event}/mirrors/{calendar}/dismissal")),
        ("DELETE", format!("{event}/mirrors/{calendar}/dismissal")),
        ("POST", format!("/v1/holds/{calendar}")),
    ]
}

fn with(world: &World, method: &str, target: &str, headers: &[(&str, &str)]) -> ApiResponse {
    let mut request = world.with_cookies(World::request(method, target));
    request.headers.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    world.send(request)
}

#[test]
fn a_page_of_another_origin_is_refused() {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    let called = world.ports.objects.called().len();
    let json = ("content-type", "application/json");
    for (method, target) in routes(account).into_iter().chain(routes_of_graph()) {
        for from in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.test"),
            ("origin", "https://other.t-minus.test"),
            ("origin", "null"),
        ] {
            let answer = with(&world, method, &target, &[json, from]);
            assert_eq!(refusal(&answer), refused(403, "cross_site"), "{method} {from:?}");
        }
        // What a form can send, from a browser that says nothing of its page.
        let forms = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];
        for content_type in forms.into_iter().filter(|_| method == "POST") {
            let answer = with(&world, method, &target, &[("content-type", content_type)]);
            assert_eq!(refusal(&answer), refused(415, "unsupported_media_type"), "{content_type}");
        }
        // Nothing answers a preflight, so no page of another origin can send JSON or a DELETE at all.
        let preflight = with(&world, "OPTIONS", &target, &[("origin", "https://evil.test")]);
        assert_eq!(preflight.status, 405);
        assert!(preflight.header("access-control-allow-origin").is_none());
        assert_eq!(world.ports.objects.called().len(), called);
    }
}

#[test]
fn without_a_session_nothing_is_changed() {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    world.forget_cookies();
    let called = world.ports.objects.called().len();
    for (method, target) in routes(account).into_iter().chain(routes_of_graph()) {
        assert_eq!(refusal(&world.change(method, &target)), refused(401, "unauthenticated"), "{method}");
    }
    assert_eq!(world.ports.objects.called().len(), called);
}

#[test]
fn the_account_of_another_is_as_good_as_none() {
    let world = World::new();
    world.sign_in("ann");
    let account = world.linked("work");
    world.sign_in("bob");
    let called = world.ports.objects.called().len();
    for (method, target) in routes(account).into_iter().chain(routes(id(404))) {
        assert_eq!(refusal(&world.change(method, &target)), refused(404, "not_found"), "{method}");
    }
    assert_eq!(world.ports.objects.called().len(), called);
}
