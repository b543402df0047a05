//! The request of a batch.

use super::WriteOp;
use crate::calendar_client::{delete_target, get_target, insert_target, update_target};
use crate::error::ApiError;
use crate::request::{header_value, to_json};
use std::fmt::Write as _;
use tminus_ports::Method;

/// The content type and body of a batch.
pub(crate) fn build(ops: &[WriteOp<'_>]) -> Result<(String, Vec<u8>), ApiError> {
    let mut parts = Vec::with_capacity(ops.len());
    for (index, op) in ops.iter().enumerate() {
        parts.push(part(index, op)?);
    }
    let boundary = boundary(&parts);
    let mut body = Vec::new();
    for part in &parts {
        body.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
        body.extend_from_slice(part);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok((format!("multipart/mixed; boundary={boundary}"), body))
}

/// A boundary that no part holds. Deterministic, so that a repeated batch is the same bytes.
fn boundary(parts: &[Vec<u8>]) -> String {
    let mut serial: u32 = 0;
    loop {
        let candidate = format!("t_minus_batch_{serial}");
        let taken =
            parts.iter().any(|part| part.windows(candidate.len()).any(|at| at == candidate.as_bytes()));
        if !taken || serial == u32::MAX {
            return candidate;
        }
        serial = serial.saturating_add(1);
    }
}

/// One operation as a request of its own. Its path is relative; headers such as `authorization` come from the
/// batch.
fn part(index: usize, op: &WriteOp<'_>) -> Result<Vec<u8>, ApiError> {
    let (method, target, event) = match *op {
        WriteOp::Insert { calendar_id, event } => (Method::Post, insert_target("", calendar_id), Some(event)),
        WriteOp::Update { calendar_id, event_id, event, .. } => {
            (Method::Put, update_target("", calendar_id, event_id), Some(event))
        }
        WriteOp::Delete { calendar_id, event_id, .. } => {
            (Method::Delete, delete_target("", calendar_id, event_id), None)
        }
        WriteOp::Get { calendar_id, event_id } => (Method::Get, get_target("", calendar_id, event_id), None),
    };
    let body = match event {
        Some(event) => to_json(op.operation(), event)?,
        None => Vec::new(),
    };
    let mut head = format!(
        "Content-Type: application/http\r\nContent-ID: {}\r\n\r\n{} {} HTTP/1.1\r\n",
        content_id(index),
        method.as_str(),
        target.into_text()
    );
    if let Some(etag) = op.if_match() {
        let _ = write!(head, "If-Match: {}\r\n", header_value(etag));
    }
    if event.is_some() {
        let _ = write!(head, "Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    }
    head.push_str("\r\n");
    let mut part = head.into_bytes();
    part.extend_from_slice(&body);
    Ok(part)
}

/// The name of an operation in the batch; Google answers with `response-` before it.
pub(super) fn content_id(index: usize) -> String {
    format!("<op-{index}@t-minus>")
}
