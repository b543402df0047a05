//! Requests of a person.

use serde_json::Value;
use tminus_api::{ApiRequest, ApiResponse};
use tminus_simulation::World;
use tminus_simulation::world::Person;

/// A request as a program sends it.
pub(crate) fn request(method: &str, target: &str, body: &str) -> ApiRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    ApiRequest {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}

/// The same under a key.
pub(crate) fn under(key: &str, mut request: ApiRequest) -> ApiRequest {
    request.headers.push(("idempotency-key".to_owned(), key.to_owned()));
    request
}

/// What a person is answered.
pub(crate) fn send(world: &World, person: &mut Person, request: ApiRequest) -> ApiResponse {
    world.send(&mut person.browser, request).expect("an answer")
}

pub(crate) fn json(answer: &ApiResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Status and code of a refusal.
pub(crate) fn refusal(answer: &ApiResponse) -> (u16, String) {
    (answer.status, json(answer)["error"]["code"].as_str().unwrap_or_default().to_owned())
}
