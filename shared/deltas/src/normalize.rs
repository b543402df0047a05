//! From a provider's event to what the canonical store keeps.

use serde_json::Value;
use tminus_domain::event::{
    EventContent, EventType, Organizer, OwnResponse, SeriesPart, Status, Transparency, Visibility,
};
use tminus_domain::mark::{MARK_PROPERTY, Ownership, apart, ownership};
use tminus_domain::occurrence::Occurrence;
use tminus_domain::time::Timestamp;
use tminus_google::times::{Instant, TimeError, instant, span, when};
use tminus_google::{self as google, Event, shown_hash};
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

/// Classifies and normalises one item of a chunk. Never fails: what cannot be understood is a [`Delta::Bad`].
pub fn delta(item: &Value) -> Delta {
    let id = item.get("id").and_then(Value::as_str).map(str::to_owned);
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
    match classified(&id, &event) {
        Ok(delta) => delta,
        Err(violation) => bad(Some(id), violation),
    }
}

fn classified(id: &str, event: &Event) -> Result<Delta, Violation> {
    let exception = event.recurring_event_id.is_some();
    if event.is_cancelled() && !exception {
        return Ok(Delta::Deleted { id: id.to_owned() });
    }
    let etag = event.etag.clone().ok_or(Violation::Schema)?;
    let private = event.extended_properties.as_ref().map(|properties| &properties.private);
    let mark = private.and_then(|private| private.get(MARK_PROPERTY)).map(String::as_str);
    let own_id = event.recurring_event_id.as_deref().unwrap_or(id);
    let updated = event.updated.as_deref().and_then(Timestamp::parse_rfc3339);
    match ownership(own_id, mark) {
        Ownership::Origin => {
            Ok(Delta::Present { id: id.to_owned(), etag, updated, content: Box::new(content(event)?) })
        }
        Ownership::Mirror(mark) => {
            let seen = shown_hash(event);
            let (_, occurrence) = apart(id);
            Ok(Delta::Mirror { mark: mark.to_string(), occurrence, etag, seen, updated })
        }
        // A copy made by hand, or another installation's: never an origin, never touched.
        Ownership::Foreign => Ok(Delta::Deleted { id: id.to_owned() }),
    }
}

fn content(event: &Event) -> Result<EventContent, Violation> {
    let cancelled = event.is_cancelled();
    let series = series(event)?;
    let when = match (when(event), &series) {
        // A cancelled exception is only guaranteed its original start.
        (Err(TimeError::NoStart), SeriesPart::Exception { .. }) if cancelled => {
            let original = event.original_start_time.as_ref().ok_or(TimeError::NoStart)?;
            span(original, original)?
        }
        (when, _) => when?,
    };
    Ok(EventContent {
        title: event.summary.clone(),
        description: event.description.clone(),
        location: event.location.clone(),
        when,
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
    })
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

fn series(event: &Event) -> Result<SeriesPart, Violation> {
    match &event.recurring_event_id {
        Some(master) => {
            let original = event.original_start_time.as_ref().ok_or(Violation::Schema)?;
            let original_start = match instant(original)? {
                Instant::Time(at) => Occurrence::At(at),
                Instant::Date(day) => Occurrence::On(day),
            };
            Ok(SeriesPart::Exception { master: master.clone(), original_start })
        }
        None if event.recurrence.is_empty() => Ok(SeriesPart::Single),
        None => Ok(SeriesPart::Master { lines: event.recurrence.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn timed() -> Value {
        json!({
            "id": "abcde", "etag": "\"1\"", "status": "confirmed", "summary": "Secret",
            "start": {"dateTime": "2026-03-01T09:00:00+01:00", "timeZone": "Europe/Berlin"},
            "end": {"dateTime": "2026-03-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
        })
    }

    fn with(key: &str, value: Value) -> Value {
        let mut event = timed();
        event[key] = value;
        event
    }

    fn reason(item: &Value) -> String {
        match delta(item) {
            Delta::Bad { reason, .. } => reason,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn a_timed_event_keeps_its_instants_and_zone() {
        let Delta::Present { content, .. } = delta(&timed()) else { panic!("not an origin") };
        assert_eq!(content.when.start_text(), "2026-03-01T08:00:00.000Z");
        assert_eq!(content.when.zone(), Some("Europe/Berlin"));
        assert_eq!(content.own_response, OwnResponse::NotInvited);
    }

    #[test]
    fn an_all_day_event_has_no_zone() {
        let mut event = with("start", json!({"date": "2026-03-01"}));
        event["end"] = json!({"date": "2026-03-02"});
        let Delta::Present { content, .. } = delta(&event) else { panic!("not an origin") };
        assert_eq!((content.when.start_text().as_str(), content.when.zone()), ("2026-03-01", None));
    }

    #[test]
    fn unknown_words_and_year_zero_are_kept() {
        let mut event = with("eventType", json!("somethingNew"));
        event["created"] = json!("0000-12-31T00:00:00.000Z");
        event["attendees"] = json!([{"self": true, "responseStatus": "perhaps"}]);
        let Delta::Present { content, .. } = delta(&event) else { panic!("not an origin") };
        assert_eq!(
            (content.event_type, content.own_response),
            (EventType::Default, OwnResponse::NeedsAction)
        );
    }

    #[test]
    fn a_tombstone_needs_only_its_id() {
        let item = json!({"id": "abcde", "status": "cancelled"});
        assert_eq!(delta(&item), Delta::Deleted { id: "abcde".into() });
        let exception = json!({
            "id": "abcde_20260301T080000Z", "etag": "\"1\"", "status": "cancelled", "recurringEventId": "abcde",
            "originalStartTime": {"dateTime": "2026-03-01T08:00:00Z"},
        });
        let Delta::Present { content, .. } = delta(&exception) else { panic!("not kept") };
        assert_eq!(content.status, Status::Cancelled);
    }

    #[test]
    fn each_violation_has_its_reason_and_shows_no_value() {
        assert_eq!(reason(&with("end", json!({"date": "2026-03-02"}))), TimeError::MixedTimes.to_string());
        let early = json!({"dateTime": "2026-03-01T08:00:00+01:00"});
        assert_eq!(reason(&with("end", early)), TimeError::EndBeforeStart.to_string());
        assert_eq!(reason(&with("start", json!({"dateTime": "Secret"}))), TimeError::BadTime.to_string());
        assert_eq!(reason(&with("start", json!({}))), TimeError::NoStart.to_string());
        assert_eq!(reason(&with("start", json!(7))), Violation::Schema.to_string());
        assert_eq!(reason(&json!({"id": "x", "oversize": true})), Violation::Oversize.to_string());
        assert_eq!(reason(&json!({"id": "x", "unread": true})), Violation::Unread.to_string());
        assert_eq!(reason(&json!([1])), Violation::Schema.to_string());
    }

    #[test]
    fn a_copy_of_a_mirror_is_no_origin() {
        let copy = with("extendedProperties", json!({"private": {MARK_PROPERTY: "1:evt_x"}}));
        assert_eq!(delta(&copy), Delta::Deleted { id: "abcde".into() });
    }
}
