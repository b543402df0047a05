//! `events.list`: full, incremental, paged.
//!
//! A full list runs over the ids in order and shows the latest state; its sync token starts at the
//! revision of the first page, so what changes while paging comes again in the delta. An incremental
//! list runs over the revisions between the sync token and the first page; what changes while paging
//! moves behind the range and comes in the next delta. Either way nothing is lost.
//!
//! `singleEvents=true` expands series up to two years past the present (or `timeMax`) and a thousand
//! instances each; a changed master shows all its instances again.

use std::collections::BTreeSet;
use std::ops::Bound;

use serde_json::{Value, json};

use crate::api::Call;
use crate::calendars::{page_size, page_token, sync_token};
use crate::cursor::{self, PageToken, SyncToken};
use crate::error::{ApiError, ApiResult};
use crate::events::instance;
use crate::events::params::{Order, Params};
use crate::events::read::View;
use crate::events::recur::Series;
use crate::http::Response;
use crate::model::{Calendar, Stored};
use crate::state::Google;

const DAY_MS: i64 = 86_400_000;
const EXPANSION_DAYS: i64 = 730;
const EXPANSION_LIMIT: usize = 1000;

/// A list being made.
pub(crate) struct Listing<'a> {
    pub(crate) calendar: &'a Calendar,
    pub(crate) params: Params,
    pub(crate) view: View,
    pub(crate) since: Option<u64>,
    pub(crate) now_ms: i64,
    pub(crate) reverse: bool,
}

/// Rows of a page with the key of the last one, and whether more follow.
struct Page {
    items: Vec<Value>,
    last: String,
    more: bool,
}

