//! The policy: read, and set by whoever it belongs to.

use tminus_domain::ids::CalendarId;
use tminus_ports::{Named, ObjectError};
use tminus_user_graph::policy_contract::{
    EdgeKey, GetPolicy, HandDeleted, Policy, PolicyEdge, PutEdge, RemoveEdge, SetWorkingHours,
};

use super::*;

fn policy(edges: Vec<PolicyEdge>) -> Policy {
    Policy { version: 7, reprojecting: true, edges, hand_deleted: HandDeleted::Restore, working_hours: None }
}

/// A signed-in world whose graph takes every change.
fn world() -> World {
    let world = World::new();
    world.sign_in("ann");
    world.ports.objects.on(|_: &str, put: PutEdge| Ok(policy(vec![put.edge])));
    world.ports.objects.on(|_: &str, _: RemoveEdge| Ok(policy(Vec::new())));
    world
        .ports
        .objects
        .on(|_: &str, set: SetWorkingHours| Ok(Policy { working_hours: set.hours, ..policy(Vec::new()) }));
    world
}

fn edge() -> Value {
    json!({
        "from": id::<AccountId>(1), "to": id::<AccountId>(2), "detail": "TITLE", "kind": "BUSY_OVERLAY",
        "switch": "on", "rules": {"filters": {"skip_titles": ["lunch"]}},
    })
}

/// An edge with one field set, or taken out by `null`.
fn edge_with(field: &str, value: Value) -> String {
    let mut edge = edge();
    match value {
        Value::Null => edge.as_object_mut().unwrap().remove(field),
        value => edge.as_object_mut().unwrap().insert(field.to_owned(), value),
    };
    edge.to_string()
}

fn put(world: &World, body: &str) -> ApiResponse {
    world.change_with("PUT", "/v1/policy/edges", body)
}

#[test]
fn the_policy_is_that_of_whoever_is_signed_in() {
    let world = world();
    let (ann, bob) = (world.sign_in("ann"), world.sign_in("bob"));
    let empty = json!({
        "version": 0, "reprojecting": false, "edges": [], "hand_deleted": "restore", "working_hours": null,
    });
    assert_eq!(json(&world.get("/v1/policy")), empty, "before the first account there is none");
    world.ports.objects.on(|_: &str, _: GetPolicy| Ok(policy(Vec::new())));
    assert_eq!(json(&world.get("/v1/policy"))["version"], 7);
    put(&world, &edge().to_string());
    let asked = world.ports.objects.sent::<GetPolicy>();
    let changed = world.ports.objects.sent::<PutEdge>();
    assert!(asked.iter().all(|(object, _)| *object == bob.to_string()));
    assert!(changed.iter().all(|(object, _)| *object == bob.to_string() && *object != ann.to_string()));
    world.forget_cookies();
    assert_eq!(refusal(&world.get("/v1/policy")), refused(401, "unauthenticated"));
}

#[test]
fn an_edge_is_put_as_the_body_says_and_answered_with_the_policy() {
    let world = world();
    let answer = put(&world, &edge().to_string());
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let shown = &json(&answer)["edges"][0];
    for field in ["from", "to", "detail", "kind", "switch"] {
        assert_eq!(shown[field], edge()[field], "{field}");
    }
    assert_eq!(shown["rules"]["filters"]["skip_titles"], json!(["lunch"]));
    let put_again = world.change_with("PUT", "/v1/policy/edges", &shown.to_string());
    assert_eq!(put_again.status, 200, "what is shown can be put: {}", text(&put_again));
    let sent = world.ports.objects.sent::<PutEdge>();
    assert_eq!(sent[0], sent[1]);
    put(&world, &edge_with("from_calendar", json!(id::<CalendarId>(3))));
    let of_calendar = EdgeKey { from: id(1), from_calendar: Some(id(3)), to: id(2) };
    assert_eq!(world.ports.objects.sent::<PutEdge>()[2].1.edge.key, of_calendar);
}

