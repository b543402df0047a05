//! `events.instances`: the instances of one series, page by page.
//!
//! `timeMin` is inclusive here, unlike in `events.list`. `originalStart` names one instance by the
//! start which it had before it was moved.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::api::Call;
use crate::calendars::{page_size, page_token};
use crate::cursor::{self, PageToken};
use crate::error::{ApiError, ApiResult};
use crate::events::list::Listing;
use crate::events::params::Params;
use crate::events::read::View;
use crate::http::Response;
use crate::state::Google;

/// `events.instances`.
pub fn instances(google: &Google, call: &Call<'_>) -> ApiResult {
    let q = &call.query;
    let (calendar, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    let mut params = Params::parse(q)?;
    params.time_min = params.time_min.map(|min| min - 1);
    let limit = page_size(google, q.get("maxResults"), 250, 2500)?;
    let master = calendar.events.get(&call.event).ok_or_else(ApiError::not_found)?;
    let of = format!("{}/{}", calendar.incarnation, call.event);
    let digest = cursor::request_digest(&q.0);
    let page = q.get("pageToken").map(|text| page_token(text, &of, &digest)).transpose()?;
    let hide_cancelled = google.settings.instances_hide_cancelled && params.show_deleted != Some(true);
    let listing = Listing {
        calendar,
        params,
        view: View::new(google, calendar, role, q)?,
        since: None,
        now_ms: google.now_ms,
        reverse: false,
    };
    let mut rows = Vec::new();
    listing.expand(master, &mut rows);
    for id in calendar.exceptions_of(&call.event) {
        if let Some(stored) = calendar.events.get(id) {
            listing.single_row(stored, &mut rows);
        }
    }
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let original = q.get("originalStart");
    let after = page.map(|p| p.after).unwrap_or_default();
    let mut rows = rows.into_iter().filter(|(key, row)| {
        *key > after
            && original.is_none_or(|o| began_at(row, o))
            && !(hide_cancelled && row.get("status") == Some(&"cancelled".into()))
    });
    let mut items = Vec::new();
    let mut last = String::new();
    for (key, row) in rows.by_ref().take(limit) {
        items.push(row);
        last = key;
    }
    let mut out = json!({
        "kind": "calendar#events",
        "etag": format!("\"p3{:08}i\"", calendar.revision),
        "summary": calendar.summary,
        "updated": crate::time::rfc3339_ms(calendar.updated_ms),
        "timeZone": q.get("timeZone").unwrap_or(calendar.zone.name()),
        "accessRole": google.shown_role(role),
        "defaultReminders": calendar.default_reminders(),
        "items": items,
    });
    if rows.next().is_some() {
        let (upto, generation) = (calendar.revision, calendar.generation);
        let token = PageToken { of, upto, generation, after: last, request: digest };
        out["nextPageToken"] = cursor::encode(&token).into();
    }
    Ok(Response::resource(&out))
}

/// Whether an instance originally began then: the same date, or the same instant in any offset.
fn began_at(row: &Value, wanted: &str) -> bool {
    let start = row.get("originalStartTime");
    let text = start.and_then(|s| s.get("dateTime").or_else(|| s.get("date"))).and_then(Value::as_str);
    let instant = |t: &str| DateTime::parse_from_rfc3339(t).ok();
    text.is_some_and(|t| t == wanted || (instant(t).is_some() && instant(t) == instant(wanted)))
}
