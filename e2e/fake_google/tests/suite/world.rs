//! A small world to test in.

use fake_google::Google;
use fake_google::http::{Request, Response};
use serde_json::{Value, json};

pub(crate) const ANNA: &str = "anna@example.com";
/// 2026-03-02T09:00:00Z, a Monday.
pub(crate) const START_MS: i64 = 1_772_442_000_000;

/// One user with a token for everything.
pub(crate) struct World {
    pub(crate) google: Google,
    pub(crate) token: String,
    pub(crate) now_ms: i64,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut google = Google::new();
        google.at(START_MS).create_user(ANNA, None, Some("Anna"), chrono_tz::Europe::Berlin);
        let token = google.access_token(ANNA, &["calendar"]);
        Self { google, token, now_ms: START_MS }
    }

    pub(crate) fn raw(&mut self, request: &Request) -> Response {
        self.google.handle(request, self.now_ms)
    }

    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Response {
        let mut request = Request::new(method, &format!("/calendar/v3{path}")).bearer(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        self.raw(&request)
    }

    pub(crate) fn get(&mut self, path: &str) -> Value {
        let response = self.call("GET", path, None);
        assert_eq!(response.status, 200, "{path}: {}", response.value());
        response.value()
    }

    pub(crate) fn insert(&mut self, event: &Value) -> Value {
        let response = self.call("POST", "/calendars/primary/events", Some(event));
        assert_eq!(response.status, 200, "{}", response.value());
        response.value()
    }

    pub(crate) fn patch(&mut self, id: &str, patch: &Value) -> Value {
        let response = self.call("PATCH", &format!("/calendars/primary/events/{id}"), Some(patch));
        assert_eq!(response.status, 200, "{}", response.value());
        response.value()
    }

    pub(crate) fn delete(&mut self, id: &str) -> Response {
        self.call("DELETE", &format!("/calendars/primary/events/{id}"), None)
    }

    /// All pages: rows and the sync token.
    pub(crate) fn list(&mut self, query: &str) -> (Vec<Value>, Option<String>) {
        let mut rows = Vec::new();
        let mut page = String::new();
        loop {
            let out = self.get(&format!("/calendars/primary/events?{query}{page}"));
            rows.extend(out["items"].as_array().unwrap().iter().cloned());
            let next = out["nextPageToken"].as_str();
            let sync = out["nextSyncToken"].as_str().map(str::to_owned);
            assert!(next.is_none() || sync.is_none(), "never both");
            match next {
                Some(next) => page = format!("&pageToken={next}"),
                None => return (rows, sync),
            }
        }
    }

    pub(crate) fn control(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let response = self.raw(&Request::new(method, &format!("/control{path}")).json(body));
        assert_eq!(response.status, 200, "{path}: {}", response.value());
        response.value()
    }
}

/// A one-hour event at an hour of the day.
pub(crate) fn meeting(id: &str, hour: u32) -> Value {
    json!({
        "id": id,
        "summary": format!("Meeting {id}"),
        "start": {"dateTime": format!("2026-03-10T{hour:02}:00:00Z")},
        "end": {"dateTime": format!("2026-03-10T{:02}:00:00Z", hour + 1)},
    })
}

/// A weekly series of five in Berlin.
pub(crate) fn series(id: &str) -> Value {
    json!({
        "id": id,
        "summary": "Weekly",
        "start": {"dateTime": "2026-03-16T10:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-16T11:00:00", "timeZone": "Europe/Berlin"},
        "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=5"],
    })
}

pub(crate) fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|r| r["id"].as_str().unwrap()).collect()
}