/// `events.list`.
pub fn list(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let q = &call.query;
    let (calendar, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    let mut params = Params::parse(q)?;
    let limit = page_size(google, q.get("maxResults"), 250, 2500)?;
    if let Some(min) = params.updated_min
        && min < google.now_ms - google.settings.updated_min_horizon_days * DAY_MS
    {
        let message = "The requested minimum modification time lies too far in the past.";
        return Err(
            ApiError::new(410, "calendar", "updatedMinTooLongAgo", message).at("parameter", "updatedMin")
        );
    }
    let of = calendar.incarnation.clone();
    let since =
        q.get("syncToken").map(|text| sync_token(google, text, &of, calendar.generation)).transpose()?;
    let digest = cursor::request_digest(&q.0);
    let page = q.get("pageToken").map(|text| page_token(text, &of, &digest)).transpose()?;
    let known = since.as_ref().map_or(0, |t| t.revision);
    let visible = visible_revision(calendar, google.settings.list_lag_ms, google.now_ms);
    let upto = page.as_ref().map_or(visible.max(known), |p| p.upto);
    let generation = page.as_ref().map_or(calendar.generation, |p| p.generation);
    let mut window = (params.time_min, params.time_max);
    if let Some(token) = &since {
        window = token.window.unwrap_or_default();
        if google.settings.sync_token_remembers_window {
            (params.time_min, params.time_max) = window;
        }
    }
    let first = page.is_none();
    let listing = Listing {
        calendar,
        params,
        view: View::new(google, calendar, role, q)?.listed(),
        since: since.as_ref().map(|t| t.revision),
        now_ms: google.now_ms,
        reverse: if since.is_some() {
            google.settings.reverse_delta
        } else {
            google.settings.reverse_full_list
        },
    };
    let after = page.map(|p| p.after).unwrap_or_default();
    let rows = if first && google.settings.empty_first_page {
        Page { items: Vec::new(), last: String::new(), more: true }
    } else {
        listing.page(&after, upto, limit)
    };
    let mut out = json!({
        "kind": "calendar#events",
        "etag": format!("\"p3{:08}{:016}\"", calendar.revision, calendar.updated_ms),
        "summary": calendar.summary,
        "updated": crate::time::rfc3339_ms(calendar.updated_ms),
        "timeZone": q.get("timeZone").unwrap_or(calendar.zone.name()),
        "accessRole": google.shown_role(role),
        "defaultReminders": calendar.default_reminders(),
        "items": rows.items,
    });
    if let Some(text) = &calendar.description {
        out["description"] = text.as_str().into();
    }
    if rows.more {
        let token = PageToken { of, upto, generation, after: rows.last, request: digest };
        out["nextPageToken"] = cursor::encode(&token).into();
    } else if !(google.settings.filters_suppress_sync_token && listing.params.suppresses_sync_token()) {
        let window = (window != (None, None)).then_some(window);
        out["nextSyncToken"] = cursor::encode(&SyncToken { of, revision: upto, generation, window }).into();
    }
    let id = call.calendar.as_str();
    google.record("list", id, |e| e.status = Some(200));
    Ok(Response::resource(&out))
}

/// The last revision a lagging replica has seen.
fn visible_revision(calendar: &Calendar, lag_ms: i64, now_ms: i64) -> u64 {
    if lag_ms <= 0 {
        return calendar.revision;
    }
    let old = |id: &String| {
        calendar.events.get(id).is_some_and(|e| e.version_us.div_euclid(1000) <= now_ms - lag_ms)
    };
    calendar.by_revision.iter().rev().find(|(_, id)| old(id)).map_or(0, |(revision, _)| *revision)
}

impl Listing<'_> {
    fn page(&self, after: &str, upto: u64, limit: usize) -> Page {
        if self.params.single_events || self.params.order != Order::Unspecified {
            return self.sorted_page(after, upto, limit);
        }
        let events = &self.calendar.events;
        let mut candidates: Box<dyn Iterator<Item = (String, &Stored)>> = match self.since {
            Some(since) if self.reverse => {
                let below = after.parse::<u64>().unwrap_or(u64::MAX).saturating_sub(1).min(upto);
                let range = (Bound::Excluded(since), Bound::Included(below.max(since + 1)));
                let rows = self.calendar.by_revision.range(range).rev().filter(move |(r, _)| **r <= below);
                Box::new(rows.filter_map(|(r, id)| events.get(id).map(|e| (r.to_string(), e))))
            }
            Some(since) => {
                let from = after.parse::<u64>().unwrap_or(since).max(since).min(upto);
                let range = (Bound::Excluded(from), Bound::Included(upto.max(from + 1)));
                let rows =
                    self.calendar.by_revision.range(range).filter(move |(revision, _)| **revision <= upto);
                Box::new(rows.filter_map(|(r, id)| events.get(id).map(|e| (r.to_string(), e))))
            }
            None if self.reverse => {
                let end = if after.is_empty() { Bound::Unbounded } else { Bound::Excluded(after) };
                let range = events.range::<str, _>((Bound::Unbounded, end)).rev();
                Box::new(range.map(|(id, e)| (id.clone(), e)))
            }
            None => {
                let range = (Bound::Excluded(after), Bound::Unbounded);
                Box::new(events.range::<str, _>(range).map(|(id, e)| (id.clone(), e)))
            }
        };
        let mut page = Page { items: Vec::new(), last: after.to_owned(), more: false };
        for (key, stored) in candidates.by_ref() {
            let Some(row) = self.row(stored) else { continue };
            if page.items.len() == limit {
                page.more = true;
                break;
            }
            page.items.push(row);
            page.last = key;
        }
        page
    }

    /// Whether the event is an exception whose master still lives.
    fn of_live_series(&self, stored: &Stored) -> bool {
        let master = stored.master().and_then(|id| self.calendar.events.get(id));
        master.is_some_and(|m| !m.cancelled() && m.recurring())
    }

    fn show_deleted(&self) -> bool {
        self.params.show_deleted == Some(true)
    }

    /// The row of a stored event, if the list shows it. Masters and exceptions are rows.
    fn row(&self, stored: &Stored) -> Option<Value> {
        if !self.params.content_fits(stored) {
            return None;
        }
        if !stored.cancelled() {
            return self.params.window_fits(self.calendar, stored).then(|| self.view.full(stored));
        }
        let exception = self.of_live_series(stored);
        if self.since.is_some() {
            return Some(if exception || !self.show_deleted() {
                self.view.stub(stored, exception)
            } else {
                self.view.full(stored)
            });
        }
        if !self.params.window_fits(self.calendar, stored) {
            return None;
        }
        if exception && (!self.params.single_events || self.show_deleted()) {
            return Some(self.view.stub(stored, true));
        }
        let wanted = self.show_deleted() || self.params.updated_min.is_some();
        // With instances only, deleted masters are not shown.
        let master = self.params.single_events && stored.recurring();
        (wanted && !master).then(|| self.view.full(stored))
    }

    fn sorted_page(&self, after: &str, upto: u64, limit: usize) -> Page {
        let mut rows = Vec::new();
        for stored in self.calendar.events.values() {
            let changed = self.since.is_none_or(|s| stored.revision > s && stored.revision <= upto);
            if changed && stored.recurring() && self.params.single_events {
                self.expand(stored, &mut rows);
            } else if changed {
                self.single_row(stored, &mut rows);
            }
        }
        rows.sort_by(|a, b| a.0.cmp(&b.0));
        let mut page = Page { items: Vec::new(), last: after.to_owned(), more: false };
        for (key, row) in rows.into_iter().filter(|(key, _)| key.as_str() > after) {
            if page.items.len() == limit {
                page.more = true;
                break;
            }
            page.items.push(row);
            page.last = key;
        }
        page
    }

    pub(crate) fn single_row(&self, stored: &Stored, rows: &mut Vec<(String, Value)>) {
        if let Some(row) = self.row(stored) {
            rows.push((self.key(stored), row));
        }
    }

    /// Sort key; never empty, so that the empty key stands before every row.
    fn key(&self, stored: &Stored) -> String {
        let id = stored.text("id").unwrap_or_default();
        // Times before 1970 must sort too.
        let sortable = |ms: i64| format!("{:020}", i128::from(ms) - i128::from(i64::MIN));
        match self.params.order {
            Order::Unspecified => format!("k{id}"),
            Order::StartTime => format!("{} {id}", sortable(stored.span_ms(self.calendar.zone).0)),
            Order::Updated => format!("{} {id}", sortable(stored.updated_ms)),
        }
    }

    /// The untouched instances of a series.
    pub(crate) fn expand(&self, master: &Stored, rows: &mut Vec<(String, Value)>) {
        if master.cancelled() && self.since.is_none() {
            return;
        }
        let Ok(series) = Series::of(&master.body, self.calendar.zone) else { return };
        let master_id = master.text("id").unwrap_or_default();
        let touched: BTreeSet<&String> = self.calendar.exceptions_of(master_id).collect();
        let (start, end) = master.span_ms(self.calendar.zone);
        let from = self.params.time_min.map(|min| min - (end - start));
        let to = self.params.time_max.unwrap_or(self.now_ms.max(start) + EXPANSION_DAYS * DAY_MS);
        for occurrence in series.between(from, to, EXPANSION_LIMIT) {
            let stored = instance::make(master, &occurrence, self.calendar.zone);
            let id = stored.text("id").unwrap_or_default().to_owned();
            if !touched.contains(&id) {
                self.single_row(&stored, rows);
            }
        }
    }
}
