//! `calendars` and `calendarList`.

use serde_json::{Value, json};

use crate::api::Call;
use crate::cursor::{self, PageToken, SyncToken};
use crate::error::{ApiError, ApiResult};
use crate::http::Response;
use crate::model::{Calendar, Member, Object, Role};
use crate::settings::ExpiredSyncToken;
use crate::state::Google;
use crate::time::parse_zone;

/// `calendarList.list`.
pub fn list(google: &Google, call: &Call<'_>) -> ApiResult {
    let q = &call.query;
    let email = call.access.email.as_str();
    let user = google.users.get(email).ok_or_else(ApiError::unauthenticated)?;
    let of = format!("list:{}", user.sub);
    let incremental = q.get("syncToken").is_some();
    if incremental && (q.get("minAccessRole").is_some() || q.get("showOwnOrganizationOnly").is_some()) {
        return Err(restrictions());
    }
    let since =
        q.get("syncToken").map(|text| sync_token(google, text, &of, user.list_generation)).transpose()?;
    let digest = cursor::request_digest(&q.0);
    let page = q.get("pageToken").map(|text| page_token(text, &of, &digest)).transpose()?;
    if page.as_ref().is_some_and(|p| since.is_some() && p.generation != user.list_generation) {
        return Err(ApiError::full_sync_required());
    }
    let upto = page.as_ref().map_or(user.list_revision, |p| p.upto);
    let generation = page.as_ref().map_or(user.list_generation, |p| p.generation);
    let after = page.map(|p| p.after);
    let least = match q.get("minAccessRole") {
        Some(text) => Role::parse(text).ok_or_else(|| ApiError::invalid("Invalid value"))?,
        None => Role::FreeBusyReader,
    };
    let show_deleted = q.get("showDeleted") == Some("true") || since.is_some();
    let limit = page_size(google, q.get("maxResults"), 100, 250)?;
    let mut rows = google.calendars.values().filter_map(|calendar| {
        let member = calendar.members.get(email)?;
        let fresh = since.as_ref().is_none_or(|s| member.list_revision > s.revision);
        let wanted = fresh
            && (show_deleted || !(member.deleted || member.unlisted))
            && member.role >= least
            && after.as_ref().is_none_or(|a| calendar.id > *a);
        wanted.then_some((calendar, member))
    });
    let mut items = Vec::new();
    let mut last = String::new();
    for (calendar, member) in rows.by_ref().take(limit) {
        last.clone_from(&calendar.id);
        items.push(google.list_entry(calendar, email, member));
    }
    let mut out = json!({
        "kind": "calendar#calendarList",
        "etag": format!("\"p3{:010}{generation}\"", user.list_revision),
        "items": items,
    });
    if rows.next().is_some() {
        let token = PageToken { of, upto, generation, after: last, request: digest };
        out["nextPageToken"] = cursor::encode(&token).into();
    } else {
        let token = SyncToken { of, revision: upto, generation, window: None };
        out["nextSyncToken"] = cursor::encode(&token).into();
    }
    Ok(Response::resource(&out))
}

/// `calendarList.get`.
pub fn list_get(google: &Google, call: &Call<'_>) -> ApiResult {
    let (calendar, _) = google.calendar_for(&call.access.email, &call.calendar)?;
    let member = calendar.members.get(&call.access.email).filter(|m| !m.unlisted);
    let member = member.ok_or_else(ApiError::not_found)?;
    Ok(Response::resource(&google.list_entry(calendar, &call.access.email, member)))
}

/// `calendarList.insert`: a calendar to which the caller has access comes (back) into his list.
pub fn list_insert(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let body = call.body()?;
    let id = body.get("id").and_then(Value::as_str).ok_or_else(|| ApiError::required("Required"))?;
    let email = call.access.email.as_str();
    google.calendar_for(email, id)?;
    google.set_listed(id, email, true);
    let (calendar, _) = google.calendar_for(email, id)?;
    let member = calendar.members.get(email).ok_or_else(ApiError::not_found)?;
    Ok(Response::resource(&google.list_entry(calendar, email, member)))
}

/// `calendarList.delete`: out of the caller's list; what he may do with the calendar stays.
pub fn list_delete(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let email = call.access.email.as_str();
    let (calendar, _) = google.calendar_for(email, &call.calendar)?;
    if calendar.primary && calendar.id == email {
        return Err(ApiError::forbidden());
    }
    if calendar.members.get(email).is_none_or(|m| m.unlisted) {
        return Err(ApiError::not_found());
    }
    google.set_listed(&call.calendar, email, false);
    Ok(Response::empty(204))
}

/// `calendars.get`.
pub fn get(google: &Google, call: &Call<'_>) -> ApiResult {
    let (calendar, _) = google.calendar_for(&call.access.email, &call.calendar)?;
    Ok(Response::resource(&calendar.resource()))
}

/// `calendars.insert`.
pub fn insert(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let body = call.body()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|s| !s.is_empty());
    let summary = text("summary").ok_or_else(|| ApiError::required("Missing title."))?;
    let home = google.calendars.get(&call.access.email).map_or(chrono_tz::UTC, |c| c.zone);
    let zone = match text("timeZone") {
        Some(name) => parse_zone(name).ok_or_else(|| ApiError::invalid("Invalid time zone."))?,
        None => home,
    };
    let id = google.new_calendar_id();
    google.add_calendar(&call.access.email, &id, Role::Owner, |c| {
        c.summary = summary.to_owned();
        c.description = text("description").map(str::to_owned);
        c.location = text("location").map(str::to_owned);
        c.zone = zone;
        c.created_by_client = Some(call.access.client_id.clone());
    });
    let (calendar, _) = google.calendar_for(&call.access.email, &id)?;
    Ok(Response::resource(&calendar.resource()))
}

