//! From a path to an operation: routing, credentials, scopes, partial responses.

use crate::error::{ApiError, ApiResult};
use crate::fields::Mask;
use crate::http::{Query, Request, Response};
use crate::oauth::Access;
use crate::scopes::{Operation, Subject};
use crate::state::{Google, resolve};
use crate::{calendars, events, push};

/// A recognised call.
#[derive(Debug, Clone)]
pub struct Route {
    /// Operation.
    pub operation: Operation,
    /// Calendar id as given, decoded.
    pub calendar: Option<String>,
    /// Event id, decoded.
    pub event: Option<String>,
}

/// A checked call.
#[derive(Debug)]
pub struct Call<'a> {
    /// The request.
    pub request: &'a Request,
    /// Its query.
    pub query: Query,
    /// Who calls.
    pub access: Access,
    /// Calendar id with `primary` resolved; empty when the path has none.
    pub calendar: String,
    /// Event id; empty when the path has none.
    pub event: String,
}

impl Call<'_> {
    /// The body as a JSON object; an empty body is an empty object.
    pub fn body(&self) -> ApiResult<crate::model::Object> {
        if self.request.body.is_empty() {
            return Ok(crate::model::Object::new());
        }
        serde_json::from_slice(&self.request.body).map_err(|_| ApiError::parse())
    }
}

/// The method which is meant: a POST may carry another one in a header.
#[must_use]
pub fn verb(request: &Request) -> &str {
    match request.get_header("x-http-method-override") {
        Some(method) if request.method == "POST" => method,
        _ => request.method.as_str(),
    }
}

/// Finds the operation of a path under `/calendar/v3`.
pub fn route(request: &Request) -> ApiResult<Route> {
    let segments = request.segments();
    let rest: Vec<&str> = segments.iter().skip(2).map(String::as_str).collect();
    let (operation, calendar, event) = match (verb(request), rest.as_slice()) {
        ("GET", ["users", "me", "calendarList"]) => (Operation::CalendarListList, None, None),
        ("GET", ["users", "me", "calendarList", id]) => (Operation::CalendarListGet, Some(id), None),
        ("POST", ["users", "me", "calendarList"]) => (Operation::CalendarListInsert, None, None),
        ("DELETE", ["users", "me", "calendarList", id]) => (Operation::CalendarListDelete, Some(id), None),
        ("POST", ["calendars"]) => (Operation::CalendarsInsert, None, None),
        ("GET", ["calendars", id]) => (Operation::CalendarsGet, Some(id), None),
        ("PATCH", ["calendars", id]) => (Operation::CalendarsPatch, Some(id), None),
        ("PUT", ["calendars", id]) => (Operation::CalendarsUpdate, Some(id), None),
        ("DELETE", ["calendars", id]) => (Operation::CalendarsDelete, Some(id), None),
        ("GET", ["calendars", id, "events"]) => (Operation::EventsList, Some(id), None),
        ("POST", ["calendars", id, "events"]) => (Operation::EventsInsert, Some(id), None),
        ("POST", ["calendars", id, "events", "watch"]) => (Operation::EventsWatch, Some(id), None),
        ("POST", ["calendars", id, "events", "import"]) => (Operation::EventsImport, Some(id), None),
        ("POST", ["calendars", id, "events", e, "move"]) => (Operation::EventsMove, Some(id), Some(e)),
        ("GET", ["calendars", id, "events", e]) => (Operation::EventsGet, Some(id), Some(e)),
        ("GET", ["calendars", id, "events", e, "instances"]) => {
            (Operation::EventsInstances, Some(id), Some(e))
        }
        ("PUT", ["calendars", id, "events", e]) => (Operation::EventsUpdate, Some(id), Some(e)),
        ("PATCH", ["calendars", id, "events", e]) => (Operation::EventsPatch, Some(id), Some(e)),
        ("DELETE", ["calendars", id, "events", e]) => (Operation::EventsDelete, Some(id), Some(e)),
        ("POST", ["channels", "stop"]) => (Operation::ChannelsStop, None, None),
        _ => return Err(ApiError::not_found()),
    };
    Ok(Route {
        operation,
        calendar: calendar.map(|id| (*id).to_owned()),
        event: event.map(|id| (*id).to_owned()),
    })
}

/// Carries out a call and cuts the answer to the `fields` asked for.
pub fn call(google: &mut Google, request: &Request, route: &Route) -> Response {
    match checked(google, request, route) {
        Ok(response) => response,
        Err(error) => error.response(),
    }
}

/// What the token in the `Authorization` header, or in the query, allows.
#[must_use]
pub fn access<'a>(google: &'a Google, request: &Request) -> Option<&'a Access> {
    let header = request.get_header("authorization").unwrap_or_default();
    let bearer = header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer "));
    let query = request.query();
    let token = bearer.or_else(|| query.get("oauth_token").or_else(|| query.get("access_token")))?;
    google.oauth.access(token, google.now_ms)
}

fn checked(google: &mut Google, request: &Request, route: &Route) -> ApiResult {
    let query = request.query();
    let access = access(google, request).cloned().ok_or_else(ApiError::unauthenticated)?;
    let operation = route.operation;
    let calendar = route.calendar.as_deref().map_or("", |id| resolve(id, &access.email)).to_owned();
    let subject = google.calendars.get(&calendar).map(|c| Subject {
        owned: c.role(&access.email) == Some(crate::model::Role::Owner),
        app_created: c.created_by_client.as_deref() == Some(access.client_id.as_str()),
    });
    if !operation.allowed(&access.scopes, subject) {
        return Err(ApiError::scopes(operation.rpc()));
    }
    let mask = query.get("fields").map(Mask::parse).transpose()?;
    let event = route.event.clone().unwrap_or_default();
    let call = Call { request, query, access, calendar, event };
    let mut response = match operation {
        Operation::CalendarListList => calendars::list(google, &call),
        Operation::CalendarListGet => calendars::list_get(google, &call),
        Operation::CalendarListInsert => calendars::list_insert(google, &call),
        Operation::CalendarListDelete => calendars::list_delete(google, &call),
        Operation::CalendarsGet => calendars::get(google, &call),
        Operation::CalendarsInsert => calendars::insert(google, &call),
        Operation::CalendarsPatch | Operation::CalendarsUpdate => calendars::patch(google, &call),
        Operation::CalendarsDelete => calendars::delete(google, &call),
        Operation::EventsList => events::list::list(google, &call),
        Operation::EventsInstances => events::instances::instances(google, &call),
        Operation::EventsGet => events::read::get(google, &call),
        Operation::EventsInsert => events::write::insert(google, &call),
        Operation::EventsImport => events::import::import(google, &call),
        Operation::EventsMove => events::transfer::transfer(google, &call),
        Operation::EventsUpdate => events::write::update(google, &call),
        Operation::EventsPatch => events::write::patch(google, &call),
        Operation::EventsDelete => events::write::delete(google, &call),
        Operation::EventsWatch => push::watch(google, &call),
        Operation::ChannelsStop => push::stop(google, &call),
    }?;
    if let Some(mask) = mask.filter(|_| response.status == 200 && !response.body.is_empty()) {
        response.body = mask.apply(&response.value()).to_string().into_bytes();
    }
    Ok(response)
}
