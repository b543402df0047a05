//! Golden resources: what Google was seen to deliver.

use crate::{
    AccessRole, CalendarListPage, Event, EventDateTime, EventPage, EventStatus, EventType,
    ExtendedProperties, MalformedItem, Reminders, ResponseStatus, WatchRequest, WatchResponse,
};
use std::collections::BTreeMap;

const PAGE: &str = r##"{
 "kind": "calendar#events", "etag": "\"p33g\"", "summary": "a@example.com", "description": null,
 "updated": "2026-01-05T10:00:00.000Z", "timeZone": "Europe/Berlin", "accessRole": "supervisor",
 "defaultReminders": [{"method": "popup", "minutes": 10}], "nextSyncToken": "CPDAlvWDx70CEPDAlvWDx70CGAU=",
 "items": [
  {"kind": "calendar#event", "etag": "\"3412057767766000\"", "id": "master1", "status": "confirmed",
   "created": "0000-12-31T00:00:00Z", "updated": "2024-01-23T16:54:43.883Z", "summary": "Weekly",
   "start": {"dateTime": "2024-01-23T09:00:00+01:00", "timeZone": "Europe/Berlin"},
   "end": {"dateTime": "2024-01-23T10:00:00+01:00", "timeZone": "Europe/Berlin"},
   "recurrence": ["EXDATE;VALUE=DATE:20150909", "RRULE:FREQ=WEEKLY;WKST=SU"],
   "iCalUID": "master1@google.com", "sequence": 2, "organizer": {"self": true, "email": "a@example.com"},
   "attendees": [{"email": "a@example.com", "self": true, "responseStatus": "accepted"},
                 {"email": "b@example.com", "responseStatus": "pondering"}],
   "extendedProperties": {"private": {"tminus": "1"}}, "eventType": "spaceWalk", "unheardOf": {"x": [1]},
   "reminders": {"useDefault": false}},
  {"id": "master1_20240130T080000Z", "status": "confirmed", "start": 17},
  "not an event", null, {"status": "confirmed"}, {"id": ""},
  {"etag": "\"p\"", "id": "sq9n_20120320T230000Z", "kind": "calendar#event", "status": "cancelled",
   "recurringEventId": "sq9n", "originalStartTime": {"dateTime": "2012-03-21T00:00:00+01:00"}},
  {"kind": "calendar#event", "etag": "\"q\"", "id": "gone1", "status": "cancelled"},
  {"id": "base_R20240101T090000_20240108T090000Z", "start": {"date": "2024-01-08"}, "end": {"date": "2024-01-09"},
   "recurrence": null, "attendees": null}
 ]}"##;

#[test]
fn a_page_survives_its_worst_row() {
    let page: EventPage = serde_json::from_str(PAGE).unwrap();
    assert_eq!(page.access_role, Some(AccessRole::Other("supervisor".to_owned())));
    assert_eq!(page.time_zone.as_deref(), Some("Europe/Berlin"));
    assert_eq!(page.next_sync_token.as_deref(), Some("CPDAlvWDx70CEPDAlvWDx70CGAU="));
    assert_eq!(page.next_page_token, None);
    let rows: Vec<_> = page.events().collect();
    assert_eq!(rows.len(), 9);
    assert_eq!(rows[1], Err(MalformedItem { id: Some("master1_20240130T080000Z".to_owned()) }));
    for row in &rows[2..6] {
        assert_eq!(row, &Err(MalformedItem { id: None }));
    }
    assert_eq!(page.items[3].json(), "null");
    assert!(!format!("{page:?}").contains("Weekly"));
}

