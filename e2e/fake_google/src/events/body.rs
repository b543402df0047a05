//! What Google makes of an event body: checks, defaults dropped, values silently rewritten.

use chrono_tz::Tz;
use serde_json::{Value, json};

use crate::error::{ApiError, ApiResult};
use crate::events::recur;
use crate::model::Object;
use crate::time::{Moment, missing_zone};

/// Where the event goes.
#[derive(Debug, Clone)]
pub struct Context<'a> {
    /// Zone of the calendar.
    pub zone: Tz,
    /// Primary calendars may hold status events.
    pub primary: bool,
    /// Address which is `self` among the attendees.
    pub owner: &'a str,
    /// `conferenceDataVersion=1`.
    pub conference: bool,
    /// The event is an instance: it cannot recur.
    pub instance: bool,
    /// A sub-daily rule is answered 500.
    pub sub_daily_crashes: bool,
    /// The stored event, if any.
    pub before: Option<&'a Object>,
}

/// Keys a client cannot set; they are kept from the stored event.
const READ_ONLY: [&str; 11] = [
    "id",
    "iCalUID",
    "created",
    "creator",
    "organizer",
    "htmlLink",
    "recurringEventId",
    "originalStartTime",
    "hangoutLink",
    "locked",
    "privateCopy",
];

/// Turns a whole body into what is stored. Read-only keys come from `before`.
pub fn normalise(input: &Object, context: &Context<'_>) -> ApiResult<Object> {
    if input.get("endTimeUnspecified") == Some(&true.into()) {
        return Err(ApiError::forbidden());
    }
    let mut out = Object::new();
    if let Some(before) = context.before {
        for key in READ_ONLY {
            copy(before, key, &mut out);
        }
    }
    for key in ["summary", "description", "location"] {
        if let Some(text) = text(input, key)?.filter(|t| !t.is_empty()) {
            out.insert(key.to_owned(), text.into());
        }
    }
    if text(input, "transparency")? == Some("transparent") {
        out.insert("transparency".to_owned(), "transparent".into());
    }
    match text(input, "visibility")? {
        None | Some("default" | "") => {}
        Some(v @ ("public" | "private" | "confidential")) => {
            out.insert("visibility".to_owned(), v.into());
        }
        Some(_) => return Err(ApiError::invalid("Invalid value")),
    }
    let status = match text(input, "status")? {
        None => "confirmed",
        Some(s @ ("confirmed" | "tentative" | "cancelled")) => s,
        Some(_) => return Err(ApiError::invalid("Invalid value")),
    };
    out.insert("status".to_owned(), status.into());
    if let Some(color) = text(input, "colorId")? {
        if !(1..=11).contains(&color.parse().unwrap_or(0)) {
            return Err(ApiError::invalid("Invalid color ID."));
        }
        out.insert("colorId".to_owned(), color.into());
    }
    for (key, default) in
        [("guestsCanInviteOthers", true), ("guestsCanSeeOtherGuests", true), ("guestsCanModify", false)]
    {
        if let Some(value) = input.get(key).and_then(Value::as_bool).filter(|v| *v != default) {
            out.insert(key.to_owned(), value.into());
        }
    }
    for key in [
        "anyoneCanAddSelf",
        "attachments",
        "source",
        "focusTimeProperties",
        "outOfOfficeProperties",
        "workingLocationProperties",
        "birthdayProperties",
    ] {
        if input.get(key).is_some_and(|v| !v.is_null()) {
            copy(input, key, &mut out);
        }
    }
    event_type(input, context, &mut out)?;
    times(input, context, &mut out)?;
    attendees(input, context, &mut out)?;
    properties(input, &mut out);
    reminders(input, &mut out)?;
    conference(input, context, &mut out);
    Ok(out)
}

fn copy(from: &Object, key: &str, to: &mut Object) {
    if let Some(value) = from.get(key) {
        to.insert(key.to_owned(), value.clone());
    }
}

fn text<'a>(input: &'a Object, key: &str) -> ApiResult<Option<&'a str>> {
    match input.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::parse()),
    }
}

