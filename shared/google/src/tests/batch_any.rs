//! Properties of batches.

use crate::batch::{MAX_BATCH, build, read};
use crate::{Event, EventStatus, Failure, WriteOp};
use proptest::prelude::*;

/// What the server says about one operation.
#[derive(Debug, Clone)]
enum Said {
    Found(Box<Event>),
    Refused(u16),
    Nothing,
}

fn any_event() -> impl Strategy<Value = Event> {
    (".*", proptest::option::of("(\r\n|--batch_x|--|[^\r]){0,20}"), "[a-z]{1,12}").prop_map(
        |(id, summary, status)| Event {
            id: Some(id),
            summary,
            status: Some(EventStatus::from(status)),
            ..Event::default()
        },
    )
}

fn any_said() -> impl Strategy<Value = Said> {
    prop_oneof![
        any_event().prop_map(|event| Said::Found(Box::new(event))),
        (400..600_u16).prop_map(Said::Refused),
        Just(Said::Nothing),
    ]
}

/// An answer as a server writes it, its parts in the given order.
fn written(said: &[Said], order: &[usize], boundary: &str) -> Vec<u8> {
    let mut body = String::new();
    for index in order {
        let answer = match &said[*index] {
            Said::Found(event) => {
                let json = serde_json::to_string_pretty(event).unwrap();
                format!("HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json}")
            }
            Said::Refused(status) => format!("HTTP/1.1 {status} No\r\n\r\n<html>"),
            Said::Nothing => continue,
        };
        body.push_str(&format!(
            "--{boundary}\r\nContent-Type: application/http\r\nContent-ID: <response-op-{index}@t-minus>\r\n\r\n{answer}\r\n"
        ));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    body.into_bytes()
}

fn shuffled() -> impl Strategy<Value = (Vec<Said>, Vec<usize>)> {
    proptest::collection::vec(any_said(), 1..=MAX_BATCH).prop_flat_map(|said| {
        let order: Vec<usize> = (0..said.len()).collect();
        (Just(said), Just(order).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_server_writes_is_read((said, order) in shuffled()) {
        let ops = vec![WriteOp::Get { calendar_id: "c", event_id: "e" }; said.len()];
        let body = written(&said, &order, "batch_x");
        let results = read(&ops, "multipart/mixed; boundary=batch_x", &body).unwrap();
        prop_assert_eq!(results.len(), said.len());
        for (result, said) in results.iter().zip(&said) {
            match said {
                Said::Found(event) => prop_assert_eq!(result.as_ref().ok(), Some(&Some((**event).clone()))),
                Said::Refused(status) => prop_assert_eq!(result.as_ref().unwrap_err().status, *status),
                Said::Nothing => prop_assert_eq!(result.as_ref().unwrap_err().failure, Failure::NoAnswer),
            }
        }
    }

    #[test]
    fn a_built_batch_parts_where_it_should(events in proptest::collection::vec(any_event(), 1..8)) {
        let ops: Vec<_> =
            events.iter().map(|event| WriteOp::Insert { calendar_id: "c", event }).collect();
        let (content_type, body) = build(&ops).unwrap();
        let boundary = content_type.strip_prefix("multipart/mixed; boundary=").unwrap();
        let text = String::from_utf8(body).unwrap();
        prop_assert_eq!(text.matches(boundary).count(), events.len().saturating_add(1));
    }

    #[test]
    fn no_answer_panics(content_type in ".*", body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let ops = [WriteOp::Get { calendar_id: "c", event_id: "e" }];
        let _ = read(&ops, &content_type, &body);
        let _ = read(&ops, "multipart/mixed; boundary=b", &body);
    }

    #[test]
    fn no_answer_of_likely_pieces_panics(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("--b"), Just("--"), Just("\r\n"), Just("\n"), Just("Content-ID: <response-op-0@t-minus>"),
                Just("HTTP/1.1 200"), Just(" "), Just("{}"), Just("{\"id\":\"x\"}"), Just("HTTP/ 999"), Just("é"),
            ],
            0..24,
        ),
    ) {
        let ops = [WriteOp::Get { calendar_id: "c", event_id: "e" }];
        prop_assert_eq!(read(&ops, "multipart/x;boundary=b", pieces.concat().as_bytes()).unwrap().len(), 1);
    }
}
