//! From a provider's event to what the canonical store keeps.

use serde_json::Value;
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility,
};
use tminus_domain::floating::{Floating, WallTime};
use tminus_domain::mark::{MARK_PROPERTY, Ownership, apart, has_form_of_ours, ownership};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::time::Timestamp;
use tminus_google::times::{Instant, TimeError, instant, span, when};
use tminus_google::{self as google, Event, Shown, shown};
use tminus_user_graph::contract::Delta;

/// Why an event is put into quarantine. Never holds a value of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// It is not an event of the provider's schema.
    #[error("the event does not fit the provider's schema")]
    Schema,
    /// It was too large to be passed on.
    #[error("the event is too large")]
    Oversize,
    /// It was asked for by its id, and the provider did not give it in a form that can be read.
    #[error("the event could not be fetched again")]
    Unread,
    /// Its times cannot be read.
    #[error(transparent)]
    Time(#[from] TimeError),
}

/// Classifies and normalises one item of a chunk, of a calendar in this zone. Never fails: what cannot be understood is a
/// [`Delta::Bad`].
pub fn delta(item: &Value, zone: Option<&str>) -> Delta {
    let id = item.get("id").and_then(Value::as_str).filter(|id| !id.is_empty()).map(str::to_owned);
    let bad = |id: Option<String>, violation: Violation| Delta::Bad { id, reason: violation.to_string() };
    let is = |flag: &str| item.get(flag).and_then(Value::as_bool) == Some(true);
    if is("oversize") {
        return bad(id, Violation::Oversize);
    }
    if is("unread") {
        return bad(id, Violation::Unread);
    }
    let Ok(event) = serde_json::from_value::<Event>(item.clone()) else { return bad(id, Violation::Schema) };
    let Some(id) = id else { return bad(None, Violation::Schema) };
    match classified(&id, &event, zone) {
        Ok(delta) => delta,
        Err(violation) => bad(Some(id), violation),
    }
}

fn classified(id: &str, event: &Event, zone: Option<&str>) -> Result<Delta, Violation> {
    // An instance of a mirrored series that was deleted by hand: the row of a cancelled occurrence carries no mark.
    let of_ours = |master: &String| has_form_of_ours(master);
    if event.is_cancelled() && event.recurring_event_id.as_ref().is_none_or(of_ours) {
        return Ok(Delta::Deleted { id: id.to_owned() });
    }
    // A cancelled occurrence is only guaranteed to say which one it is. A version of its own differs from all others.
    let none = || event.is_cancelled().then(|| "cancelled".to_owned());
    let etag = event.etag.clone().or_else(none).ok_or(Violation::Schema)?;
    let private = event.extended_properties.as_ref().map(|properties| &properties.private);
    let mark = private.and_then(|private| private.get(MARK_PROPERTY)).map(String::as_str);
    let own_id = event.recurring_event_id.as_deref().unwrap_or(id);
    let updated = event.updated.as_deref().and_then(Timestamp::parse_rfc3339);
    match ownership(own_id, mark) {
        Ownership::Origin => {
            let (id, (content, floating)) = (id.to_owned(), content(event, zone)?);
            let content = Box::new(content);
            Ok(if floating.is_empty() {
                Delta::Present { id, etag, updated, content }
            } else {
                Delta::Floating { id, etag, updated, content, floating: Box::new(floating) }
            })
        }
        Ownership::Mirror(mark) => {
            let Shown { hash: seen, by_hand: shows } = shown(event);
            let occurrence = match (apart(id), series(event, zone)?) {
                ((_, Some(occurrence)), _) => Some(occurrence),
                (_, (_, Some(_))) => return Err(TimeError::NoOffset.into()),
                // Whatever its id says: an instance is never taken for its series.
                (_, (SeriesPart::Exception { original_start, .. }, None)) => Some(original_start),
                _ => None,
            };
            Ok(Delta::Mirror { mark: mark.to_string(), occurrence, etag, seen, updated, shows })
        }
        // A copy made by hand, or another installation's: never an origin, never touched.
        Ownership::Foreign => Ok(Delta::Deleted { id: id.to_owned() }),
    }
}

/// What an event says, and which times of it are on a clock.
fn content(event: &Event, zone: Option<&str>) -> Result<(EventContent, Floating), Violation> {
    let cancelled = event.is_cancelled();
    let (series, original_start) = series(event, zone)?;
    let times = match (when(event, zone), &series) {
        // A cancelled exception is only guaranteed its original start.
        (Err(TimeError::NoStart), SeriesPart::Exception { .. }) if cancelled => {
            let original = event.original_start_time.as_ref().ok_or(TimeError::NoStart)?;
            span(original, original, zone)?
        }
        (times, _) => times?,
    };
    let floating = Floating { span: times.floating, original_start };
    // No text and an empty one are the same: a mirror shows neither.
    let text = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let content = EventContent {
        title: text(&event.summary),
        description: text(&event.description),
        location: text(&event.location),
        when: times.when,
        status: match event.status {
            Some(google::EventStatus::Tentative) => Status::Tentative,
            Some(google::EventStatus::Cancelled) => Status::Cancelled,
            _ => Status::Confirmed,
        },
        visibility: match event.visibility {
            Some(google::Visibility::Public) => Visibility::Public,
            Some(google::Visibility::Private | google::Visibility::Confidential) => Visibility::Private,
            _ => Visibility::Default,
        },
        transparency: match event.transparency {
            Some(google::Transparency::Transparent) => Transparency::Transparent,
            _ => Transparency::Opaque,
        },
        event_type: event
            .event_type
            .as_ref()
            .and_then(|kind| kind.as_str().parse().ok())
            .unwrap_or(EventType::Default),
        own_response: own_response(event),
        organizer: match &event.organizer {
            Some(organizer) if !organizer.self_ => Organizer::Other,
            _ => Organizer::Own,
        },
        series,
        ical_uid: event.ical_uid.clone(),
        sequence: event.sequence.unwrap_or(0),
    };
    Ok((content, floating))
}

fn own_response(event: &Event) -> OwnResponse {
    event
        .attendees
        .iter()
        .find(|attendee| attendee.self_)
        .and_then(|attendee| attendee.response_status.as_ref())
        .map_or(OwnResponse::NotInvited, |response| {
            // An answer that is not known here is no refusal.
            response.as_str().parse().unwrap_or(OwnResponse::NeedsAction)
        })
}

/// What an event is to a series, and its original start if that is on a clock.
fn series(event: &Event, zone: Option<&str>) -> Result<(SeriesPart, Option<WallTime>), Violation> {
    match &event.recurring_event_id {
        Some(master) => {
            let original = event.original_start_time.as_ref().ok_or(Violation::Schema)?;
            let (original_start, wall) = match instant(original, zone)? {
                Instant::Time(at) => (Occurrence::starting(at), None),
                Instant::Wall(wall) => (Occurrence::starting(wall.as_if_utc()), Some(wall)),
                Instant::Date(day) => (Occurrence::On(day), None),
            };
            Ok((SeriesPart::Exception { master: master.clone(), original_start }, wall))
        }
        None if event.recurrence.is_empty() => Ok((SeriesPart::Single, None)),
        None => Ok((SeriesPart::Master { lines: event.recurrence.clone() }, None)),
    }
}

#[cfg(test)]
mod tests;
