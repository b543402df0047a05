//! What becomes of what a provider may say of an event.

use super::*;
use serde_json::json;
use tminus_domain::event::When;
use tminus_domain::floating::{Bound, FloatingSpan};

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
    match delta(item, None) {
        Delta::Bad { reason, .. } => reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_timed_event_keeps_its_instants_and_zone() {
    let Delta::Present { content, .. } = delta(&timed(), None) else { panic!("not an origin") };
    assert_eq!(content.when.start_text(), "2026-03-01T08:00:00.000Z");
    assert_eq!(content.when.zone(), Some("Europe/Berlin"));
    assert_eq!(content.own_response, OwnResponse::NotInvited);
}

#[test]
fn an_all_day_event_has_no_zone() {
    let mut event = with("start", json!({"date": "2026-03-01"}));
    event["end"] = json!({"date": "2026-03-02"});
    let Delta::Present { content, .. } = delta(&event, None) else { panic!("not an origin") };
    assert_eq!((content.when.start_text().as_str(), content.when.zone()), ("2026-03-01", None));
}

#[test]
fn unknown_words_and_year_zero_are_kept() {
    let mut event = with("eventType", json!("somethingNew"));
    event["created"] = json!("0000-12-31T00:00:00.000Z");
    event["attendees"] = json!([{"self": true, "responseStatus": "perhaps"}]);
    let Delta::Present { content, .. } = delta(&event, None) else { panic!("not an origin") };
    assert_eq!((content.event_type, content.own_response), (EventType::Default, OwnResponse::NeedsAction));
}

#[test]
fn a_tombstone_needs_only_its_id() {
    let item = json!({"id": "abcde", "status": "cancelled"});
    assert_eq!(delta(&item, None), Delta::Deleted { id: "abcde".into() });
    let exception = json!({
        "id": "abcde_20260301T080000Z", "etag": "\"1\"", "status": "cancelled", "recurringEventId": "abcde",
        "originalStartTime": {"dateTime": "2026-03-01T08:00:00Z"},
    });
    let Delta::Present { content, .. } = delta(&exception, None) else { panic!("not kept") };
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
    assert_eq!(delta(&copy, None), Delta::Deleted { id: "abcde".into() });
}

fn present(item: &Value, zone: Option<&str>) -> EventContent {
    match delta(item, zone) {
        Delta::Present { content, .. } => *content,
        other => panic!("not an origin: {other:?}"),
    }
}

#[test]
fn start_and_end_keep_a_zone_each() {
    let end = json!({"dateTime": "2026-03-01T22:00:00+09:00", "timeZone": "Asia/Tokyo"});
    let when = present(&with("end", end), None).when;
    let When::Timed { zone, end_zone, .. } = when else { panic!("not timed") };
    assert_eq!((zone.as_deref(), end_zone.as_deref()), (Some("Europe/Berlin"), Some("Asia/Tokyo")));
}

#[test]
fn a_time_without_an_offset_is_in_its_zone_or_its_calendars_or_refused() {
    let mut event = with("start", json!({"dateTime": "2026-03-01T09:00:00"}));
    event["end"] = json!({"dateTime": "2026-03-01T10:00:00"});
    for (zone, start) in
        [(Some("UTC"), "2026-03-01T09:00:00.000Z"), (Some("Etc/GMT-1"), "2026-03-01T08:00:00.000Z")]
    {
        assert_eq!(present(&event, zone).when.start_text(), start);
    }
    assert_eq!(reason(&event), TimeError::NoZone.to_string());
}

#[test]
fn a_time_on_a_clock_is_passed_on_with_its_zone() {
    let wall = |local: &str| WallTime { local: local.parse().unwrap(), zone: "Europe/Berlin".to_owned() };
    let mut event = with("start", json!({"dateTime": "2026-07-01T09:00:00", "timeZone": "Europe/Berlin"}));
    event["end"] = json!({"dateTime": "2026-07-01T10:00:00"});
    event["recurringEventId"] = json!("base");
    event["originalStartTime"] = json!({"dateTime": "2026-07-01T08:30:00"});
    let Delta::Floating { content, floating, .. } = delta(&event, Some("Europe/Berlin")) else {
        panic!("not passed on")
    };
    let bound = |local| Bound::Wall(wall(local));
    let span = FloatingSpan { start: bound("2026-07-01T09:00:00"), end: bound("2026-07-01T10:00:00") };
    let original_start = Some(wall("2026-07-01T08:30:00"));
    assert_eq!(*floating, Floating { span: Some(span), original_start });
    assert_eq!(content.when.zone(), Some("Europe/Berlin"));
    let resolved = floating.resolved(&content).unwrap();
    assert_eq!(resolved.when.start_text(), "2026-07-01T07:00:00.000Z");
    assert_eq!(resolved.when.end_text(), "2026-07-01T08:00:00.000Z");
    let original_start = Occurrence::from_stamp("20260701T063000Z").unwrap();
    assert_eq!(resolved.series, SeriesPart::Exception { master: "base".to_owned(), original_start });
}

#[test]
fn a_cancelled_occurrence_on_a_clock_is_passed_on_too() {
    let item = json!({
        "id": "odd", "status": "cancelled", "recurringEventId": "base",
        "originalStartTime": {"dateTime": "2026-07-01T08:30:00", "timeZone": "Europe/Berlin"},
    });
    let Delta::Floating { content, floating, .. } = delta(&item, None) else { panic!("not passed on") };
    let resolved = floating.resolved(&content).unwrap();
    assert_eq!(resolved.status, Status::Cancelled);
    assert_eq!(resolved.when.start_text(), "2026-07-01T06:30:00.000Z");
}

#[test]
fn an_end_that_is_made_up_missing_or_the_start_is_kept() {
    let mut event = with("endTimeUnspecified", json!(true));
    event["end"] = event["start"].clone();
    let when = present(&event, None).when;
    assert_eq!(when.start_text(), when.end_text());
    let mut event = timed();
    event.as_object_mut().unwrap().remove("end");
    assert_eq!(present(&event, None).when, when);
}

#[test]
fn whose_event_it_is_is_said_by_its_organizer() {
    let of = |organizer| present(&with("organizer", organizer), None).organizer;
    assert_eq!(present(&timed(), None).organizer, Organizer::Own);
    assert_eq!(of(json!(null)), Organizer::Own);
    assert_eq!(of(json!({"self": true})), Organizer::Own);
    assert_eq!(of(json!({"email": "boss@example.com"})), Organizer::Other);
    assert_eq!(of(json!({"self": false})), Organizer::Other);
}

#[test]
fn words_that_are_not_known_are_kept_as_the_default() {
    let mut event = timed();
    for key in ["status", "visibility", "transparency", "eventType"] {
        event[key] = json!("brandNew");
    }
    let content = present(&event, None);
    assert_eq!((content.status, content.visibility), (Status::Confirmed, Visibility::Default));
    assert_eq!(content.transparency, Transparency::Opaque);
}

#[test]
fn an_empty_text_is_none() {
    let mut event = timed();
    for key in ["summary", "description", "location"] {
        event[key] = json!("");
    }
    let content = present(&event, None);
    assert_eq!((content.title, content.description, content.location), (None, None, None));
}

#[test]
fn an_id_is_any_text_but_none() {
    let long = "x".repeat(2_000);
    for id in ["a/b", "..", ".", "a b", "\u{1f4c5}", "base_R20260301T080000", "\u{0}", long.as_str()] {
        let Delta::Present { id: kept, .. } = delta(&with("id", json!(id)), None) else { panic!("{id}") };
        assert_eq!(kept, id);
        let gone = delta(&json!({"id": id, "status": "cancelled"}), None);
        assert_eq!(gone, Delta::Deleted { id: id.to_owned() });
    }
    for none in [json!(""), json!(null), json!(7)] {
        let bad = delta(&with("id", none), None);
        assert_eq!(bad, Delta::Bad { id: None, reason: Violation::Schema.to_string() });
    }
}

#[test]
fn five_thousand_guests_and_two_megabytes_are_an_event() {
    let guests: Vec<Value> = (0..5_000)
        .map(|at| json!({"email": format!("g{at}@example.com"), "self": at == 4_999, "responseStatus": "declined"}))
        .collect();
    let mut event = with("attendees", json!(guests));
    event["description"] = json!("x".repeat(2_000_000));
    assert_eq!(present(&event, None).own_response, OwnResponse::Declined);
}

mod of_ours {
    use super::*;
    use tminus_domain::ids::{AccountId, CalendarId, EventId, PrefixedId, Ulid};
    use tminus_domain::mark::Mark;

    fn mark() -> Mark {
        Mark {
            event: EventId::from_ulid(Ulid::from_parts(1, 1)),
            target_account: AccountId::from_ulid(Ulid::from_parts(1, 2)),
            target_calendar: CalendarId::from_ulid(Ulid::from_parts(1, 3)),
            id_generation: 0,
        }
    }

    fn instance(id: &str) -> Value {
        let mut event = with("recurringEventId", json!(mark().provider_event_id()));
        event["id"] = json!(id);
        event["originalStartTime"] = json!({"dateTime": "2026-03-01T09:00:00+01:00"});
        event["extendedProperties"] = json!({"private": {MARK_PROPERTY: mark().to_string()}});
        event
    }

    fn stamped() -> String {
        format!("{}_20260301T080000Z", mark().provider_event_id())
    }

    #[test]
    fn an_instance_of_a_mirror_is_that_instance_as_it_shows() {
        let item = instance(&stamped());
        let Delta::Mirror { mark: of, occurrence, seen, .. } = delta(&item, None) else {
            panic!("no mirror")
        };
        assert_eq!(of, mark().to_string());
        assert_eq!(occurrence, Some(Occurrence::from_stamp("20260301T080000Z").unwrap()));
        // The hash of what the instance shows: no rule, no zone.
        let event: Event = serde_json::from_value(item).unwrap();
        let body = google::mirror_body(&event).unwrap();
        assert!(body.recurrence.is_empty() && body.when.zone().is_none());
        assert_eq!(seen, body.hash());
    }

    #[test]
    fn an_instance_is_never_taken_for_its_series() {
        let Delta::Mirror { occurrence, .. } = delta(&instance("odd"), None) else { panic!("no mirror") };
        assert_eq!(occurrence, Some(Occurrence::from_stamp("20260301T080000Z").unwrap()));
        let mut item = instance("odd");
        item.as_object_mut().unwrap().remove("originalStartTime");
        assert_eq!(reason(&item), Violation::Schema.to_string());
    }

    #[test]
    fn an_instance_of_a_mirror_that_was_deleted_by_hand_is_no_origin() {
        let bare = json!({
            "id": stamped(), "status": "cancelled", "recurringEventId": mark().provider_event_id(), "etag": "\"1\"",
            "originalStartTime": {"dateTime": "2026-03-01T09:00:00+01:00"},
        });
        assert_eq!(delta(&bare, None), Delta::Deleted { id: stamped() });
        let mut whole = instance(&stamped());
        whole["status"] = json!("cancelled");
        assert_eq!(delta(&whole, None), Delta::Deleted { id: stamped() });
    }

    #[test]
    fn a_cancelled_occurrence_of_a_user_needs_no_version() {
        let bare = json!({
            "id": "abcde_20260301T080000Z", "status": "cancelled", "recurringEventId": "abcde",
            "originalStartTime": {"dateTime": "2026-03-01T09:00:00+01:00"},
        });
        assert_eq!(present(&bare, None).status, Status::Cancelled);
    }
}
