//! Judging calls: what breaks the document is recorded, and refused where Google would.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::schema::{Judge, Problem, Shape};
use super::{Discovery, Method, Parameter};
use crate::api;
use crate::error::error_item;
use crate::http::{Query, Request, Response};
use crate::state::Google;

/// Most violations kept; all are counted.
const KEPT: usize = 1000;

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The client's.
    Request,
    /// Ours, or that of an event which was planted to be wrong.
    Answer,
}

/// Something which breaks the document. It quotes no body, only names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// Whose fault it is.
    pub side: Side,
    /// Method, such as `calendar.events.list`, or verb and path where there is none.
    pub method: String,
    /// Parameter or property.
    pub at: String,
    /// What is wrong.
    pub what: String,
}

impl Discovery {
    fn judge_request(&self, method: &Method, request: &Request) -> Vec<Problem> {
        let query = request.query();
        let mut problems = Vec::new();
        let mut names: Vec<&str> =
            query.0.iter().filter(|(_, v)| !v.is_empty()).map(|(k, _)| k.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            match method.parameters.get(name).or_else(|| self.common.get(name)) {
                Some(parameter) => problems.extend(parameter.judge(name, &query)),
                // Known to the front end, older than the document.
                None if name == "access_token" => {}
                None => problems.push(problem(name, "Unknown parameter.".to_owned())),
            }
        }
        for (name, parameter) in &method.parameters {
            if parameter.required && query.get(name).is_none() {
                problems.push(problem(name, "Required parameter.".to_owned()));
            }
        }
        problems.extend(self.judge_body(method, request));
        problems
    }

    fn judge_body(&self, method: &Method, request: &Request) -> Vec<Problem> {
        let left_to_us = |what: &str| vec![Problem { refused: false, ..problem("", what.to_owned()) }];
        if request.body.is_empty() {
            return Vec::new();
        }
        let Some(shape) = &method.request else { return left_to_us("a body where none belongs") };
        match serde_json::from_slice(&request.body) {
            Ok(body) => self.judge_value(&body, shape, Some(&method.id)),
            Err(_) => left_to_us("no JSON"),
        }
    }

    fn judge_value(&self, value: &Value, shape: &Shape, request_of: Option<&str>) -> Vec<Problem> {
        let mut judge = Judge { schemas: &self.schemas, request_of, problems: Vec::new() };
        judge.value(value, shape, "");
        judge.problems
    }

    fn judge_answer(&self, method: &Method, response: &Response) -> Vec<Problem> {
        let wrong = |what: &str| vec![problem("", what.to_owned())];
        let body: Option<Value> = serde_json::from_slice(&response.body).ok();
        match (response.status, &method.response, body) {
            (200..=299, None, _) if response.body.is_empty() => Vec::new(),
            (200..=299, None, _) => wrong("a body where none belongs"),
            (200, Some(shape), Some(body)) => self.judge_value(&body, shape, None),
            (200..=299, Some(_), _) => wrong("no JSON"),
            (304, ..) => Vec::new(),
            (status, _, body) => {
                let body = body.unwrap_or_default();
                let code = body.pointer("/error/code") == Some(&status.into());
                let reason = body.pointer("/error/errors/0/reason").is_some_and(Value::is_string);
                let message = body.pointer("/error/message").is_some_and(Value::is_string);
                if code && reason && message { Vec::new() } else { wrong("no error of Google's shape") }
            }
        }
    }
}

impl Parameter {
    fn judge(&self, name: &str, query: &Query) -> Vec<Problem> {
        let mut problems = Vec::new();
        let values: Vec<&str> = query.all(name).collect();
        if values.len() > 1 && !self.repeated {
            problems.push(problem(name, "Given more than once.".to_owned()));
        }
        for value in values {
            let number = value.parse::<i64>().ok();
            let least = self.least.is_none_or(|least| number.is_some_and(|n| n >= least));
            let most = self.most.is_none_or(|most| number.is_some_and(|n| n <= most));
            if !self.allowed.is_empty() && !self.allowed.iter().any(|allowed| allowed == value) {
                let allowed = self.allowed.join(", ");
                problems.push(problem(
                    name,
                    format!("Invalid string value: '{value}'. Allowed values: [{allowed}]"),
                ));
            } else if !self.shape.reads(value) {
                problems.push(problem(name, format!("Invalid value for: Invalid format: \"{value}\"")));
            } else if !least || !most {
                let end = |bound: Option<i64>| bound.map(|n| n.to_string()).unwrap_or_default();
                let range = format!("[{}, {}]", end(self.least), end(self.most));
                let text = format!("Invalid value '{value}'. Values must be within the range: {range}");
                problems.push(problem(name, text));
            }
        }
        problems
    }
}

fn problem(at: &str, what: String) -> Problem {
    Problem { at: at.to_owned(), what, refused: true }
}

impl Google {
    /// Carries out a call under the eyes of the document, if there is one: `act` gets the answer to
    /// give instead of acting, if any.
    pub(crate) fn judged(
        &mut self,
        request: &Request,
        act: impl FnOnce(&mut Self, Option<Response>) -> Response,
    ) -> Response {
        let Some(discovery) = self.discovery.as_ref().map(Arc::clone) else { return act(self, None) };
        let verb = api::verb(request);
        let Some(method) = discovery.method(verb, &request.segments()) else {
            // The path may hold calendar ids, which are addresses.
            self.violate(Side::Request, verb, "", "no such method");
            return act(self, None);
        };
        let problems = discovery.judge_request(method, request);
        for problem in &problems {
            self.violate(Side::Request, &method.id, &problem.at, &problem.what);
        }
        let refusal = problems.iter().find(|problem| problem.refused).map(refusal);
        let response = act(self, refusal);
        let exempt = self.settings.channel_expiration_as_number;
        for problem in discovery.judge_answer(method, &response) {
            if !(exempt && problem.at == "expiration") {
                self.violate(Side::Answer, &method.id, &problem.at, &problem.what);
            }
        }
        response
    }

    /// Notes a call which Google knows and we do not.
    pub(crate) fn not_made(&mut self, request: &Request) {
        let Some(discovery) = self.discovery.as_ref().map(Arc::clone) else { return };
        if let Some(method) = discovery.method(api::verb(request), &request.segments()) {
            self.violate(Side::Answer, &method.id, "", "not made here");
        }
    }

    fn violate(&mut self, side: Side, method: &str, at: &str, what: &str) {
        self.counters.violate(side);
        if self.violations.len() < KEPT {
            let (method, at, what) = (method.to_owned(), at.to_owned(), what.to_owned());
            self.violations.push(Violation { side, method, at, what });
        }
    }
}

fn refusal(problem: &Problem) -> Response {
    let reason = if problem.what.starts_with("Required") { "required" } else { "invalidParameter" };
    let item = error_item("global", reason, &problem.what, Some(("parameter", &problem.at)));
    Response::json(400, &json!({"error": {"errors": [item], "code": 400, "message": problem.what}}))
}
