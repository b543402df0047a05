//! Batches: what is sent, and answers as Google gives them.

use super::script::{Script, header};
use crate::batch::{build, read};
use crate::{AccessToken, ApiError, CalendarApi, Event, Failure, MAX_BATCH, WriteOp};
use futures::executor::block_on;

const TYPE: &str = "multipart/mixed; boundary=batch_foobarbaz";

fn event(id: &str) -> Event {
    Event { id: Some(id.to_owned()), summary: Some("Ü".to_owned()), ..Event::default() }
}

fn get(event_id: &str) -> WriteOp<'_> {
    WriteOp::Get { calendar_id: "c", event_id }
}

fn run(http: &Script, ops: &[WriteOp<'_>]) -> Result<Vec<Result<Option<Event>, ApiError>>, ApiError> {
    block_on(CalendarApi::new(http, "https://g", &AccessToken::new("t")).batch(ops))
}

fn failures(results: &[Result<Option<Event>, ApiError>]) -> Vec<Option<Failure>> {
    results.iter().map(|result| result.as_ref().err().map(|error| error.failure)).collect()
}

#[test]
fn a_batch_is_a_request_of_requests() {
    let event = event("abcde");
    let ops = [
        WriteOp::Insert { calendar_id: "a@x", event: &event },
        WriteOp::Update { calendar_id: "c", event_id: "e1", if_match: Some("\"1\""), event: &event },
        WriteOp::Delete { calendar_id: "c", event_id: "e2", if_match: Some("\"2\"\r\nX: y") },
        get("e3"),
    ];
    let (content_type, body) = build(&ops).unwrap();
    assert_eq!(content_type, "multipart/mixed; boundary=t_minus_batch_0");
    let fields = crate::list_query::EVENT_FIELDS
        .replace(',', "%2C")
        .replace('(', "%28")
        .replace(')', "%29")
        .replace('/', "%2F");
    let json = "{\"id\":\"abcde\",\"summary\":\"Ü\"}";
    let length = json.len();
    let expected = format!(
        "--t_minus_batch_0\r\nContent-Type: application/http\r\nContent-ID: <op-0@t-minus>\r\n\r\n\
         POST /calendar/v3/calendars/a%40x/events?sendUpdates=none&fields={fields} HTTP/1.1\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}\r\n\
         --t_minus_batch_0\r\nContent-Type: application/http\r\nContent-ID: <op-1@t-minus>\r\n\r\n\
         PUT /calendar/v3/calendars/c/events/e1?sendUpdates=none&fields={fields} HTTP/1.1\r\n\
         If-Match: \"1\"\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}\r\n\
         --t_minus_batch_0\r\nContent-Type: application/http\r\nContent-ID: <op-2@t-minus>\r\n\r\n\
         DELETE /calendar/v3/calendars/c/events/e2?sendUpdates=none HTTP/1.1\r\nIf-Match: \"2\"X: y\r\n\r\n\r\n\
         --t_minus_batch_0\r\nContent-Type: application/http\r\nContent-ID: <op-3@t-minus>\r\n\r\n\
         GET /calendar/v3/calendars/c/events/e3?fields={fields} HTTP/1.1\r\n\r\n\r\n\
         --t_minus_batch_0--\r\n"
    );
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[test]
fn the_boundary_occurs_in_no_part() {
    let mut event = event("abcde");
    event.description = Some("t_minus_batch_0 --t_minus_batch_1".to_owned());
    let (content_type, _) = build(&[WriteOp::Insert { calendar_id: "c", event: &event }]).unwrap();
    assert_eq!(content_type, "multipart/mixed; boundary=t_minus_batch_2");
}

#[test]
fn answers_come_in_any_order_and_some_do_not_come() {
    let event = event("abcde");
    let ops = [
        WriteOp::Insert { calendar_id: "c", event: &event },
        WriteOp::Update { calendar_id: "c", event_id: "e1", if_match: Some("\"1\""), event: &event },
        WriteOp::Delete { calendar_id: "c", event_id: "e2", if_match: None },
        get("e3"),
        get("e4"),
        get("e5"),
    ];
    let answer = "preamble\r\n--batch_foobarbaz\r\nContent-Type: application/http\r\n\
        Content-ID: <response-op-4@t-minus>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n\
        {\n \"id\": \"e4\",\r\n\r\n \"summary\": \"x\"\n}\r\n--batch_foobarbaz\r\nContent-Type: application/http\r\n\
        Content-ID: response-op-2@t-minus\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n\r\n\
        --batch_foobarbaz\r\nContent-Type: application/http\r\nContent-ID: <response-op-0@t-minus>\r\n\r\n\
        HTTP/1.1 409 Conflict\r\n\r\n{\"error\":{\"errors\":[{\"domain\":\"global\",\"reason\":\"duplicate\",\"message\":\"The requested identifier already exists.\"}],\"code\":409}}\r\n\
        --batch_foobarbaz\r\ncontent-id: <response-op-1@t-minus>\r\n\r\nHTTP/1.1 412 Precondition Failed\r\nRetry-After: 3\r\n\r\n<html>\r\n\
        --batch_foobarbaz\r\nContent-ID: <response-op-3@t-minus>\r\n\r\ngibberish\r\n\
        --batch_foobarbaz\r\nContent-ID: <response-op-77@t-minus>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}\r\n\
        --batch_foobarbaz\r\nContent-ID: <response-op-4@t-minus>\r\n\r\nHTTP/1.1 500 Oops\r\n\r\n\r\n\
        --batch_foobarbaz--\r\n--batch_foobarbaz\r\nContent-ID: <response-op-5@t-minus>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}";
    let http = Script::default().then(200, &[("content-type", TYPE)], answer);
    let results = run(&http, &ops).unwrap();
    assert_eq!(
        failures(&results),
        [
            Some(Failure::Duplicate),
            Some(Failure::PreconditionFailed),
            None,
            Some(Failure::Malformed),
            None,
            Some(Failure::NoAnswer)
        ]
    );
    assert_eq!(results[2], Ok(None));
    assert_eq!(results[4].as_ref().unwrap().as_ref().unwrap().summary.as_deref(), Some("x"));
    let error = results[1].as_ref().unwrap_err();
    assert_eq!((error.operation, error.retry_after_s), ("events.update", Some(3)));
    let request = http.request();
    assert_eq!(request.url, "https://g/batch/calendar/v3");
    assert_eq!(header(&request, "content-type"), Some("multipart/mixed; boundary=t_minus_batch_0"));
}

#[test]
fn a_batch_of_one_is_a_batch_and_of_none_is_nothing() {
    let answer = "--b c\nContent-ID: <response-op-0@t-minus>\n\nHTTP/1.1 404 Not Found\n\n{\"error\":{\"errors\":[{\"reason\":\"notFound\"}]}}\n--b c--";
    let quoted = "Multipart/Mixed; charset=utf-8; boundary=\"b c\"";
    let http = Script::default().then(200, &[("content-type", quoted)], answer);
    assert_eq!(failures(&run(&http, &[get("e")]).unwrap()), [Some(Failure::NotFound)]);
    let http = Script::default();
    assert_eq!(run(&http, &[]).unwrap().len(), 0);
    let error = run(&http, &[get("e"); MAX_BATCH + 1]).unwrap_err();
    assert_eq!((error.failure, error.reason.as_str()), (Failure::InvalidRequest, "batchTooLarge"));
    assert!(http.requests().is_empty());
}

#[test]
fn an_answer_cut_short_is_read_as_far_as_it_goes() {
    let answer = "--batch_foobarbaz\r\nContent-ID: <response-op-0@t-minus>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"id\":\"a\"}\r\n\
        --batch_foobarbaz\r\nContent-ID: <response-op-1@t-minus>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{\"id\":";
    let results = read(&[get("a"), get("b"), get("c")], TYPE, answer.as_bytes()).unwrap();
    assert_eq!(failures(&results), [None, Some(Failure::Malformed), Some(Failure::NoAnswer)]);
}

#[test]
fn a_batch_can_fail_as_a_whole() {
    for (status, content_type, body, failure) in [
        (401, "application/json", r#"{"error":{"errors":[{"reason":"authError"}]}}"#, Failure::Unauthorized),
        (502, "text/html", "<html>", Failure::Backend),
        (200, "text/html", "<html>", Failure::Malformed),
        (200, "multipart/mixed", "--x", Failure::Malformed),
    ] {
        let http = Script::default().then(status, &[("content-type", content_type)], body);
        let error = run(&http, &[get("e")]).unwrap_err();
        assert_eq!((error.failure, error.operation), (failure, "batch"), "{status}");
    }
}
