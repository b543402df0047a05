//! `events.get`, and what a reader gets to see of an event.

use chrono_tz::Tz;
use serde_json::Value;

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::events::instance;
use crate::http::{Query, Response};
use crate::model::{Calendar, Object, Role, Stored};
use crate::state::Google;
use crate::time;

/// How events are shown to a caller.
#[derive(Debug, Clone, Copy)]
pub struct View {
    role: Role,
    zone: Option<Tz>,
    max_attendees: Option<usize>,
    created: Option<&'static str>,
    dates_as_times: Option<Tz>,
}

impl View {
    /// From the caller's role and the query.
    pub fn new(google: &Google, calendar: &Calendar, role: Role, query: &Query) -> ApiResult<Self> {
        let zone = match query.get("timeZone") {
            Some(name) => Some(
                time::parse_zone(name)
                    .ok_or_else(|| ApiError::invalid("Invalid time zone.").at("parameter", "timeZone"))?,
            ),
            None => None,
        };
        let max_attendees = query.get("maxAttendees").and_then(|n| n.parse().ok());
        let created = google.settings.year_zero_created.then_some("0001-01-01T00:00:00.000Z");
        // Rooms and other resources tell of all-day events by the hour.
        let dates_as_times = calendar.id.ends_with("@resource.calendar.google.com").then_some(calendar.zone);
        Ok(Self { role, zone, max_attendees, created, dates_as_times })
    }

    /// The same in a list, where Google writes year zero differently.
    #[must_use]
    pub fn listed(mut self) -> Self {
        self.created = self.created.map(|_| "0000-12-31T00:00:00.000Z");
        self
    }

    /// A full row.
    #[must_use]
    pub fn full(&self, stored: &Stored) -> Value {
        let mut out = stored.full();
        let private = matches!(stored.text("visibility"), Some("private" | "confidential"));
        let hidden = private && self.role < Role::Writer;
        if self.role == Role::FreeBusyReader || hidden {
            out = strip(&out);
        }
        self.finish(out)
    }

    /// A reduced row.
    #[must_use]
    pub fn stub(&self, stored: &Stored, of_live_series: bool) -> Value {
        self.finish(stored.stub(of_live_series))
    }

    fn finish(&self, mut out: Object) -> Value {
        if let Some(created) = self.created
            && let Some(shown) = out.get_mut("created")
        {
            *shown = created.into();
        }
        if let Some(zone) = self.dates_as_times {
            time::dates_as_times(&mut out, zone);
        }
        if let Some(zone) = self.zone {
            time::rezone(&mut out, zone);
        }
        if let Some(max) = self.max_attendees
            && let Some(attendees) = out.get_mut("attendees").and_then(Value::as_array_mut)
            && attendees.len() > max
        {
            attendees.retain(|a| a.get("self") == Some(&true.into()));
            out.insert("attendeesOmitted".to_owned(), true.into());
        }
        Value::Object(out)
    }
}

/// What is left of an event whose details are hidden.
fn strip(event: &Object) -> Object {
    const SHOWN: [&str; 16] = [
        "kind",
        "etag",
        "id",
        "status",
        "updated",
        "created",
        "start",
        "end",
        "recurrence",
        "recurringEventId",
        "originalStartTime",
        "iCalUID",
        "sequence",
        "visibility",
        "transparency",
        "eventType",
    ];
    let mut out: Object = event
        .iter()
        .filter(|(k, _)| SHOWN.contains(&k.as_str()))
        .map(|(k, v)| (k.clone(), v.clone()))
        .collect();
    out.insert("visibility".to_owned(), "private".into());
    out
}

/// `events.get`; cancelled events are shown too.
pub fn get(google: &Google, call: &Call<'_>) -> ApiResult {
    let (calendar, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    let stored = instance::find(calendar, &call.event).ok_or_else(ApiError::not_found)?;
    if call.request.get_header("if-none-match").is_some_and(|tag| tag == stored.etag()) {
        return Ok(Response { headers: vec![("etag".to_owned(), stored.etag())], ..Response::empty(304) });
    }
    Ok(Response::resource(&View::new(google, calendar, role, &call.query)?.full(&stored)))
}
