//! The server shell over real connections.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use fake_google::server;
use serde_json::{Value, json};

use crate::world::{ANNA, meeting};

/// One exchange on an open connection: status, headers, body.
fn exchange(stream: &mut TcpStream, head: &str, body: &str) -> Option<(u16, String, Vec<u8>)> {
    let length = body.len();
    write!(stream, "{head}\r\nHost: fake\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
    read_message(&mut BufReader::new(stream))
}

fn read_message(reader: &mut impl BufRead) -> Option<(u16, String, Vec<u8>)> {
    let mut head = String::new();
    loop {
        let from = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        if head[from..].trim().is_empty() {
            break;
        }
    }
    let head = head.to_lowercase();
    let length =
        head.split("content-length: ").nth(1).map_or(0, |r| r.lines().next().unwrap().parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    Some((status, head, body))
}

fn with_user(server: &server::Handle) -> String {
    server.with(|google| {
        google.create_user(ANNA, None, None, chrono_tz::UTC);
        google.access_token(ANNA, &["calendar"])
    })
}

#[test]
fn gzip_needs_both_headers_and_the_connection_stays() {
    let server = server::start(0).unwrap();
    let token = with_user(&server);
    let mut stream = TcpStream::connect(server.addr).unwrap();
    let get = format!(
        "GET /calendar/v3/calendars/primary/events HTTP/1.1\r\nAuthorization: Bearer {token}\r\nAccept-Encoding: gzip"
    );
    let (status, head, body) = exchange(&mut stream, &get, "").unwrap();
    assert_eq!(status, 200);
    assert!(!head.contains("content-encoding"));
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["kind"], "calendar#events");
    let (_, head, packed) = exchange(&mut stream, &format!("{get}\r\nUser-Agent: test (gzip)"), "").unwrap();
    assert!(head.contains("content-encoding: gzip"));
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, body);
}

#[test]
fn a_dropped_answer_closes_the_connection() {
    let server = server::start(0).unwrap();
    let token = with_user(&server);
    let control = |body: Value| {
        let mut stream = TcpStream::connect(server.addr).unwrap();
        exchange(&mut stream, "POST /control/faults HTTP/1.1", &body.to_string()).unwrap()
    };
    let fault = json!({"match": {"operation": "events.insert"}, "effect": {"drop_answer_after": true}});
    assert_eq!(control(fault).0, 200);
    let post =
        format!("POST /calendar/v3/calendars/primary/events HTTP/1.1\r\nAuthorization: Bearer {token}");
    let mut stream = TcpStream::connect(server.addr).unwrap();
    assert!(exchange(&mut stream, &post, &meeting("meet1", 9).to_string()).is_none());
    assert_eq!(server.with(|g| g.live_events(ANNA).unwrap().len()), 1, "the effect has happened");
}

#[test]
fn pushes_arrive_and_are_retried() {
    let (address, seen) = webhook();
    let server = server::start(0).unwrap();
    let token = with_user(&server);
    server.with(|g| g.change_settings(&json!({"push_retry_base_ms": 1})).unwrap());
    let watch =
        format!("POST /calendar/v3/calendars/primary/events/watch HTTP/1.1\r\nAuthorization: Bearer {token}");
    let body = json!({"id": "chan", "type": "web_hook", "address": address, "token": "t"}).to_string();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    assert_eq!(exchange(&mut stream, &watch, &body).unwrap().0, 200);
    server.with(|g| {
        let event = meeting("meet1", 9);
        let actor = fake_google::events::write::Actor::Human(ANNA.to_owned());
        g.insert_event(&actor, ANNA, event.as_object().unwrap(), &Default::default()).unwrap();
    });
    let heads: Vec<String> = (0..3).map(|_| seen.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
    let mut states = Vec::new();
    for head in heads {
        assert!(head.starts_with("post /hook ") && head.contains("content-length: 0"));
        assert!(head.contains("x-goog-channel-token: t") && head.contains("user-agent: apis-google;"));
        states.push(head.split("x-goog-resource-state: ").nth(1).unwrap().lines().next().unwrap().to_owned());
    }
    assert_eq!(states[0], "sync");
    states.sort();
    assert_eq!(states, ["exists", "sync", "sync"], "the refused one comes again");
}

#[test]
fn an_answer_breaks_off_in_the_middle() {
    let server = server::start(0).unwrap();
    let token = with_user(&server);
    let fault = json!({"match": {"operation": "events.insert"}, "effect": {"break_off": true}}).to_string();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    assert_eq!(exchange(&mut stream, "POST /control/faults HTTP/1.1", &fault).unwrap().0, 200);
    let body = meeting("meet1", 9).to_string();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    write!(
        stream,
        "POST /calendar/v3/calendars/primary/events HTTP/1.1\r\nAuthorization: Bearer {token}\r\nHost: fake\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut seen = Vec::new();
    let _ = stream.read_to_end(&mut seen);
    let text = String::from_utf8(seen).unwrap().to_lowercase();
    let (head, part) = text.split_once("\r\n\r\n").unwrap();
    let promised: usize =
        head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
    assert!(head.starts_with("http/1.1 200") && part.starts_with("{\"") && part.len() < promised);
    assert_eq!(server.with(|g| g.live_events(ANNA).unwrap().len()), 1, "the effect has happened");
}

#[test]
fn the_sync_push_can_come_before_the_answer() {
    let (address, seen) = webhook();
    let server = server::start(0).unwrap();
    let token = with_user(&server);
    // The webhook refuses the first push; no second attempt, so that exactly one has been made.
    server.with(|g| g.change_settings(&json!({"sync_push_first": true, "push_retries": 0})).unwrap());
    let watch =
        format!("POST /calendar/v3/calendars/primary/events/watch HTTP/1.1\r\nAuthorization: Bearer {token}");
    let body = json!({"id": "chan", "type": "web_hook", "address": address}).to_string();
    let mut stream = TcpStream::connect(server.addr).unwrap();
    assert_eq!(exchange(&mut stream, &watch, &body).unwrap().0, 200);
    let head = seen.try_recv().expect("already there");
    assert!(head.contains("x-goog-resource-state: sync"));
}

/// A webhook which refuses the first push and takes all others.
fn webhook() -> (String, Receiver<String>) {
    let hook = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/hook", hook.local_addr().unwrap());
    let (sender, seen) = channel();
    let first = Arc::new(AtomicBool::new(true));
    std::thread::spawn(move || {
        for stream in hook.incoming() {
            let (mut stream, sender, first) = (stream.unwrap(), sender.clone(), first.clone());
            std::thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some((_, head, _)) = read_message(&mut reader) {
                    let refuse = first.swap(false, Ordering::SeqCst);
                    let status = if refuse { "503 Service Unavailable" } else { "200 OK" };
                    if sender.send(head).is_err() {
                        return;
                    }
                    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").unwrap();
                }
            });
        }
    });
    (address, seen)
}