#[test]
fn an_event_keeps_what_it_does_not_know() {
    let page: EventPage = serde_json::from_str(PAGE).unwrap();
    let event = page.items[0].parse().unwrap();
    assert_eq!(event.created.as_deref(), Some("0000-12-31T00:00:00Z"));
    assert_eq!(event.event_type, Some(EventType::Other("spaceWalk".to_owned())));
    assert_eq!(event.attendees[0].response_status, Some(ResponseStatus::Accepted));
    assert!(event.attendees[0].self_ && !event.attendees[1].self_);
    assert_eq!(event.attendees[1].response_status, Some(ResponseStatus::Other("pondering".to_owned())));
    assert_eq!(event.organizer.as_ref().map(|organizer| organizer.self_), Some(true));
    assert_eq!(event.recurrence.len(), 2);
    assert_eq!(event.ical_uid.as_deref(), Some("master1@google.com"));
    let text = serde_json::to_string(&event).unwrap();
    assert!(
        text.contains(r#""eventType":"spaceWalk""#) && text.contains(r#""iCalUID":"master1@google.com""#)
    );
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
}

#[test]
fn cancelled_rows_are_bare() {
    let page: EventPage = serde_json::from_str(PAGE).unwrap();
    let instance = page.items[6].parse().unwrap();
    assert!(instance.is_cancelled());
    assert_eq!(instance.recurring_event_id.as_deref(), Some("sq9n"));
    assert_eq!(instance.original_start_time.unwrap().date_time.as_deref(), Some("2012-03-21T00:00:00+01:00"));
    let gone = page.items[7].parse().unwrap();
    let expected = Event {
        id: Some("gone1".to_owned()),
        etag: Some("\"q\"".to_owned()),
        status: Some(EventStatus::Cancelled),
        ..Event::default()
    };
    assert_eq!(gone, expected);
    assert_eq!(page.items[8].parse().unwrap().recurrence, Vec::<String>::new());
}

#[test]
fn a_row_nested_too_deep_fails_alone() {
    let deep = format!("{}{}", "[".repeat(5_000), "]".repeat(5_000));
    let text = format!(r#"{{"items":[{{"id":"a","x":{deep}}},{{"id":"b"}}]}}"#);
    let page: EventPage = serde_json::from_str(&text).unwrap();
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.items[1].parse().unwrap().id.as_deref(), Some("b"));
    let _ = page.items[0].parse();
}

#[test]
fn an_empty_page_is_a_page() {
    for text in ["{}", r#"{"items":null,"nextPageToken":"p"}"#, r#"{"items":[]}"#] {
        assert!(serde_json::from_str::<EventPage>(text).unwrap().items.is_empty(), "{text}");
    }
}

#[test]
fn what_is_not_set_is_not_written() {
    assert_eq!(serde_json::to_string(&Event::default()).unwrap(), "{}");
    let event = Event {
        start: Some(EventDateTime { date: Some("2026-02-28".to_owned()), ..EventDateTime::default() }),
        reminders: Some(Reminders::default()),
        extended_properties: Some(ExtendedProperties {
            private: BTreeMap::from([("k".to_owned(), "v".to_owned())]),
            ..ExtendedProperties::default()
        }),
        ..Event::default()
    };
    assert_eq!(
        serde_json::to_string(&event).unwrap(),
        r#"{"start":{"date":"2026-02-28"},"extendedProperties":{"private":{"k":"v"}},"reminders":{"useDefault":false,"overrides":[]}}"#
    );
}

#[test]
fn calendars_of_the_list() {
    let text = r##"{"kind":"calendar#calendarList","nextSyncToken":"s","items":[
        {"id":"a@example.com","summary":"a","primary":true,"selected":true,"accessRole":"owner","backgroundColor":"#9fe1e7"},
        {"id":"c_1@group.calendar.google.com","accessRole":"writerWithoutPrivateAccess","hidden":null},
        {"id":"x","deleted":true},{"id":"y","accessRole":"emperor"}]}"##;
    let page: CalendarListPage = serde_json::from_str(text).unwrap();
    let can_write: Vec<bool> = page
        .items
        .iter()
        .map(|entry| entry.access_role.as_ref().is_some_and(AccessRole::can_write))
        .collect();
    assert_eq!(can_write, [true, true, false, false]);
    assert!(page.items[0].primary && page.items[2].deleted);
}

#[test]
fn a_channel_ends_at_a_number_or_a_text() {
    for expiration in ["1616773907000", "\"1616773907000\""] {
        let text = format!(
            r#"{{"kind":"api#channel","id":"chn_1","resourceId":"r","resourceUri":"https://x","token":"t","expiration":{expiration}}}"#
        );
        assert_eq!(serde_json::from_str::<WatchResponse>(&text).unwrap().expiration, Some(1_616_773_907_000));
    }
    let bare = serde_json::from_str::<WatchResponse>(r#"{"id":"i","resourceId":"r"}"#).unwrap();
    assert_eq!(bare.expiration, None);
    for bad in ["true", "\"soon\"", "18446744073709551615"] {
        let text = format!(r#"{{"id":"i","resourceId":"r","expiration":{bad}}}"#);
        assert!(serde_json::from_str::<WatchResponse>(&text).is_err(), "{bad}");
    }
}

#[test]
fn a_channel_is_asked_for() {
    let mut watch = WatchRequest {
        id: "chn_1".to_owned(),
        address: "https://t-minus.test/push".to_owned(),
        token: "secret".to_owned(),
        ttl_s: Some(604_800),
    };
    assert_eq!(
        serde_json::to_string(&watch).unwrap(),
        r#"{"id":"chn_1","type":"web_hook","address":"https://t-minus.test/push","token":"secret","params":{"ttl":"604800"}}"#
    );
    assert!(!format!("{watch:?}").contains("secret"));
    watch.ttl_s = None;
    assert!(!serde_json::to_string(&watch).unwrap().contains("params"));
}
