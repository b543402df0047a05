//! `/control`: the hands of tests and demos. No credentials; the server listens on loopback only.

use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::events::write::{Actor, Change, Options, Written};
use crate::faults::Fault;
use crate::http::{Request, Response};
use crate::model::{Object, Role};
use crate::oauth::Client;
use crate::settings::Settings;
use crate::state::{Google, resolve};
use crate::time::parse_zone;
use crate::timeline::Counters;

/// Handles a control request.
pub fn handle(google: &mut Google, request: &Request, segments: &[String]) -> Response {
    match dispatch(google, request, segments) {
        Ok(value) => Response::json(200, &value),
        Err(error) => error.response(),
    }
}

fn dispatch(google: &mut Google, request: &Request, segments: &[String]) -> ApiResult<Value> {
    let body: Value = if request.body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(&request.body).map_err(|_| ApiError::parse())?
    };
    let query = request.query();
    let path: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["reset"]) => google.reset(),
        ("POST", ["users"]) => {
            let zone = zone(&body)?;
            let email = need(&body, "email")?;
            google.create_user(email, text(&body, "sub"), text(&body, "name"), zone);
            let user = google.users.get(email).ok_or_else(ApiError::not_found)?;
            return Ok(json!({"email": user.email, "sub": user.sub, "name": user.name}));
        }
        ("POST", ["calendars"]) => return create_calendar(google, &body),
        ("GET", ["calendars"]) => return calendars(google, query.get("email").unwrap_or_default()),
        ("DELETE", ["calendars", id]) => google.remove_calendar(id),
        ("POST", ["share"]) => {
            let (calendar, email) = (need(&body, "calendar")?, need(&body, "email")?);
            match text(&body, "access_role") {
                Some("none") => google.remove_member(calendar, email),
                _ => google.set_member(calendar, email, role(&body)?),
            }
        }
        ("POST", ["events"]) => {
            let email = need(&body, "email")?;
            let calendar = resolve(text(&body, "calendar").unwrap_or("primary"), email);
            let event = body.get("event").and_then(Value::as_object).ok_or_else(ApiError::parse)?;
            let actor = Actor::Human(email.to_owned());
            return google.insert_event(&actor, calendar, event, &Options::default()).map(|w| shown(&w));
        }
        ("GET", ["events"]) => {
            let email = query.get("email").unwrap_or_default();
            let calendar = resolve(query.get("calendar").unwrap_or("primary"), email);
            return Ok(json!({"items": google.live_events(calendar)?}));
        }
        ("PATCH" | "PUT", ["events", calendar, id]) => {
            let actor = google.owner_of(calendar);
            let input = body.as_object().ok_or_else(ApiError::parse)?;
            let change = if request.method == "PUT" { Change::Update(input) } else { Change::Patch(input) };
            return google
                .change_event(
                    &actor,
                    calendar,
                    id,
                    change,
                    &Options { conference: true, ..Options::default() },
                )
                .map(|w| shown(&w));
        }
        ("DELETE", ["events", calendar, id]) => {
            let actor = google.owner_of(calendar);
            return google.delete_event(&actor, calendar, id, &Options::default()).map(|w| shown(&w));
        }
        ("POST", ["plant"]) => {
            let event = body.get("event").and_then(Value::as_object).ok_or_else(ApiError::parse)?;
            return google.plant_event(need(&body, "calendar")?, event).map(|w| shown(&w));
        }
        ("POST", ["split"]) => {
            let (calendar, instance) = (need(&body, "calendar")?, need(&body, "instance")?);
            let changes = body.get("changes").and_then(Value::as_object).cloned().unwrap_or_default();
            let actor = google.owner_of(calendar);
            return google.split_series(&actor, calendar, instance, &changes).map(|w| shown(&w));
        }
        ("POST", ["move"]) => {
            let minutes = body.get("minutes").and_then(Value::as_i64).ok_or_else(ApiError::parse)?;
            return google
                .move_by(need(&body, "calendar")?, need(&body, "event")?, minutes)
                .map(|w| shown(&w));
        }
        ("POST", ["respond"]) => {
            let (calendar, event) = (need(&body, "calendar")?, need(&body, "event")?);
            return google.respond(calendar, event, need(&body, "response")?).map(|w| shown(&w));
        }
        ("POST", ["invite"]) => return invite(google, &body).map(|w| shown(&w)),
        ("POST", ["faults"]) => {
            let fault: Fault = decode(body)?;
            google.faults.push(fault);
        }
        ("GET", ["faults"]) => return Ok(json!({"faults": google.faults})),
        ("DELETE", ["faults"]) => google.faults.clear(),
        ("POST", ["expire_sync_tokens"]) => google.expire_sync_tokens(need(&body, "calendar")?),
        ("POST", ["expire_list_tokens"]) => {
            if let Some(user) = google.users.get_mut(need(&body, "email")?) {
                user.list_generation += 1;
            }
        }
        ("POST", ["expire_access_tokens"]) => google.expire_access_tokens(need(&body, "email")?),
        ("POST", ["revoke"]) => google.oauth.revoke(need(&body, "email")?, text(&body, "client_id")),
        ("POST", ["tokens"]) => return mint(google, &body),
        ("POST", ["push"]) => {
            let state = if text(&body, "state") == Some("sync") { "sync" } else { "exists" };
            let id = need(&body, "channel")?;
            let channel = google.channels.get(id).or_else(|| google.retired_channels.get(id)).cloned();
            google.push_by_hand(&channel.ok_or_else(ApiError::not_found)?, state);
        }
        ("POST", ["release_pushes"]) => google.release_pushes(),
        ("GET", ["channels"]) => return Ok(channels(google)),
        ("POST", ["settings"]) => {
            google.change_settings(&body)?;
            return Ok(json!(google.settings));
        }
        ("GET", ["settings"]) => return Ok(json!(google.settings)),
        ("GET", ["counters"]) => return Ok(google.counters.json()),
        ("POST", ["counters", "reset"]) => google.counters = Counters::default(),
        ("GET", ["violations"]) => {
            let judged = google.discovery.is_some();
            return Ok(json!({"judged": judged, "items": google.violations}));
        }
        ("DELETE", ["violations"]) => google.violations.clear(),
        ("GET", ["timeline"]) => {
            let since = query.get("since").and_then(|n| n.parse().ok()).unwrap_or(0);
            let entries: Vec<_> = google.timeline.since(since).collect();
            return Ok(json!({"now_us": google.now_us, "entries": entries}));
        }
        ("POST", ["client"]) => {
            let (id, secret) = (need(&body, "client_id")?, need(&body, "client_secret")?);
            let uris = body.get("redirect_uris").and_then(Value::as_array).into_iter().flatten();
            let redirect_uris = uris.filter_map(Value::as_str).map(str::to_owned).collect();
            google.oauth.clients.insert(id.to_owned(), Client { secret: secret.to_owned(), redirect_uris });
        }
        _ => return Err(ApiError::not_found()),
    }
    Ok(json!({}))
}

fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}

fn need<'a>(body: &'a Value, key: &str) -> ApiResult<&'a str> {
    text(body, key).ok_or_else(|| ApiError::required(format!("Missing {key}")))
}

fn decode<T: serde::de::DeserializeOwned>(value: Value) -> ApiResult<T> {
    serde_json::from_value(value).map_err(|e| ApiError::invalid(e.to_string()))
}

fn zone(body: &Value) -> ApiResult<chrono_tz::Tz> {
    let name = text(body, "time_zone").unwrap_or("UTC");
    parse_zone(name).ok_or_else(|| ApiError::invalid("Invalid time zone."))
}

fn role(body: &Value) -> ApiResult<Role> {
    let name = text(body, "access_role").unwrap_or("owner");
    Role::parse(name).ok_or_else(|| ApiError::invalid("Invalid access_role"))
}

fn shown(written: &Written) -> Value {
    json!({"event": written.stored.full(), "seq": written.seq})
}

/// An invitation to a new event, or to one instance of a series.
fn invite(google: &mut Google, body: &Value) -> ApiResult<Written> {
    let organizer = need(body, "organizer")?;
    if let Some(instance) = text(body, "instance") {
        return google.invite_to_instance(organizer, instance, need(body, "guest")?);
    }
    let event = body.get("event").and_then(Value::as_object).ok_or_else(ApiError::parse)?;
    let guests = body.get("guests").and_then(Value::as_array).into_iter().flatten();
    let guests: Vec<&str> = guests.filter_map(Value::as_str).collect();
    google.invite(organizer, &guests, event)
}

