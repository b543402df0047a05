//! `POST /batch/calendar/v3`: many calls in one request.

use std::fmt::Write as _;

use crate::error::ApiError;
use crate::http::{Fate, Query, Request, Response};
use crate::ids::splitmix;
use crate::settings::BatchOrder;
use crate::state::Google;

struct Part {
    content_id: Option<String>,
    request: Request,
}

/// Handles a batch.
pub fn handle(google: &mut Google, outer: &Request) -> Response {
    let Some(parts) = boundary(outer).and_then(|b| parse(&outer.body, &b, outer)) else {
        return ApiError::new(400, "global", "badRequest", "Failed to parse batch request.").response();
    };
    if parts.len() > google.settings.batch_cap {
        let message = format!(
            "The batch request could not be processed: too many parts, limit {}.",
            google.settings.batch_cap
        );
        return ApiError::new(400, "global", "batchSizeTooLarge", message).response();
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    match google.settings.batch_order {
        BatchOrder::Same => {}
        BatchOrder::Reverse => order.reverse(),
        BatchOrder::Shuffle => {
            let seed = google.settings.seed;
            order.sort_by_key(|i| splitmix(seed ^ splitmix(*i as u64)));
        }
    }
    let boundary = format!("batch_{}", google.ids.base32hex("batch", 32));
    let mut body = String::new();
    let mut delay_ms = 0;
    for index in order {
        let part = &parts[index];
        google.counters.count("batch.part");
        let response = if part.request.path().starts_with("/calendar/v3/") {
            google.api_call(&part.request)
        } else {
            ApiError::not_found().response()
        };
        // The parts after it are not carried out any more.
        if response.fate == Fate::DropConnection {
            return response;
        }
        delay_ms = delay_ms.max(response.delay_ms);
        if response.omitted {
            continue;
        }
        write_part(&mut body, &boundary, part.content_id.as_deref(), &response);
    }
    let _ = write!(body, "--{boundary}--\r\n");
    let mut response = Response::text(200, &format!("multipart/mixed; boundary={boundary}"), body);
    response.delay_ms = delay_ms;
    response
}

fn write_part(out: &mut String, boundary: &str, id: Option<&str>, response: &Response) {
    let _ = write!(out, "--{boundary}\r\nContent-Type: application/http\r\n");
    if let Some(id) = id {
        let inner = id.trim_start_matches('<').trim_end_matches('>');
        let _ = write!(out, "Content-ID: <response-{inner}>\r\n");
    }
    let _ = write!(out, "\r\nHTTP/1.1 {} {}\r\n", response.status, phrase(response.status));
    for (name, value) in &response.headers {
        let _ = write!(out, "{}: {value}\r\n", title(name));
    }
    let text = String::from_utf8_lossy(&response.body);
    let _ = write!(out, "Content-Length: {}\r\n\r\n{text}\r\n", response.body.len());
}

/// Boundary of a `multipart/mixed` content type, quoted or not.
fn boundary(request: &Request) -> Option<String> {
    let content_type = request.get_header("content-type")?;
    if !content_type.to_ascii_lowercase().starts_with("multipart/mixed") {
        return None;
    }
    let at = content_type.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let rest = &content_type[at..];
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split(';').next()?.trim(),
    };
    (!value.is_empty()).then(|| value.to_owned())
}

fn parse(body: &[u8], boundary: &str, outer: &Request) -> Option<Vec<Part>> {
    let text = std::str::from_utf8(body).ok()?.replace("\r\n", "\n");
    let delimiter = format!("\n--{boundary}");
    let text = format!("\n{text}");
    let mut pieces = text.split(delimiter.as_str());
    pieces.next()?;
    let mut parts = Vec::new();
    for piece in pieces {
        if piece.starts_with("--") {
            return Some(parts);
        }
        let piece = piece.trim_start_matches([' ', '\t']).strip_prefix('\n')?;
        parts.push(parse_part(piece, outer)?);
    }
    // The closing delimiter is missing.
    None
}

fn parse_part(piece: &str, outer: &Request) -> Option<Part> {
    // A part without headers of its own begins with the blank line.
    let (head, inner) = match piece.strip_prefix('\n') {
        Some(inner) => ("", inner),
        None => piece.split_once("\n\n")?,
    };
    let content_id = headers(head).into_iter().find(|(n, _)| n == "content-id").map(|(_, v)| v);
    let inner = inner.trim_start_matches('\n');
    let (head, body) = inner.split_once("\n\n").unwrap_or((inner.trim_end_matches('\n'), ""));
    let (line, rest) = head.split_once('\n').unwrap_or((head, ""));
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let target = match target.find("://") {
        Some(at) => &target[at + 3 + target[at + 3..].find('/')?..],
        None => target,
    };
    let mut all = headers(rest);
    for (name, value) in &outer.headers {
        let own = matches!(name.as_str(), "content-type" | "content-length" | "host" | "content-id");
        if !own && !all.iter().any(|(n, _)| n == name) {
            all.push((name.clone(), value.clone()));
        }
    }
    let request = Request {
        method: method.to_owned(),
        path_and_query: with_outer_query(target, &outer.query()),
        headers: all,
        body: body.trim_end_matches('\n').as_bytes().to_vec(),
    };
    Some(Part { content_id, request })
}

/// The outer query applies to each part unless the part says otherwise.
fn with_outer_query(target: &str, outer: &Query) -> String {
    let own = target.split_once('?').map(|(_, q)| Query::parse(q.as_bytes())).unwrap_or_default();
    let mut out = target.to_owned();
    for (key, value) in outer.0.iter().filter(|(k, _)| own.get(k).is_none()) {
        let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair(key, value).finish();
        let _ = write!(out, "{}{pair}", if out.contains('?') { '&' } else { '?' });
    }
    out
}

fn headers(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().to_owned()))
        .collect()
}

fn title(name: &str) -> String {
    let word = |w: &str| w[..1].to_ascii_uppercase() + &w[1..];
    name.split('-').filter(|w| !w.is_empty()).map(word).collect::<Vec<_>>().join("-")
}

/// Reason phrase.
const fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}
