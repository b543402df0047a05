//! The answer to a batch: one part for each operation, in any order, perhaps not for all.

use super::WriteOp;
use super::build::content_id;
use crate::error::{ApiError, Failure};
use crate::wire::Event;

type Outcome = Result<Option<Event>, ApiError>;

/// One result for each operation, in their order; `None` if the answer is no multipart.
///
/// A part is matched by its `Content-ID`; of two for the same operation the first counts. An operation without
/// a part gets [`Failure::NoAnswer`], one whose part cannot be read [`Failure::Malformed`].
pub(crate) fn read(ops: &[WriteOp<'_>], content_type: &str, body: &[u8]) -> Option<Vec<Outcome>> {
    let boundary = boundary(content_type)?;
    let mut parts: Vec<Option<&[u8]>> = vec![None; ops.len()];
    for part in split(body, &boundary) {
        let (head, rest) = head_and_rest(part);
        let index = header(head, "content-id").and_then(|id| index_of(&id, ops.len()));
        if let Some(slot) = index.and_then(|index| parts.get_mut(index)) {
            slot.get_or_insert(rest);
        }
    }
    let outcome = |(op, part): (&WriteOp<'_>, Option<&[u8]>)| match part {
        Some(part) => answer(op, part),
        None => Err(ApiError::local(op.operation(), Failure::NoAnswer, "noPart")),
    };
    Some(ops.iter().zip(parts).map(outcome).collect())
}

/// The boundary of a content type (RFC 2046 §5.1.1), quoted or not.
fn boundary(content_type: &str) -> Option<String> {
    let mut pieces = content_type.split(';');
    if !pieces.next()?.trim().to_ascii_lowercase().starts_with("multipart/") {
        return None;
    }
    pieces
        .filter_map(|piece| piece.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))
        .map(|(_, value)| value.trim().trim_matches('"').to_owned())
        .filter(|value| !value.is_empty())
}

/// The parts between the delimiter lines; what stands before the first and after the last is passed over.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut started: Option<usize> = None;
    let mut at: usize = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let next = at.saturating_add(line.len());
        if let Some(after) = trim_end(line).strip_prefix(delimiter.as_bytes())
            && (after.is_empty() || after == b"--")
        {
            if let Some(part) = started.and_then(|start| body.get(start..at)) {
                parts.push(part);
            }
            started = if after.is_empty() { Some(next) } else { None };
            if started.is_none() {
                return parts;
            }
        }
        at = next;
    }
    // Cut off before the last delimiter: the tail may be whole all the same, its JSON will tell.
    parts.extend(started.and_then(|start| body.get(start..)));
    parts
}

/// The header lines and what follows the empty line after them.
fn head_and_rest(text: &[u8]) -> (&[u8], &[u8]) {
    let mut at: usize = 0;
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let next = at.saturating_add(line.len());
        if trim_end(line).is_empty() {
            return (text.get(..at).unwrap_or_default(), text.get(next..).unwrap_or_default());
        }
        at = next;
    }
    (text, &[])
}

/// The value of a header, by its lower-case name.
fn header(head: &[u8], name: &str) -> Option<String> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let line = String::from_utf8_lossy(line);
        let (key, value) = line.split_once(':')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
    })
}

/// Which operation a `Content-ID` answers, if one of `count`.
fn index_of(id: &str, count: usize) -> Option<usize> {
    let bare = |id: &str| id.trim_start_matches('<').trim_end_matches('>').to_owned();
    let id = bare(id);
    let id = id.strip_prefix("response-").unwrap_or(&id);
    (0..count).find(|index| bare(&content_id(*index)) == id)
}

/// The result of one part: an answer of its own, with status line, headers and body (RFC 9112 §4).
fn answer(op: &WriteOp<'_>, part: &[u8]) -> Outcome {
    let (head, body) = head_and_rest(trim_start(part));
    let Some(status) = status_of(head) else {
        return Err(ApiError::malformed(op.operation(), 0, "noStatusLine"));
    };
    if !(200..300).contains(&status) {
        let retry_after = header(head, "retry-after");
        return Err(ApiError::from_answer(op.asked(), status, retry_after.as_deref(), body));
    }
    if matches!(op, WriteOp::Delete { .. }) {
        return Ok(None);
    }
    serde_json::from_slice(body)
        .map(Some)
        .map_err(|_| ApiError::malformed(op.operation(), status, "notTheResource"))
}

/// The status of `HTTP/1.1 200 OK`.
fn status_of(head: &[u8]) -> Option<u16> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split_ascii_whitespace();
    let version = words.next()?;
    let status = words.next()?.parse().ok()?;
    (version.starts_with("HTTP/") && (100..600).contains(&status)).then_some(status)
}

/// Without white space at the end (RFC 2046 §5.1.1 lets a delimiter line be padded).
fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_ascii_end()
}

/// Without empty lines before the status line.
fn trim_start(part: &[u8]) -> &[u8] {
    part.trim_ascii_start()
}
