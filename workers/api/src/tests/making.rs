//! Own events and constraints.

use tminus_domain::actor::Asker;
use tminus_domain::ids::{ConstraintId, EventId};
use tminus_ports::ObjectError;
use tminus_user_graph::own_contract::{
    ChangeOwnEvent, Conflict, CreateOwnEvent, DeleteOwnEvent, ListSettingsJournal, OwnStanding,
    PutConstraint, RemoveConstraint, SettingsPage,
};
use tminus_user_graph::reading_contract::{EventDetails, GetEvent};
use tminus_user_graph::requests_contract::{BeginRequest, Begun, EndRequest};

use super::*;

/// A signed-in world whose graph makes what it is told.
fn world() -> World {
    let world = World::new();
    world.sign_in("ann");
    world.ports.objects.on(|_: &str, ask: CreateOwnEvent| {
        Ok(OwnStanding { event: ask.event, version: 1, content: ask.content })
    });
    world.ports.objects.on(|_: &str, _: PutConstraint| Ok(()));
    world.ports.objects.on(|_: &str, _: RemoveConstraint| Ok(()));
    world.ports.objects.on(|_: &str, _: BeginRequest| Ok(Begun::Run));
    world.ports.objects.on(|_: &str, _: EndRequest| Ok(()));
    world
}

fn tennis() -> Value {
    json!({"title": "Tennis", "when": {"timed": {"start": 1_767_225_600_000_i64, "end": 1_767_229_200_000_i64,
        "zone": "Europe/Berlin"}}})
}

fn trip() -> Value {
    json!({"trip": {"when": {"all_day": {"start": "2026-03-01", "end": "2026-03-04"}}, "place": "Lisbon"}})
}

fn under(world: &World, key: &str, target: &str, body: &Value) -> ApiResponse {
    let mut request = world.with_cookies(World::request("POST", target));
    request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    request.headers.push(("idempotency-key".to_owned(), key.to_owned()));
    request.body = body.to_string().into_bytes();
    world.send(request)
}

#[test]
fn an_event_is_made_in_the_name_of_the_user() {
    let world = world();
    let answer = world.change_with("POST", "/v1/events", &tennis().to_string());
    assert_eq!(answer.status, 201, "{}", text(&answer));
    let made = world.ports.objects.sent::<CreateOwnEvent>().pop().unwrap().1;
    assert_eq!(
        (made.by, json(&answer)["event"].as_str()),
        (Asker::Ui, Some(made.event.to_string().as_str()))
    );
    world.change_with("POST", "/v1/events", &tennis().to_string());
    let again = world.ports.objects.sent::<CreateOwnEvent>().pop().unwrap().1;
    assert_ne!(made.event, again.event, "without a key, twice is two");
}

#[test]
fn a_key_makes_one_event_and_one_constraint_even_if_its_first_request_died() {
    let world = world();
    for (target, body) in [("/v1/events", tennis()), ("/v1/constraints", trip())] {
        for key in ["one", "one", "two"] {
            assert_eq!(under(&world, key, target, &body).status, 201);
        }
    }
    let events: Vec<EventId> =
        world.ports.objects.sent::<CreateOwnEvent>().iter().map(|(_, made)| made.event).collect();
    let constraints: Vec<ConstraintId> =
        world.ports.objects.sent::<PutConstraint>().iter().map(|(_, put)| put.id).collect();
    assert!(events[0] == events[1] && events[1] != events[2]);
    assert!(constraints[0] == constraints[1] && constraints[1] != constraints[2]);
    world.sign_in("bob");
    under(&world, "one", "/v1/events", &tennis());
    let of_bob = world.ports.objects.sent::<CreateOwnEvent>().pop().unwrap().1.event;
    assert_ne!(of_bob, events[0], "a key belongs to one person");
}

#[test]
fn two_writers_with_one_key_and_different_bodies_are_told_apart() {
    let world = world();
    world.ports.objects.on(|_: &str, _: BeginRequest| Ok(Begun::Reused));
    let answer = under(&world, "one", "/v1/events", &tennis());
    assert_eq!(refusal(&answer), refused(422, "idempotency_key_reused"));
    assert!(world.ports.objects.sent::<CreateOwnEvent>().is_empty());
}

