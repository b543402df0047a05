//! Nobody reaches what is another's: a person with a good session tries every route with ids of somebody else's.

use serde_json::{Value, json};
use tminus_account::contract::{DeadLetter, StoreDeadLetter};
use tminus_domain::actor::Asker;
use tminus_domain::constraint::{Constraint, Trip};
use tminus_domain::event::When;
use tminus_domain::ids::{ConstraintId, EventId, PrefixedId, Ulid};
use tminus_simulation::Stage;
use tminus_simulation::world::Person;
use tminus_user_graph::own_contract::PutConstraint;

use crate::support::{json, refusal, request, send};

/// What the API says of itself, so that a route that is added is tried too.
const DESCRIPTION: &str = include_str!("../../../../workers/api/openapi.json");
const NINE: &str = "2026-02-02T09:00:00Z";
const TEN: &str = "2026-02-02T10:00:00Z";
const RANGE: &str = "from=2026-02-01T00:00:00Z&to=2026-03-01T00:00:00Z&limit=1";

/// Ids of somebody's, for every kind of place.
struct Ids {
    account: String,
    other_account: String,
    calendar: String,
    event: String,
    letter: String,
    user: String,
    constraint: String,
}

impl Ids {
    fn of(stage: &Stage) -> Self {
        let event = stage.of_graph("/* e */ SELECT hex(canonical_event_id) FROM canonical_events LIMIT 1");
        let event = EventId::from_ulid(Ulid::from(u128::from_str_radix(&event, 16).unwrap()));
        let constraint = ConstraintId::from_ulid(Ulid::from_parts(7, 7));
        let put = PutConstraint { id: constraint, by: Asker::Ui, constraint: trip() };
        stage.world.call(&stage.person.user.to_string(), &put).unwrap();
        let letter = DeadLetter {
            queue: "tminus-sync".to_owned(),
            message_key: "key".to_owned(),
            reason: "retries used up".to_owned(),
            body: None,
        };
        let stored = stage.world.call(&stage.accounts[0].to_string(), &StoreDeadLetter { letter }).unwrap();
        Self {
            account: stage.accounts[0].to_string(),
            other_account: stage.accounts[1].to_string(),
            calendar: stage.primary(0).to_string(),
            event: event.to_string(),
            letter: stored.id.to_string(),
            user: stage.person.user.to_string(),
            constraint: constraint.to_string(),
        }
    }

    fn all(&self) -> [&str; 7] {
        let Self { account, other_account, calendar, event, letter, user, constraint } = self;
        [account, other_account, calendar, event, letter, user, constraint].map(String::as_str)
    }

    fn fill(&self, path: &str) -> String {
        let places = [
            ("{account}", &self.account),
            ("{calendar}", &self.calendar),
            ("{event}", &self.event),
            ("{letter}", &self.letter),
            ("{user}", &self.user),
            ("{constraint}", &self.constraint),
        ];
        places.iter().fold(path.to_owned(), |path, (place, id)| path.replace(place, id))
    }
}

/// Somebody with an event, a dead letter and two accounts, and somebody else with one.
fn two_people() -> (Stage, Ids, Person) {
    let mut stage = Stage::settled(6, 2);
    for title in ["first", "second"] {
        let _ = stage.add(0, title, NINE, TEN);
    }
    stage.settle();
    let ids = Ids::of(&stage);
    stage.world.person_at_google("bob@example.com");
    let mut bob = stage.world.sign_in("bob@example.com");
    stage.world.link(&mut bob, "bob@example.com").unwrap();
    stage.settle();
    (stage, ids, bob)
}

/// Every route that is taken with a session: method, path, operation.
fn routes(description: &Value, scheme: &str) -> Vec<(String, String, Value)> {
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"][0].get(scheme).is_some() {
                routes.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
    }
    routes
}

fn trip() -> Constraint {
    let when = When::AllDay { start: "2026-02-20".parse().unwrap(), end: "2026-02-22".parse().unwrap() };
    Constraint::Trip(Trip { when, place: Some("Lisbon".to_owned()), zone: None })
}

/// The parameters that the route cannot be asked without.
fn query(operation: &Value) -> String {
    let value = |name: &str| match name {
        "at" | "from" => "2026-02-01T00:00:00Z",
        "to" => "2026-03-01T00:00:00Z",
        "subject" => "policy",
        other => panic!("what is {other}?"),
    };
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let required = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
    let given = required.map(|parameter| {
        let name = parameter["name"].as_str().unwrap();
        format!("{name}={}", value(name))
    });
    given.collect::<Vec<_>>().join("&")
}

