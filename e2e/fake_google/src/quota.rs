//! Quotas: sliding windows over the calls of a user and of a project.
//!
//! Each part of a batch is a call of its own; `events.patch` costs three. A call that is refused costs
//! nothing. Apart from the per-minute quotas there is the limit on what one user writes, which strikes
//! far below them: guests count too, and it lasts for hours.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use crate::api::Route;
use crate::error::ApiError;
use crate::http::{Request, Response};
use crate::oauth::Access;
use crate::scopes::Operation;
use crate::settings::RateLimitForm;
use crate::state::{Google, resolve};

const MINUTE_MS: i64 = 60_000;

/// Calls of the last so many milliseconds.
#[derive(Debug, Default)]
struct Window {
    calls: VecDeque<(i64, u64)>,
    units: u64,
}

impl Window {
    /// Units within `span_ms` before now. A call leaves the window when it is exactly that old.
    fn used(&mut self, now_ms: i64, span_ms: i64) -> u64 {
        while let Some((at_ms, units)) = self.calls.front().copied()
            && at_ms <= now_ms - span_ms
        {
            self.calls.pop_front();
            self.units -= units;
        }
        self.units
    }

    fn add(&mut self, now_ms: i64, units: u64) {
        self.calls.push_back((now_ms, units));
        self.units += units;
    }
}

/// All windows.
#[derive(Debug, Default)]
pub struct Quota {
    users: BTreeMap<(u64, String), Window>,
    projects: BTreeMap<u64, Window>,
    written: BTreeMap<(u64, String), Window>,
    calendars: BTreeMap<String, Window>,
}

impl Google {
    /// Counts a call against the quotas, or refuses it.
    pub(crate) fn admit(&mut self, request: &Request, route: &Route, access: &Access) -> Option<Response> {
        let (now_ms, project, operation) = (self.now_ms, access.project(), route.operation);
        let user = (project, access.email.clone());
        let settings = &self.settings;
        let units = if operation == Operation::EventsPatch { settings.patch_quota_units } else { 1 };
        let per_user = self.quota.users.entry(user.clone()).or_default();
        let per_project = self.quota.projects.entry(project).or_default();
        let by_user = per_user.used(now_ms, MINUTE_MS) + units;
        let by_project = per_project.used(now_ms, MINUTE_MS) + units;
        let over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used > limit);
        if over(settings.quota_per_minute_per_user, by_user) {
            return Some(self.refuse("user"));
        }
        if over(settings.quota_per_minute_per_project, by_project) {
            return Some(self.refuse("project"));
        }
        let written = self.quota.written.entry(user).or_default();
        if operation.writes_events() {
            let used = written.used(now_ms, settings.usage_limit_window_s * 1000) + 1 + guests(request);
            if over(settings.usage_limit_writes, used) {
                return Some(self.refuse("usage"));
            }
            let calendar = resolve(route.calendar.as_deref().unwrap_or_default(), &access.email).to_owned();
            let to_calendar = self.quota.calendars.entry(calendar).or_default();
            if over(settings.writes_per_minute_per_calendar, to_calendar.used(now_ms, MINUTE_MS) + 1) {
                return Some(self.refuse("calendar"));
            }
            to_calendar.add(now_ms, 1);
            written.add(now_ms, 1 + guests(request));
        }
        per_user.add(now_ms, units);
        per_project.add(now_ms, units);
        self.counters.peak_per_minute_user = self.counters.peak_per_minute_user.max(by_user);
        self.counters.peak_per_minute_project = self.counters.peak_per_minute_project.max(by_project);
        None
    }

    fn refuse(&mut self, quota: &'static str) -> Response {
        self.counters.refuse(quota);
        let error = match (quota, self.settings.rate_limit_form) {
            ("usage", _) => ApiError::usage_limit(403, "quotaExceeded", "Calendar usage limits exceeded."),
            (_, RateLimitForm::UserForbidden403) => {
                ApiError::usage_limit(403, "userRateLimitExceeded", "User Rate Limit Exceeded")
            }
            (_, form) => {
                let status = if form == RateLimitForm::TooMany429 { 429 } else { 403 };
                ApiError::usage_limit(status, "rateLimitExceeded", "Rate Limit Exceeded")
            }
        };
        let mut response = error.response();
        if let Some(seconds) = self.settings.retry_after_s {
            response.headers.push(("retry-after".to_owned(), seconds.to_string()));
        }
        response
    }
}

fn guests(request: &Request) -> u64 {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    body.get("attendees").and_then(Value::as_array).map_or(0, |guests| guests.len() as u64)
}