#[test]
fn an_event_of_an_account_is_its_providers() {
    let world = world();
    let (event, owner) = (id::<EventId>(5), id::<AccountId>(8));
    let unfit = || ObjectError::Unfit { reason: "no".to_owned() };
    world.ports.objects.on(move |_: &str, _: ChangeOwnEvent| Err(unfit()));
    world.ports.objects.on(move |_: &str, _: DeleteOwnEvent| Err(unfit()));
    let details = move |account: AccountId| -> EventDetails {
        let content = json!({
            "when": {"all_day": {"start": "2026-03-01", "end": "2026-03-02"}}, "status": "confirmed",
            "visibility": "default", "transparency": "opaque", "event_type": "default",
            "own_response": "notInvited", "series": "single",
        });
        let event = json!({"event": event, "account": account, "calendar": id::<tminus_domain::ids::CalendarId>(2),
            "content": content, "version": 1});
        serde_json::from_value(json!({"event": event, "mirrors": []})).unwrap()
    };
    world.ports.objects.on(move |_: &str, _: GetEvent| Ok(details(owner)));
    let target = format!("/v1/events/{event}");
    for (method, body) in [("PATCH", r#"{"title":"Mine"}"#), ("DELETE", "")] {
        let answer = world.change_with(method, &target, body);
        assert_eq!(refusal(&answer), refused(409, "owned_by_account"), "{method}");
        assert_eq!(json(&answer)["error"]["details"], json!({"owner": owner}));
    }
    // What is wrong with an own event is told as it is.
    world.ports.objects.on(move |_: &str, _: GetEvent| Ok(details(AccountId::INTERNAL)));
    let answer = world.change_with("PATCH", &target, r#"{"status":"cancelled"}"#);
    assert_eq!(refusal(&answer), refused(422, "unprocessable"));
    assert_eq!(json(&answer)["error"]["message"], "no");
}

#[test]
fn another_version_is_a_conflict() {
    let world = world();
    world.ports.objects.on(|_: &str, _: ChangeOwnEvent| Ok(Err(Conflict { version: 7 })));
    world.ports.objects.on(|_: &str, _: DeleteOwnEvent| Ok(Err(Conflict { version: 7 })));
    let target = format!("/v1/events/{}?version=3", id::<EventId>(5));
    for method in ["PATCH", "DELETE"] {
        let answer = world.change_with(method, &target, "{}");
        assert_eq!(refusal(&answer), refused(409, "version_conflict"));
        assert_eq!(json(&answer)["error"]["details"], json!({"version": 7}));
    }
    assert_eq!(world.ports.objects.sent::<ChangeOwnEvent>()[0].1.version, Some(3));
    assert_eq!(world.ports.objects.sent::<DeleteOwnEvent>()[0].1.version, Some(3));
    for version in ["0", "-1", "two", "4294967296"] {
        let target = format!("/v1/events/{}?version={version}", id::<EventId>(5));
        assert_eq!(refusal(&world.change_with("DELETE", &target, "")), refused(400, "invalid_parameter"));
    }
}

#[test]
fn what_is_no_event_is_refused() {
    let world = world();
    for body in [
        json!(null),
        json!({"title": "Tennis"}),
        json!({"when": {"timed": {"start": 1}}}),
        json!({"when": {"all_day": {"start": "2026-02-30", "end": "2026-03-01"}}}),
        json!({"when": {"all_day": {"start": "2026-02-01", "end": "2026-03-01"}}, "colour": 3}),
        json!({"when": {"all_day": {"start": "2026-02-01", "end": "2026-03-01"}}, "recurrence": "RRULE:FREQ=DAILY"}),
    ] {
        let answer = world.change_with("POST", "/v1/events", &body.to_string());
        assert_eq!(refusal(&answer), refused(400, "body_invalid"), "{body}");
    }
    assert!(world.ports.objects.sent::<CreateOwnEvent>().is_empty());
}

#[test]
fn only_a_constraint_that_is_set_is_replaced_or_removed() {
    let world = world();
    world.ports.objects.on(|_: &str, _: ListSettingsJournal| {
        Ok(SettingsPage { now: None, entries: Vec::new(), next: None })
    });
    let target = format!("/v1/constraints/{}", id::<ConstraintId>(4));
    for (method, body) in [("PUT", trip().to_string()), ("DELETE", String::new())] {
        assert_eq!(refusal(&world.change_with(method, &target, &body)), refused(404, "not_found"));
    }
    assert!(world.ports.objects.sent::<PutConstraint>().is_empty());
    assert!(world.ports.objects.sent::<RemoveConstraint>().is_empty());
    world.ports.objects.on(|_: &str, _: ListSettingsJournal| {
        Ok(SettingsPage { now: Some(trip()), entries: Vec::new(), next: None })
    });
    let put = world.change_with("PUT", &target, &trip().to_string());
    assert_eq!((put.status, json(&put)["id"].clone()), (200, json!(id::<ConstraintId>(4))));
    assert_eq!(json(&put)["constraint"], trip());
    let removed = world.change_with("DELETE", &target, "");
    assert_eq!((removed.status, json(&removed)), (200, json!({"id": id::<ConstraintId>(4)})));
    for body in [
        json!({}),
        json!({"trip": {}}),
        json!({"holiday": trip()["trip"]}),
        json!({"trip": {"when": trip()["trip"]["when"], "cost": 3}}),
    ] {
        let answer = world.change_with("PUT", &target, &body.to_string());
        assert_eq!(refusal(&answer), refused(400, "body_invalid"), "{body}");
    }
}

#[test]
fn before_the_first_account_nothing_is_made() {
    let world = World::new();
    world.sign_in("ann");
    for (target, body) in [("/v1/events", tennis()), ("/v1/constraints", trip())] {
        let answer = world.change_with("POST", target, &body.to_string());
        assert_eq!(refusal(&answer), refused(409, "nothing_linked"), "{target}");
    }
}
