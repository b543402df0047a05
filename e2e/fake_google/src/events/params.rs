//! Parameters of `events.list` and which events they let through.

use serde_json::Value;

use crate::calendars::restrictions;
use crate::error::{ApiError, ApiResult};
use crate::events::recur::Series;
use crate::http::Query;
use crate::model::{Calendar, Stored};
use crate::time::parse_instant;

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By id.
    Unspecified,
    /// By start, instances only.
    StartTime,
    /// By last change.
    Updated,
}

/// Parsed parameters.
#[derive(Debug, Clone)]
pub struct Params {
    /// Cancelled rows wanted; `None` when not said.
    pub show_deleted: Option<bool>,
    /// Instances instead of masters.
    pub single_events: bool,
    /// Order.
    pub order: Order,
    /// Ends after.
    pub time_min: Option<i64>,
    /// Starts before.
    pub time_max: Option<i64>,
    /// Changed since.
    pub updated_min: Option<i64>,
    q: Option<String>,
    ical_uid: Option<String>,
    private: Vec<(String, String)>,
    shared: Vec<(String, String)>,
    event_types: Vec<String>,
}

impl Params {
    /// Parses and checks. With a sync token most filters are forbidden.
    pub fn parse(query: &Query) -> ApiResult<Self> {
        const FORBIDDEN: [&str; 8] = [
            "iCalUID",
            "orderBy",
            "privateExtendedProperty",
            "q",
            "sharedExtendedProperty",
            "timeMin",
            "timeMax",
            "updatedMin",
        ];
        let show_deleted = flag(query, "showDeleted")?;
        if query.get("syncToken").is_some()
            && (FORBIDDEN.iter().any(|key| query.get(key).is_some()) || show_deleted == Some(false))
        {
            return Err(restrictions());
        }
        let single_events = flag(query, "singleEvents")?.unwrap_or(false);
        let order = match query.get("orderBy") {
            None => Order::Unspecified,
            Some("updated") => Order::Updated,
            Some("startTime") if single_events => Order::StartTime,
            Some("startTime") => {
                let message = "The requested ordering is not available for the particular query.";
                return Err(ApiError::new(400, "global", "badRequest", message).at("parameter", "orderBy"));
            }
            Some(_) => return Err(ApiError::invalid("Invalid value").at("parameter", "orderBy")),
        };
        let instant = |key: &'static str| query.get(key).map(|t| parse_instant(t, key)).transpose();
        let (time_min, time_max) = (instant("timeMin")?, instant("timeMax")?);
        if let (Some(min), Some(max)) = (time_min, time_max)
            && max <= min
        {
            return Err(ApiError::range_empty("timeMax"));
        }
        Ok(Self {
            show_deleted,
            single_events,
            order,
            time_min,
            time_max,
            updated_min: instant("updatedMin")?,
            q: query.get("q").map(str::to_lowercase),
            ical_uid: query.get("iCalUID").map(str::to_owned),
            private: properties(query, "privateExtendedProperty")?,
            shared: properties(query, "sharedExtendedProperty")?,
            event_types: query.all("eventTypes").map(str::to_owned).collect(),
        })
    }

    /// Whether the list is filtered in a way which yields no sync token.
    #[must_use]
    pub fn suppresses_sync_token(&self) -> bool {
        self.order != Order::Unspecified
            || self.q.is_some()
            || self.ical_uid.is_some()
            || !self.private.is_empty()
            || !self.shared.is_empty()
    }

    /// Everything but the window and cancellation.
    #[must_use]
    pub fn content_fits(&self, stored: &Stored) -> bool {
        let kind = stored.text("eventType").unwrap_or("default");
        let property = |scope: &str, key: &str| {
            stored.body.get("extendedProperties").and_then(|p| p.get(scope)?.get(key)?.as_str())
        };
        (self.event_types.is_empty() || self.event_types.iter().any(|t| t == kind))
            && self.updated_min.is_none_or(|min| stored.updated_ms >= min)
            && self.ical_uid.as_deref().is_none_or(|uid| stored.text("iCalUID") == Some(uid))
            && self.private.iter().all(|(k, v)| property("private", k) == Some(v))
            && self.shared.iter().all(|(k, v)| property("shared", k) == Some(v))
            && self.q.as_ref().is_none_or(|q| matches_text(stored, q))
    }

    /// Whether a span touches the window: ends after `timeMin`, starts before `timeMax`.
    #[must_use]
    pub fn span_fits(&self, (start, end): (i64, i64)) -> bool {
        self.time_min.is_none_or(|min| end > min || (start == end && start > min))
            && self.time_max.is_none_or(|max| start < max)
    }

    /// Whether an event, or any instance of a series, touches the window.
    #[must_use]
    pub fn window_fits(&self, calendar: &Calendar, stored: &Stored) -> bool {
        let (start, end) = stored.span_ms(calendar.zone);
        if !stored.recurring() {
            return self.span_fits((start, end));
        }
        if self.time_min.is_none() {
            return self.span_fits((start, end));
        }
        let length = end - start;
        let from = self.time_min.map(|min| min - length);
        let to = self.time_max.unwrap_or(i64::MAX);
        Series::of(&stored.body, calendar.zone).is_ok_and(|series| {
            series.between(from, to, 4).iter().any(|o| self.span_fits((o.start_ms, o.start_ms + length)))
        })
    }
}

fn flag(query: &Query, key: &'static str) -> ApiResult<Option<bool>> {
    match query.get(key) {
        None => Ok(None),
        Some("true" | "True" | "1") => Ok(Some(true)),
        Some("false" | "False" | "0") => Ok(Some(false)),
        Some(text) => {
            let message = format!("Invalid value for: Invalid value \"{text}\"");
            Err(ApiError::new(400, "global", "invalidParameter", message).at("parameter", key))
        }
    }
}

fn properties(query: &Query, key: &'static str) -> ApiResult<Vec<(String, String)>> {
    query
        .all(key)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            pair.split_once('=')
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .ok_or_else(|| ApiError::invalid("Invalid value").at("parameter", key))
        })
        .collect()
}

fn matches_text(stored: &Stored, q: &str) -> bool {
    let mut text = String::new();
    for key in ["summary", "description", "location"] {
        text.push_str(stored.text(key).unwrap_or_default());
        text.push('\n');
    }
    for person in stored.body.get("attendees").and_then(Value::as_array).into_iter().flatten() {
        for key in ["email", "displayName"] {
            text.push_str(person.get(key).and_then(Value::as_str).unwrap_or_default());
            text.push('\n');
        }
    }
    let text = text.to_lowercase();
    q.split_whitespace().all(|word| text.contains(word))
}