fn event_type(input: &Object, context: &Context<'_>, out: &mut Object) -> ApiResult<()> {
    let before = context.before.and_then(|b| b.get("eventType")).and_then(Value::as_str);
    let wanted = text(input, "eventType")?.or(before).unwrap_or("default");
    let known = matches!(
        wanted,
        "default" | "birthday" | "focusTime" | "outOfOffice" | "workingLocation" | "fromGmail"
    );
    let restricted = before.is_some_and(|b| b != wanted)
        || (before.is_none() && wanted == "fromGmail")
        || (wanted != "default" && !context.primary);
    if !known {
        return Err(ApiError::invalid("Invalid value"));
    }
    if restricted {
        return Err(ApiError::event_type_restriction());
    }
    out.insert("eventType".to_owned(), wanted.into());
    Ok(())
}

fn times(input: &Object, context: &Context<'_>, out: &mut Object) -> ApiResult<()> {
    // A patch may move a time from date to dateTime by naming the other as null.
    let tidy = |key: &str| {
        let mut value = input.get(key).cloned();
        if let Some(object) = value.as_mut().and_then(Value::as_object_mut) {
            object.retain(|_, v| !v.is_null());
        }
        value
    };
    let (raw_start, raw_end) = (tidy("start"), tidy("end"));
    let start = Moment::parse(raw_start.as_ref(), "start")?;
    let end = Moment::parse(raw_end.as_ref(), "end")?;
    let (from, to) = (start.ms(context.zone), end.ms(context.zone));
    match (&start, &end) {
        (Moment::Date(_), Moment::Date(_)) if to <= from => return Err(ApiError::range_empty("end")),
        (Moment::Instant { .. }, Moment::Instant { .. }) if to < from => {
            return Err(ApiError::range_empty("end"));
        }
        (Moment::Date(_), Moment::Instant { .. }) | (Moment::Instant { .. }, Moment::Date(_)) => {
            return Err(ApiError::invalid(
                "Start and end times must either both be date or both be dateTime.",
            ));
        }
        _ => {}
    }
    let recurrence = input.get("recurrence").and_then(Value::as_array).filter(|lines| !lines.is_empty());
    if let Some(lines) = recurrence.filter(|_| !context.instance) {
        for (moment, which) in [(&start, "start"), (&end, "end")] {
            if matches!(moment, Moment::Instant { zone: None, .. }) {
                return Err(missing_zone(which));
            }
        }
        out.insert("recurrence".to_owned(), Value::Array(lines.clone()));
    }
    out.insert("start".to_owned(), start.render(context.zone));
    out.insert("end".to_owned(), end.render(context.zone));
    if out.contains_key("recurrence") {
        recur::check(out, context.zone, context.sub_daily_crashes)?;
    }
    Ok(())
}

fn attendees(input: &Object, context: &Context<'_>, out: &mut Object) -> ApiResult<()> {
    let Some(list) = input.get("attendees").and_then(Value::as_array) else { return Ok(()) };
    let mut rows = Vec::new();
    for entry in list {
        let Some(email) = entry.get("email").and_then(Value::as_str).filter(|e| e.contains('@')) else {
            return Err(match entry.get("email") {
                None => ApiError::required("Missing attendee email."),
                Some(_) => ApiError::invalid("Invalid attendee email."),
            });
        };
        let mut row = entry.as_object().cloned().unwrap_or_default();
        row.remove("self");
        row.remove("organizer");
        row.insert("email".to_owned(), email.to_lowercase().into());
        if email.eq_ignore_ascii_case(context.owner) {
            row.insert("self".to_owned(), true.into());
            row.insert("organizer".to_owned(), true.into());
        }
        row.entry("responseStatus").or_insert_with(|| "needsAction".into());
        rows.push(Value::Object(row));
    }
    if !rows.is_empty() {
        out.insert("attendees".to_owned(), Value::Array(rows));
    }
    Ok(())
}

