//! What the calendar client sends.

use super::script::{Script, header};
use crate::{AccessToken, CalendarApi, Event, Failure, ListEvents, NewCalendar, WatchRequest};
use futures::executor::block_on;
use tminus_ports::{HttpRequest, Method};

const BASE: &str = "https://www.googleapis.com";

fn token() -> AccessToken {
    AccessToken::new("ya29.secret")
}

/// The decoded parameters of a request.
fn parameters(request: &HttpRequest) -> Vec<(String, String)> {
    let (_, query) = request.url.split_once('?').unwrap_or_default();
    let decode = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits: String =
                    [rest.next().unwrap(), rest.next().unwrap()].map(char::from).iter().collect();
                bytes.push(u8::from_str_radix(&digits, 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    };
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn parameter(request: &HttpRequest, name: &str) -> Option<String> {
    parameters(request).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn path(request: &HttpRequest) -> &str {
    request.url.strip_prefix(BASE).unwrap().split('?').next().unwrap()
}

fn listed(query: &ListEvents<'_>) -> HttpRequest {
    let http = Script::json(200, r#"{"items":[],"nextSyncToken":"s"}"#);
    let token = token();
    block_on(CalendarApi::new(&http, BASE, &token).list_events(query)).unwrap();
    http.request()
}

#[test]
fn a_list_of_marks_asks_for_nothing_that_an_event_says() {
    let query = ListEvents { calendar_id: "c", max_results: 1, marks_only: true, ..Default::default() };
    let fields = parameter(&listed(&query), "fields").unwrap();
    assert!(fields.contains("extendedProperties/private") && fields.contains("etag"));
    for said in ["summary", "description", "location", "start", "attendees"] {
        assert!(!fields.contains(said), "{said}");
    }
}

#[test]
fn every_request_says_who_and_how() {
    let request =
        listed(&ListEvents { calendar_id: "a@example.com", max_results: 250, ..Default::default() });
    assert_eq!(request.method, Method::Get);
    assert_eq!(path(&request), "/calendar/v3/calendars/a%40example.com/events");
    assert_eq!(header(&request, "authorization"), Some("Bearer ya29.secret"));
    assert!(header(&request, "user-agent").unwrap().starts_with("T-Minus/"));
    assert!(header(&request, "user-agent").unwrap().ends_with("(gzip)"));
    assert_eq!(header(&request, "accept-encoding"), Some("gzip"));
    assert_eq!(header(&request, "content-type"), None);
}

#[test]
fn a_full_list() {
    let request = listed(&ListEvents {
        calendar_id: "c",
        max_results: 9_999,
        time_min: Some("2026-01-01T00:00:00+01:00"),
        show_deleted: true,
        ..Default::default()
    });
    let fields = "nextPageToken,nextSyncToken,timeZone,accessRole,items(id,etag,status,summary,description,\
        location,start,end,recurrence,recurringEventId,originalStartTime,transparency,visibility,colorId,iCalUID,\
        sequence,eventType,endTimeUnspecified,attendees(self,responseStatus),organizer(self),\
        extendedProperties/private,updated,created)";
    let expected = [
        ("singleEvents", "false"),
        ("showDeleted", "true"),
        ("maxResults", "2500"),
        ("timeMin", "2026-01-01T00:00:00+01:00"),
        ("fields", fields),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(parameters(&request), expected);
}

#[test]
fn a_delta_goes_without_restrictions() {
    let request = listed(&ListEvents {
        calendar_id: "c",
        sync_token: Some("CP=="),
        page_token: Some("p&2"),
        max_results: 0,
        time_min: Some("2026-01-01T00:00:00Z"),
        marks_only: false,
        show_deleted: false,
    });
    assert_eq!(parameter(&request, "syncToken").as_deref(), Some("CP=="));
    assert_eq!(parameter(&request, "pageToken").as_deref(), Some("p&2"));
    assert_eq!(parameter(&request, "maxResults").as_deref(), Some("1"));
    assert_eq!(parameter(&request, "timeMin"), None);
    assert_eq!(parameter(&request, "showDeleted"), None);
}

#[test]
fn every_write_is_silent() {
    let token = token();
    let event = Event { id: Some("abcde".to_owned()), ..Event::default() };
    let sent = |status, run: &dyn Fn(&CalendarApi<'_, Script>)| {
        let http = Script::json(status, r#"{"id":"abcde"}"#);
        run(&CalendarApi::new(&http, BASE, &token));
        http.request()
    };
    let insert = sent(200, &|api| drop(block_on(api.insert_event("c", &event)).unwrap()));
    let update =
        sent(200, &|api| drop(block_on(api.update_event("c", "abcde", Some("\"7\""), &event)).unwrap()));
    let delete = sent(204, &|api| block_on(api.delete_event("c", "abcde", Some("\"7\"\r\nx: y"))).unwrap());
    for request in [&insert, &update, &delete] {
        assert_eq!(parameter(request, "sendUpdates").as_deref(), Some("none"));
        assert_eq!(parameter(request, "conferenceDataVersion"), None);
    }
    assert_eq!((insert.method, path(&insert)), (Method::Post, "/calendar/v3/calendars/c/events"));
    assert_eq!(insert.body, br#"{"id":"abcde"}"#);
    assert_eq!(header(&insert, "content-type"), Some("application/json"));
    assert_eq!(header(&insert, "if-match"), None);
    assert_eq!((update.method, path(&update)), (Method::Put, "/calendar/v3/calendars/c/events/abcde"));
    assert_eq!(header(&update, "if-match"), Some("\"7\""));
    assert_eq!((delete.method, path(&delete)), (Method::Delete, "/calendar/v3/calendars/c/events/abcde"));
    assert_eq!(header(&delete, "if-match"), Some("\"7\"x: y"), "no header can be smuggled in");
    assert!(delete.body.is_empty());
}

#[test]
fn calendars_are_listed_made_and_deleted() {
    let token = token();
    let http = Script::json(200, r#"{"items":[{"id":"a"}],"nextPageToken":"p2"}"#)
        .then(200, &[], r#"{"id":"c_1@group.calendar.google.com","summary":"T"}"#)
        .then(204, &[], "");
    let api = CalendarApi::new(&http, BASE, &token);
    assert_eq!(block_on(api.calendar_list(Some("p1"))).unwrap().next_page_token.as_deref(), Some("p2"));
    let new = NewCalendar { summary: "T".to_owned(), ..NewCalendar::default() };
    let made = block_on(api.insert_calendar(&new)).unwrap();
    block_on(api.delete_calendar(&made.id)).unwrap();
    let requests = http.requests();
    assert_eq!(path(&requests[0]), "/calendar/v3/users/me/calendarList");
    assert_eq!(parameter(&requests[0], "pageToken").as_deref(), Some("p1"));
    assert_eq!(requests[1].body, br#"{"summary":"T"}"#);
    assert_eq!(path(&requests[2]), "/calendar/v3/calendars/c_1%40group.calendar.google.com");
}

#[test]
fn channels_are_opened_and_stopped() {
    let token = token();
    let http = Script::json(200, r#"{"id":"chn_1","resourceId":"r","expiration":"5"}"#)
        .then(204, &[], "")
        .then(404, &[], r#"{"error":{"errors":[{"reason":"notFound"}],"message":"Channel 'x' not found for project 'n'"}}"#);
    let api = CalendarApi::new(&http, BASE, &token);
    let watch = WatchRequest {
        id: "chn_1".to_owned(),
        address: "https://t/p".to_owned(),
        token: "s".to_owned(),
        ttl_s: None,
    };
    let open = block_on(api.watch_events("c", &watch)).unwrap();
    block_on(api.stop_channel(&open.id, &open.resource_id)).unwrap();
    assert_eq!(block_on(api.stop_channel("x", "y")).unwrap_err().failure, Failure::NotFound);
    let requests = http.requests();
    assert_eq!(requests[0].url, format!("{BASE}/calendar/v3/calendars/c/events/watch"));
    assert_eq!(requests[1].url, format!("{BASE}/calendar/v3/channels/stop"));
    assert_eq!(requests[1].body, br#"{"id":"chn_1","resourceId":"r"}"#);
}

#[test]
fn an_id_cannot_leave_its_place() {
    let token = token();
    let http = Script::json(404, "");
    let api = CalendarApi::new(&http, BASE, &token);
    assert_eq!(block_on(api.delete_event("c", "..", None)).unwrap_err().failure, Failure::NotFound);
    assert_eq!(path(&http.request()), "/calendar/v3/calendars/c/events/-");
}
