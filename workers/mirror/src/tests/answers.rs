//! What a write learns from the provider's answers.

use futures::executor::block_on;
use tminus_domain::mirroring::Fact;
use tminus_google::{AccessToken, CalendarApi};
use tminus_ports::{HttpError, HttpResponse};
use tminus_testkit::ScriptedHttp;
use tminus_user_graph::contract::{MirrorAction, MirrorOperation};

use super::{block, operation};
use crate::write::{Halt, Written, write};

fn insert() -> MirrorOperation {
    operation(None, MirrorAction::Insert { body: block() })
}

/// The answer of a batch of one part.
fn batch(status: &str, body: &str) -> Result<HttpResponse, HttpError> {
    let part = format!(
        "--b\r\nContent-Type: application/http\r\nContent-ID: <response-op-0@t-minus>\r\n\r\n\
         HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{body}\r\n--b--\r\n"
    );
    let headers = vec![("content-type".to_owned(), "multipart/mixed; boundary=b".to_owned())];
    Ok(HttpResponse { status: 200, headers, body: part.into_bytes() })
}

fn written(answers: Vec<Result<HttpResponse, HttpError>>) -> (Written, usize) {
    let http = ScriptedHttp::default();
    answers.into_iter().for_each(|answer| http.then(answer));
    let token = AccessToken::new("token");
    let api = CalendarApi::new(&http, "http://google.test", &token);
    let operations = [insert()];
    let written = block_on(write(&api, &operations, |_| Some("calendar")));
    (written, http.asked().len())
}

fn error(code: u16, reason: &str) -> String {
    format!(r#"{{"error":{{"errors":[{{"reason":"{reason}"}}],"code":{code},"message":"x"}}}}"#)
}

#[test]
fn a_calendar_that_is_not_there_burns_no_id_and_asks_for_maintenance() {
    for (code, reason) in [(404, "notFound"), (403, "requiredAccessLevel")] {
        let (written, calls) = written(vec![batch(&format!("{code} X"), &error(code, reason))]);
        assert_eq!(written.halt, None, "{reason}");
        assert_eq!(written.unwritable.len(), 1, "{reason}");
        assert_eq!(written.results[0].fact, Fact::Untouched);
        assert_eq!(calls, 1, "nothing is looked for in a calendar that is not there");
    }
}

#[test]
fn a_known_id_is_looked_at_and_a_stranger_is_left_alone() {
    let stranger = r#"{"id":"x","etag":"\"1\"","status":"confirmed"}"#;
    let (written, calls) =
        written(vec![batch("409 Conflict", &error(409, "duplicate")), batch("200 OK", stranger)]);
    assert_eq!((&written.results[0].fact, calls), (&Fact::IdBurnt, 2));
}

#[test]
fn a_lost_batch_leaves_its_writes_in_doubt_and_the_account_alone_for_a_while() {
    let (written, _) = written(vec![Err(HttpError::Deadline(10_000))]);
    assert_eq!(written.results[0].fact, Fact::InDoubt);
    assert!(matches!(written.halt, Some(Halt::TryAfter { .. })));
}

#[test]
fn a_refused_token_stops_the_sitting() {
    let (written, _) = written(vec![batch("401 X", &error(401, "authError"))]);
    assert_eq!(written.halt, Some(Halt::Unauthorized));
}

#[test]
fn an_id_that_is_taken_by_nothing_is_burnt() {
    let (written, _) = written(vec![
        batch("409 Conflict", &error(409, "duplicate")),
        batch("404 Not Found", &error(404, "notFound")),
    ]);
    assert_eq!(written.results[0].fact, Fact::IdBurnt);
}

#[test]
fn a_tombstone_is_cancelled_however_it_is_told() {
    let cancelled = r#"{"id":"x","etag":"\"1\"","status":"cancelled"}"#.to_owned();
    for (status, body) in [("200 OK", cancelled), ("410 Gone", error(410, "deleted"))] {
        let (written, _) =
            written(vec![batch("409 Conflict", &error(409, "duplicate")), batch(status, &body)]);
        assert_eq!(written.results[0].fact, Fact::Cancelled, "{status}");
    }
}