/// Keys over 44 characters vanish, values are cut at 1024, both in silence.
fn properties(input: &Object, out: &mut Object) {
    let Some(given) = input.get("extendedProperties").and_then(Value::as_object) else { return };
    let mut kept = Object::new();
    for scope in ["private", "shared"] {
        let Some(map) = given.get(scope).and_then(Value::as_object) else { continue };
        let entries: Object = map
            .iter()
            .filter(|(key, value)| key.chars().count() <= 44 && value.is_string())
            .map(|(key, value)| {
                let cut: String = value.as_str().unwrap_or_default().chars().take(1024).collect();
                (key.clone(), cut.into())
            })
            .collect();
        if !entries.is_empty() {
            kept.insert(scope.to_owned(), entries.into());
        }
    }
    if !kept.is_empty() {
        out.insert("extendedProperties".to_owned(), kept.into());
    }
}

/// Minutes are clamped, duplicates merged, unknown methods dropped; the order is Google's own.
fn reminders(input: &Object, out: &mut Object) -> ApiResult<()> {
    let Some(given) = input.get("reminders").and_then(Value::as_object) else {
        out.insert("reminders".to_owned(), json!({"useDefault": true}));
        return Ok(());
    };
    let use_default = given.get("useDefault").and_then(Value::as_bool).unwrap_or(false);
    let overrides = given.get("overrides").and_then(Value::as_array).cloned().unwrap_or_default();
    if use_default && !overrides.is_empty() {
        let message = "Cannot specify both default reminders and overrides at the same time.";
        return Err(ApiError::new(400, "calendar", "cannotUseDefaultRemindersAndSpecifyOverride", message));
    }
    if overrides.len() > 5 {
        let message = "The number of reminder overrides exceeds the limit.";
        return Err(ApiError::new(400, "calendar", "eventRemindersCountExceedsLimit", message));
    }
    let mut kept: Vec<(String, i64)> = overrides
        .iter()
        .filter_map(|o| {
            let method = o.get("method")?.as_str().filter(|m| matches!(*m, "email" | "popup"))?;
            Some((method.to_owned(), o.get("minutes")?.as_i64()?.clamp(0, 40_320)))
        })
        .collect();
    kept.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    kept.dedup();
    let mut value = json!({"useDefault": use_default});
    if !kept.is_empty() {
        value["overrides"] = kept.iter().map(|(m, n)| json!({"method": m, "minutes": n})).collect();
    }
    out.insert("reminders".to_owned(), value);
    Ok(())
}

/// Without version 1 conference data in the body is ignored; a request becomes a meeting at once.
fn conference(input: &Object, context: &Context<'_>, out: &mut Object) {
    if !context.conference {
        if let Some(before) = context.before {
            copy(before, "conferenceData", out);
        }
        return;
    }
    out.remove("hangoutLink");
    let Some(data) = input.get("conferenceData").filter(|d| d.is_object()) else { return };
    let mut data = data.clone();
    if let Some(request) = data.get("createRequest").and_then(|r| r.get("requestId")).and_then(Value::as_str)
    {
        let code: String = crate::ids::stable_number(request).to_string().chars().take(10).collect();
        let uri = format!("https://meet.google.com/{code}");
        out.insert("hangoutLink".to_owned(), uri.as_str().into());
        data["createRequest"]["status"] = json!({"statusCode": "success"});
        data["conferenceId"] = code.into();
        data["entryPoints"] = json!([{"entryPointType": "video", "uri": uri}]);
    }
    out.insert("conferenceData".to_owned(), data);
}

/// Patch semantics: objects merge, `null` removes, everything else replaces.
pub fn merge(into: &mut Object, patch: &Object) {
    for (key, value) in patch {
        match (into.get_mut(key), value) {
            (_, Value::Null) => {
                into.remove(key);
            }
            (Some(Value::Object(old)), Value::Object(new)) => merge(old, new),
            (_, Value::Object(new)) => {
                let mut fresh = Object::new();
                merge(&mut fresh, new);
                into.insert(key.clone(), fresh.into());
            }
            _ => {
                into.insert(key.clone(), value.clone());
            }
        }
    }
}

/// Whether a client may choose this id.
#[must_use]
pub fn legal_id(id: &str) -> bool {
    (5..=1024).contains(&id.len()) && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'v'))
}