#[test]
fn the_edge_of_the_readme_is_one() {
    let world = world();
    let readme = include_str!("../../../../README.md");
    let example = readme.split("PUT /v1/policy/edges\n").nth(1).unwrap().split("```").next().unwrap();
    let (from, to) = (id::<AccountId>(1).to_string(), id::<AccountId>(2).to_string());
    let example = example.replacen("acc_…", &from, 1).replacen("acc_…", &to, 1);
    let answer = put(&world, &example);
    assert_eq!(answer.status, 200, "{}", text(&answer));
    let (_, sent) = world.ports.objects.sent::<PutEdge>().pop().unwrap();
    assert_eq!(sent.edge.rules.check(), Ok(()));
}

#[test]
fn a_body_that_is_no_edge_is_refused_with_a_reason() {
    let world = world();
    let cases = [
        (String::new(), "EOF"),
        ("planted".to_owned(), "line 1"),
        ("[]".to_owned(), "expected an edge with from, to"),
        ("null".to_owned(), "expected an edge with from, to"),
        (edge_with("from", Value::Null), "missing field `from`"),
        (edge_with("to", Value::Null), "missing field `to`"),
        (edge_with("detail", Value::Null), "missing field `detail`"),
        (edge_with("kind", Value::Null), "missing field `kind`"),
        (edge_with("switch", Value::Null), "missing field `switch`"),
        (edge_with("switch", json!(true)), "expected value"),
        (edge_with("detail", json!("ALL")), "BUSY"),
        (edge_with("from", json!(id::<CalendarId>(1))), "acc_"),
        (edge_with("from_calendar", json!(id::<AccountId>(1))), "cal_"),
        (edge_with("form_calendar", json!(id::<CalendarId>(1))), "unknown field `form_calendar`"),
        (edge_with("rules", json!({"filter": {}})), "unknown field `filter`"),
        (edge_with("rules", json!({"filters": {"skip_title": []}})), "unknown field `skip_title`"),
        (edge_with("rules", json!({"shape": {"color": "mauve"}})), "mauve"),
        (edge_with("rules", json!({"filters": {"days_back": -1}})), "-1"),
        ("[".repeat(60_000), "invalid type"),
    ];
    for (body, reason) in cases {
        let answer = put(&world, &body);
        assert_eq!(refusal(&answer), refused(400, "body_invalid"), "{body}");
        let message = json(&answer)["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(reason) && message.len() < 400, "{reason}: {message}");
    }
    let mut request = world.with_cookies(World::request("PUT", "/v1/policy/edges"));
    request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
    request.body = b"\"\xff\"".to_vec();
    assert_eq!(refusal(&world.send(request)), refused(400, "body_invalid"));
    let huge = put(&world, &" ".repeat(crate::MAX_BODY_BYTES + 1));
    assert_eq!(refusal(&huge), refused(413, "too_large"));
    assert!(world.ports.objects.sent::<PutEdge>().is_empty());
}

#[test]
fn what_the_graph_refuses_is_told_in_its_words() {
    let world = world();
    world.ports.objects.on(|_: &str, put: PutEdge| {
        if put.edge.key.from == put.edge.key.to {
            return Err(ObjectError::Unfit { reason: "an edge leads to another account".to_owned() });
        }
        Err(ObjectError::Unknown { what: Named::Account })
    });
    let own = put(&world, &edge_with("to", json!(id::<AccountId>(1))));
    assert_eq!(refusal(&own), refused(422, "unprocessable"));
    assert_eq!(json(&own)["error"]["message"], "an edge leads to another account");
    let unknown = put(&world, &edge().to_string());
    assert_eq!(refusal(&unknown), refused(404, "not_found"));
    assert_eq!(json(&unknown)["error"]["message"], "there is no such account");
    world.ports.objects.on(|_: &str, _: PutEdge| Err(ObjectError::Gone));
    assert_eq!(refusal(&put(&world, &edge().to_string())), refused(409, "nothing_linked"));
    world.ports.objects.set_unreachable(true);
    assert_eq!(refusal(&put(&world, &edge().to_string())), refused(503, "unavailable"));
}

#[test]
fn an_edge_is_removed_as_the_query_says() {
    let world = world();
    let (from, to, calendar) = (id::<AccountId>(1), id::<AccountId>(2), id::<CalendarId>(3));
    let remove = |query: &str| world.change("DELETE", &format!("/v1/policy/edges{query}"));
    let answer = remove(&format!("?from={from}&from_calendar={calendar}&to={to}"));
    assert_eq!((answer.status, json(&answer)["version"].clone()), (200, json!(7)));
    assert_eq!(remove(&format!("?from={from}&to={to}")).status, 200, "which is the graph's to refuse");
    let keys: Vec<_> =
        world.ports.objects.sent::<RemoveEdge>().into_iter().map(|(_, sent)| sent.key).collect();
    let key = |from_calendar| EdgeKey { from, from_calendar, to };
    assert_eq!(keys, [key(Some(calendar)), key(None)]);
    for query in [
        String::new(),
        format!("?from={from}"),
        format!("?to={to}"),
        format!("?from={from}&to={calendar}"),
        format!("?from={from}&to={to}&from_calendar=planted"),
        format!("?from={from}&from={from}&to={to}"),
    ] {
        let answer = remove(&query);
        assert_eq!(refusal(&answer), refused(400, "invalid_parameter"), "{query}");
        assert!(!text(&answer).contains("planted"));
    }
}

#[test]
fn working_hours_are_set_or_taken_back() {
    let world = world();
    let set = |body: &str| world.change_with("PUT", "/v1/working-hours", body);
    let hours = json!({"zone": "Europe/Berlin", "days": ["mon", "fri"], "from": "09:00", "to": "17:30"});
    let answer = set(&hours.to_string());
    assert_eq!((answer.status, json(&answer)["working_hours"].clone()), (200, hours.clone()));
    assert_eq!(json(&set("null"))["working_hours"], Value::Null);
    for (field, value) in [
        ("zone", json!("Mars/Base")),
        ("days", json!(["monday"])),
        ("from", json!("9:00")),
        ("to", json!("24:01")),
        ("until", json!("17:00")),
    ] {
        let mut bad = hours.clone();
        bad.as_object_mut().unwrap().insert(field.to_owned(), value);
        assert_eq!(refusal(&set(&bad.to_string())), refused(400, "body_invalid"), "{field}");
    }
    assert_eq!(refusal(&set("")), refused(400, "body_invalid"), "nothing is not null");
    assert_eq!(world.ports.objects.sent::<SetWorkingHours>().len(), 2);
}

#[test]
fn a_path_of_several_methods_names_them_all() {
    let world = world();
    let event = id::<tminus_domain::ids::EventId>(1);
    let calendar = id::<CalendarId>(1);
    for (path, allow) in [
        ("/v1/policy".to_owned(), "GET"),
        ("/v1/policy/edges".to_owned(), "DELETE, PUT"),
        ("/v1/policy/hand-deleted".to_owned(), "PUT"),
        ("/v1/working-hours".to_owned(), "PUT"),
        (format!("/v1/events/{event}/hand-deleted"), "DELETE, PUT"),
        (format!("/v1/events/{event}/mirrors/{calendar}/dismissal"), "DELETE, PUT"),
        ("/v1/holds".to_owned(), "GET"),
        (format!("/v1/holds/{calendar}"), "GET, POST"),
    ] {
        let answer = world.change("PATCH", &path);
        assert_eq!(refusal(&answer), refused(405, "method_not_allowed"), "{path}");
        assert_eq!(answer.header("allow"), Some(allow), "{path}");
    }
}