/// `calendars.patch` and `calendars.update`.
pub fn patch(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let body = call.body()?;
    let (_, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    if role < Role::Owner {
        return Err(ApiError::forbidden());
    }
    let now_ms = google.now_ms;
    let calendar = google.calendars.get_mut(&call.calendar).ok_or_else(ApiError::not_found)?;
    apply_patch(calendar, &body)?;
    calendar.version_us = (now_ms * 1000).max(calendar.version_us + 1);
    Ok(Response::resource(&calendar.resource()))
}

fn apply_patch(calendar: &mut Calendar, body: &Object) -> ApiResult<()> {
    if let Some(zone) = body.get("timeZone").and_then(Value::as_str) {
        calendar.zone = parse_zone(zone).ok_or_else(|| ApiError::invalid("Invalid time zone."))?;
    }
    if let Some(summary) = body.get("summary").and_then(Value::as_str) {
        summary.clone_into(&mut calendar.summary);
    }
    if let Some(value) = body.get("description") {
        calendar.description = value.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    }
    if let Some(value) = body.get("location") {
        calendar.location = value.as_str().filter(|s| !s.is_empty()).map(str::to_owned);
    }
    Ok(())
}

/// `calendars.delete`: secondary calendars only, by their owner.
pub fn delete(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let (calendar, role) = google.calendar_for(&call.access.email, &call.calendar)?;
    if calendar.primary {
        return Err(ApiError::new(
            400,
            "global",
            "cannotDeletePrimaryCalendar",
            "Cannot delete primary calendar.",
        ));
    }
    if role < Role::Owner {
        return Err(ApiError::forbidden());
    }
    google.remove_calendar(&call.calendar);
    Ok(Response::empty(204))
}

impl Google {
    /// Removes a calendar from the world: its events answer 404 from now on, the lists of its
    /// members show it as deleted.
    pub fn remove_calendar(&mut self, id: &str) {
        let Some(calendar) = self.calendars.get_mut(id) else { return };
        calendar.events.clear();
        calendar.by_revision.clear();
        let members: Vec<String> = calendar.members.keys().cloned().collect();
        for email in members {
            self.remove_member(id, &email);
        }
        self.channels.retain(|_, channel| channel.calendar != id);
    }

    /// The entry as shown, with the role that the settings want to be seen.
    pub(crate) fn list_entry(&self, calendar: &Calendar, email: &str, member: &Member) -> Value {
        let mut out = calendar.list_entry(email, member);
        if let Some(role) = out.get_mut("accessRole") {
            *role = self.shown_role(member.role).into();
        }
        out
    }

    /// The name of a role, or the one that the settings want to be seen.
    pub(crate) fn shown_role(&self, role: Role) -> String {
        self.settings.shown_access_role.clone().unwrap_or_else(|| role.name().to_owned())
    }

    fn set_listed(&mut self, id: &str, email: &str, listed: bool) {
        let (Some(calendar), Some(user)) = (self.calendars.get_mut(id), self.users.get_mut(email)) else {
            return;
        };
        if let Some(member) = calendar.members.get_mut(email).filter(|m| m.unlisted == listed) {
            user.list_revision += 1;
            member.unlisted = !listed;
            member.list_revision = user.list_revision;
        }
    }

    /// Takes a calendar away from a user.
    pub fn remove_member(&mut self, id: &str, email: &str) {
        let (Some(calendar), Some(user)) = (self.calendars.get_mut(id), self.users.get_mut(email)) else {
            return;
        };
        if let Some(member) = calendar.members.get_mut(email) {
            user.list_revision += 1;
            member.deleted = true;
            member.list_revision = user.list_revision;
        }
    }
}

/// Reads a sync token: 400 for garbage, 410 for an expired one unless the settings say otherwise.
pub fn sync_token(google: &Google, text: &str, of: &str, generation: u32) -> ApiResult<SyncToken> {
    let token: SyncToken =
        cursor::decode(text).filter(|t: &SyncToken| t.of == of).ok_or_else(ApiError::invalid_sync_token)?;
    if token.generation == generation {
        return Ok(token);
    }
    Err(match google.settings.expired_sync_token {
        ExpiredSyncToken::Gone410 => ApiError::full_sync_required(),
        ExpiredSyncToken::Invalid400 => ApiError::invalid_sync_token(),
    })
}

/// Reads a page token, which only goes with the same request.
pub fn page_token(text: &str, of: &str, digest: &str) -> ApiResult<PageToken> {
    cursor::decode(text)
        .filter(|t: &PageToken| t.of == of && t.request == digest)
        .ok_or_else(|| ApiError::invalid("Invalid page token value.").at("parameter", "pageToken"))
}

/// 400 for a sync token next to a filter.
#[must_use]
pub fn restrictions() -> ApiError {
    ApiError::new(
        400,
        "calendar",
        "syncTokenWithRequestRestrictions",
        "Sync token cannot be used with other request restrictions.",
    )
    .at("parameter", "syncToken")
}

/// `maxResults`, clamped.
pub fn page_size(google: &Google, asked: Option<&str>, default: usize, max: usize) -> ApiResult<usize> {
    let size = match asked {
        Some(text) => match text.parse::<i64>() {
            Ok(n) if n >= 1 => usize::try_from(n).unwrap_or(max),
            _ => {
                let message = format!("Invalid value '{text}'. Values must be within the range: [1, {max}]");
                return Err(
                    ApiError::new(400, "global", "invalidParameter", message).at("parameter", "maxResults")
                );
            }
        },
        None => default,
    };
    Ok(size.min(max).min(google.settings.page_size_cap.unwrap_or(max)).max(1))
}