fn create_calendar(google: &mut Google, body: &Value) -> ApiResult<Value> {
    let (email, summary) = (need(body, "email")?, text(body, "summary").unwrap_or("Calendar"));
    if !google.users.contains_key(email) {
        return Err(ApiError::not_found());
    }
    let (role, zone) = (role(body)?, zone(body)?);
    let id = text(body, "id").map_or_else(|| google.new_calendar_id(), str::to_owned);
    let push = body.get("push_supported").and_then(Value::as_bool).unwrap_or(true);
    google.add_calendar(email, &id, role, |c| {
        summary.clone_into(&mut c.summary);
        c.description = text(body, "description").map(str::to_owned);
        c.zone = zone;
        c.push_supported = push;
        c.created_by_client = text(body, "created_by_client").map(str::to_owned);
    });
    Ok(json!({"id": id}))
}

fn calendars(google: &Google, email: &str) -> ApiResult<Value> {
    let all = google.calendars.values();
    let items: Vec<Value> = all
        .filter_map(|c| c.members.get(email).filter(|m| !m.deleted).map(|m| (c, m)))
        .map(|(c, m)| {
            let mut entry = c.list_entry(email, m);
            entry["revision"] = c.revision.into();
            entry["events"] = c.events.values().filter(|e| !e.cancelled()).count().into();
            entry["createdByClient"] = c.created_by_client.clone().into();
            entry
        })
        .collect();
    Ok(json!({"items": items}))
}

fn channels(google: &Google) -> Value {
    let rows: Vec<Value> = google
        .channels
        .values()
        .map(|c| {
            json!({
                "id": c.id, "calendar": c.calendar, "resourceId": c.resource_id, "address": c.address,
                "token": c.token, "expires_ms": c.expires_ms, "message_number": c.message_number,
                "email": c.email, "client_id": c.client_id,
            })
        })
        .collect();
    json!({"items": rows})
}

/// Tokens without the consent pages.
fn mint(google: &mut Google, body: &Value) -> ApiResult<Value> {
    let email = need(body, "email")?;
    if !google.users.contains_key(email) {
        return Err(ApiError::not_found());
    }
    let listed = body.get("scopes").and_then(Value::as_array);
    let scopes: Vec<&str> =
        listed.map_or_else(|| vec!["calendar"], |l| l.iter().filter_map(Value::as_str).collect());
    let client = text(body, "client_id").unwrap_or(crate::oauth::DEFAULT_CLIENT_ID);
    let refresh = google.refresh_token(email, client, &scopes);
    let granted = google.oauth.refreshes.get(&refresh).map(|r| r.scopes.clone()).unwrap_or_default();
    let access = google.issue_access(email, client, granted);
    Ok(json!({"access_token": access, "refresh_token": refresh}))
}

impl Google {
    /// All events of a calendar which are not cancelled, full.
    pub fn live_events(&self, calendar: &str) -> ApiResult<Vec<Object>> {
        let calendar = self.calendars.get(calendar).ok_or_else(ApiError::not_found)?;
        Ok(calendar.events.values().filter(|e| !e.cancelled()).map(crate::model::Stored::full).collect())
    }

    /// Sync tokens of a calendar answer 410 from now on.
    pub fn expire_sync_tokens(&mut self, calendar: &str) {
        if let Some(calendar) = self.calendars.get_mut(calendar) {
            calendar.generation += 1;
        }
    }

    /// Sets the named knobs.
    pub fn change_settings(&mut self, changes: &Value) -> ApiResult<()> {
        let mut merged = json!(self.settings);
        for (key, value) in changes.as_object().ok_or_else(ApiError::parse)? {
            merged[key.as_str()] = value.clone();
        }
        let settings: Settings = decode(merged)?;
        self.settings = settings;
        Ok(())
    }

    /// A human who may edit the calendar: its first member.
    pub(crate) fn owner_of(&self, calendar: &str) -> Actor {
        let calendar = self.calendars.get(calendar);
        let email = calendar.and_then(|c| c.members.keys().next()).cloned();
        Actor::Human(email.unwrap_or_default())
    }
}
