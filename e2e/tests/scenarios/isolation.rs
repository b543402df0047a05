//! Nobody reaches what is another's, on the real runtime: the same is tried natively with more of it
//! (e2e/simulation/tests/api).

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tminus_e2e::http::Reply;
use tminus_e2e::person::Person;
use tminus_e2e::wait::{eventually, holds};

use crate::stage::{SOON, Stage, timed};

/// A person with a good session tries every route with ids of another: 404 each time, and nothing changes.
pub(crate) fn another_persons_ids(stage: &Stage) -> Result<()> {
    let (owner, other) = (stage.person("owner", 2)?, stage.person("other", 1)?);
    stage.world.insert(owner.primary(0), &timed("2026-06-01", 9, 10))?;
    eventually("the event is listed", SOON, || {
        holds(!listed(&owner)?.is_empty(), || "it is not".to_owned())
    })?;
    owner.wait_written(SOON)?;
    let (places, before) = (places(&owner)?, seen(&owner)?);
    let description: Value = other.get("/v1/openapi.json")?.expect(200)?;
    let mut tried = 0;
    for (path, methods) in description["paths"].as_object().context("no paths")? {
        for (method, operation) in methods.as_object().context("no methods")? {
            if operation["security"][0].get("session").is_none() || !path.contains('{') {
                continue;
            }
            let target = places
                .iter()
                .fold(path.clone(), |target, (place, id)| target.replace(&format!("{{{place}}}"), id));
            let query = if operation["parameters"].as_array().is_some_and(|all| all.iter().any(is_at)) {
                "?at=2026-06-01T09:30:00Z"
            } else {
                ""
            };
            let reply = ask(&other, method, &format!("{target}{query}"), operation)?;
            let refused = (reply.status, reply.error_code().unwrap_or_default());
            ensure!(refused == (404, "not_found".to_owned()), "{method} {path}: {}", reply.shown());
            tried += 1;
        }
    }
    ensure!(tried >= 18, "only {tried} routes were tried");
    ensure!(seen(&owner)? == before, "something changed");
    Ok(())
}

/// Whether a parameter is the time that is asked about.
fn is_at(parameter: &Value) -> bool {
    parameter["name"] == "at"
}

fn listed(owner: &Person) -> Result<Vec<Value>> {
    owner.listed("2026-05-01T00:00:00Z", "2026-07-01T00:00:00Z")
}

/// An id for every kind of place.
fn places(owner: &Person) -> Result<Vec<(&'static str, String)>> {
    let events = listed(owner)?;
    let event = events.first().and_then(|event| event["event"].as_str()).context("no event is listed")?;
    Ok(vec![
        ("account", owner.accounts[0].account.clone()),
        ("calendar", owner.calendar(1, "BUSY_OVERLAY")?),
        ("event", event.to_owned()),
        ("letter", "dlq_00000000000000000000000001".to_owned()),
        ("constraint", "cst_00000000000000000000000001".to_owned()),
    ])
}

fn ask(person: &Person, method: &str, target: &str, operation: &Value) -> Result<Reply> {
    let body = match operation["operationId"].as_str().unwrap_or_default() {
        "replace_constraint" => {
            json!({"trip": {"when": {"all_day": {"start": "2026-06-01", "end": "2026-06-03"}}}})
        }
        "set_hand_deleted_of" => json!({"becomes": "dismiss"}),
        "decide_hold" => json!({"run": "run_00000000000000000000000001", "decision": "approve"}),
        _ => json!({}),
    };
    match method {
        "get" => person.get(target),
        "put" => person.put(target, &body),
        "post" => person.post(target, &body),
        "patch" => person.patch(target, &body),
        _ => person.delete(target),
    }
}

/// What the owner sees.
fn seen(owner: &Person) -> Result<Vec<Value>> {
    let mut seen = listed(owner)?;
    seen.push(owner.get("/v1/policy")?.expect(200)?);
    seen.push(owner.get("/v1/holds")?.expect(200)?);
    Ok(seen)
}

/// A change under a key is made once on the real runtime too; another one under it is refused.
pub(crate) fn keys(stage: &Stage) -> Result<()> {
    let person = stage.person("keyed", 2)?;
    let put = |body: &Value| {
        let url = stage.world.runtime.api("/v1/policy/hand-deleted");
        let cookies = person.browser.cookies(&url)?;
        let headers =
            [("cookie", cookies.as_str()), ("content-type", "application/json"), ("idempotency-key", "one")];
        stage.world.http.send("PUT", &url, &headers, body.to_string().into_bytes())
    };
    let first = put(&json!({"becomes": "dismiss"}))?;
    ensure!(first.status == 200 && !first.headers.contains_key("idempotent-replayed"), "{}", first.shown());
    let again = put(&json!({"becomes": "dismiss"}))?;
    ensure!((again.status, &again.body) == (200, &first.body), "{}", again.shown());
    ensure!(again.headers.contains_key("idempotent-replayed"), "it was done twice");
    let other = put(&json!({"becomes": "restore"}))?;
    ensure!(other.error_code().as_deref() == Some("idempotency_key_reused"), "{}", other.shown());
    let policy: Value = person.get("/v1/policy")?.expect(200)?;
    ensure!(policy["hand_deleted"] == "dismiss", "{policy}");
    Ok(())
}