/// A body that the route takes.
fn body(operation: &Value) -> String {
    let body = match operation["operationId"].as_str().unwrap() {
        "replace_constraint" => json!(trip()),
        "set_hand_deleted_of" => json!({"becomes": "dismiss"}),
        "decide_hold" => json!({"run": "run_00000000000000000000000001", "decision": "approve"}),
        _ => json!({}),
    };
    body.to_string()
}

#[test]
fn ids_of_another_are_as_good_as_none() {
    let (stage, ids, mut bob) = two_people();
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let (state, writes) = (stage.world.state(), stage.world.writes());
    let mut tried = 0;
    for (method, path, operation) in routes(&description, "session") {
        if !path.contains('{') {
            continue;
        }
        let target = format!("{}?{}", ids.fill(&path), query(&operation));
        let answer = send(&stage.world, &mut bob, request(&method, &target, &body(&operation)));
        assert_eq!(refusal(&answer), (404, "not_found".to_owned()), "{method} {path}");
        assert!(stage.world.state() == state, "{method} {path} changed something");
        tried += 1;
    }
    assert!(tried >= 18, "only {tried} routes were tried");
    assert_eq!(stage.world.writes(), writes);
    assert!(stage.world.waiting().is_empty(), "a message was sent");
}

#[test]
fn what_is_listed_is_ones_own() {
    let (stage, ids, mut bob) = two_people();
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    for (method, path, operation) in routes(&description, "session") {
        if method != "GET" || path.contains('{') || path.contains("/auth/") {
            continue;
        }
        let target = format!("{path}?{}", query(&operation));
        let answer = send(&stage.world, &mut bob, request("GET", &target, ""));
        assert_eq!(answer.status, 200, "{path}");
        let shown = String::from_utf8(answer.body).unwrap();
        let leaked = ids.all().into_iter().find(|id| shown.contains(id));
        assert_eq!(leaked, None, "{path}");
    }
}

#[test]
fn a_policy_names_ones_own_accounts_only() {
    let (stage, ids, mut bob) = two_people();
    let status = json(&send(&stage.world, &mut bob, request("GET", "/v1/accounts", "")));
    let own = status["accounts"][0]["account_id"].as_str().unwrap().to_owned();
    let state = stage.world.state();
    for (from, to) in [(&ids.account, &ids.other_account), (&ids.account, &own), (&own, &ids.account)] {
        let edge = json!({"from": from, "to": to, "detail": "FULL", "kind": "BUSY_OVERLAY", "switch": "on"});
        let put = send(&stage.world, &mut bob, request("PUT", "/v1/policy/edges", &edge.to_string()));
        assert_eq!(refusal(&put), (404, "not_found".to_owned()), "{from} {to}");
        // What is not there is removed already: the answer is one's own policy, as it was.
        let query = format!("/v1/policy/edges?from={from}&from_calendar={}&to={to}", ids.calendar);
        let removed = json(&send(&stage.world, &mut bob, request("DELETE", &query, "")));
        assert_eq!(removed, json(&send(&stage.world, &mut bob, request("GET", "/v1/policy", ""))));
    }
    assert!(stage.world.state() == state);
}

#[test]
fn a_cursor_of_another_is_refused() {
    let (mut stage, _, mut bob) = two_people();
    let target = format!("/v1/events?{RANGE}");
    let page = json(&send(&stage.world, &mut stage.person, request("GET", &target, "")));
    let cursor = page["next_cursor"].as_str().unwrap();
    let answer = send(&stage.world, &mut bob, request("GET", &format!("{target}&cursor={cursor}"), ""));
    assert_eq!(refusal(&answer), (400, "cursor_of_another_query".to_owned()));
}

#[test]
fn a_session_is_no_operators_token_and_none_is_no_session() {
    let (stage, ids, mut bob) = two_people();
    let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
    let (state, writes) = (stage.world.state(), stage.world.writes());
    for (method, path, operation) in routes(&description, "operator") {
        let answer = send(&stage.world, &mut bob, request(&method, &ids.fill(&path), &body(&operation)));
        assert_eq!(refusal(&answer), (401, "unauthenticated".to_owned()), "{method} {path}");
    }
    let mut nobody = tminus_simulation::world::Browser::default();
    for (method, path, operation) in routes(&description, "session") {
        let ask = request(&method, &ids.fill(&path), &body(&operation));
        let answer = stage.world.send(&mut nobody, ask).unwrap();
        assert_eq!(refusal(&answer), (401, "unauthenticated".to_owned()), "{method} {path}");
    }
    assert!((stage.world.state(), stage.world.writes()) == (state, writes));
}
