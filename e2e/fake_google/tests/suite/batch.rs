//! Batches.

use fake_google::http::{Request, Response};
use serde_json::{Value, json};

use crate::world::{ANNA, World, meeting};

fn batch(w: &mut World, parts: &[(&str, String)]) -> Response {
    let mut body = String::new();
    for (n, (line, json)) in parts.iter().enumerate() {
        body += &format!(
            "--b\r\nContent-Type: application/http\r\nContent-ID: <item{n}>\r\n\r\n{line} HTTP/1.1\r\n\
             Content-Type: application/json\r\n\r\n{json}\r\n"
        );
    }
    body += "--b--\r\n";
    let mut request = Request::new("POST", "/batch/calendar/v3?fields=id,summary,error")
        .bearer(&w.token.clone())
        .header("Content-Type", "multipart/mixed; boundary=\"b\"");
    request.body = body.into_bytes();
    w.raw(&request)
}

/// `(content id, status, body)` of each part.
fn parts(response: &Response) -> Vec<(String, u16, Value)> {
    assert_eq!(response.status, 200);
    let kind = response.get_header("content-type").unwrap();
    let boundary = kind.split_once("boundary=").unwrap().1;
    let text = String::from_utf8(response.body.clone()).unwrap();
    text.split(&format!("--{boundary}"))
        .filter(|p| p.contains("HTTP/1.1"))
        .map(|part| {
            let id = part.split("Content-ID: ").nth(1).unwrap().split("\r\n").next().unwrap();
            let status = part.split("HTTP/1.1 ").nth(1).unwrap()[..3].parse().unwrap();
            let body = part.rsplit("\r\n\r\n").next().unwrap().trim();
            (id.to_owned(), status, serde_json::from_str(body).unwrap_or(Value::Null))
        })
        .collect()
}

#[test]
fn parts_share_the_outer_credentials_and_query() {
    let mut w = World::new();
    let insert = |id: &str| ("POST /calendar/v3/calendars/primary/events", meeting(id, 9).to_string());
    let sent = [
        insert("meet1"),
        insert("meet1"),
        insert("meet2"),
        ("DELETE /calendar/v3/calendars/primary/events/meet2", String::new()),
    ];
    let got = parts(&batch(&mut w, &sent));
    let statuses: Vec<_> = got.iter().map(|(id, status, _)| (id.as_str(), *status)).collect();
    assert_eq!(
        statuses,
        [
            ("<response-item0>", 200),
            ("<response-item1>", 409),
            ("<response-item2>", 200),
            ("<response-item3>", 204)
        ]
    );
    assert_eq!(got[0].2, json!({"id": "meet1", "summary": "Meeting meet1"}), "cut to fields");
    assert_eq!(got[1].2["error"]["errors"][0]["reason"], "duplicate");
    let counters = w.control("GET", "/counters", &json!({}));
    assert_eq!(counters["operations"]["batch"], 1);
    assert_eq!(counters["operations"]["batch.part"], 4);
    assert_eq!(counters["operations"]["events.insert"], 3);
    assert_eq!(counters["writes"][ANNA], 3);
}

#[test]
fn order_cap_and_faults() {
    let mut w = World::new();
    let get = |n: u32| (format!("GET /calendar/v3/calendars/primary/events/meet{n}"), String::new());
    let sent: Vec<(String, String)> = (0..3).map(get).collect();
    let sent: Vec<(&str, String)> = sent.iter().map(|(l, b)| (l.as_str(), b.clone())).collect();
    w.control("POST", "/settings", &json!({"batch_order": "reverse"}));
    w.control(
        "POST",
        "/faults",
        &json!({"match": {"path_contains": "meet1"}, "effect": {"status": 403, "reason": "rateLimitExceeded"}}),
    );
    let got = parts(&batch(&mut w, &sent));
    let seen: Vec<_> = got.iter().map(|(id, status, _)| (id.as_str(), *status)).collect();
    assert_eq!(seen, [("<response-item2>", 404), ("<response-item1>", 403), ("<response-item0>", 404)]);
    w.control("POST", "/settings", &json!({"batch_cap": 2}));
    assert_eq!(batch(&mut w, &sent).status, 400);
}
