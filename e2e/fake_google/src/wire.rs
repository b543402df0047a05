//! What goes over the connection: whole answers, packed ones, and ones which break off in the middle.

use std::io::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::http::{Request, Response};

/// The reason hyper closes a connection whose answer we drop.
#[derive(Debug)]
pub struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("answer dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// The body of an answer.
#[derive(Debug)]
pub enum Answer {
    /// All of it.
    Whole(Full<Bytes>),
    /// What is there, and then the connection closes before all that was promised.
    BreaksOff {
        /// What is there.
        part: Option<Bytes>,
        /// The part has had its chance to leave.
        flushed: bool,
    },
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        match &mut *self {
            Self::Whole(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|f| f.map_err(|never| match never {})))
            }
            Self::BreaksOff { part, flushed } => {
                if let Some(bytes) = part.take() {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                if !*flushed {
                    // Hyper writes what it has only while the body is pending.
                    *flushed = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Some(Err(Dropped)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(body) if body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::BreaksOff { .. } => SizeHint::default(),
        }
    }
}

/// Google compresses only for clients which also say so in `User-Agent`.
fn wants_gzip(request: &Request) -> bool {
    let has = |name: &str| request.get_header(name).is_some_and(|v| v.to_ascii_lowercase().contains("gzip"));
    has("accept-encoding") && has("user-agent")
}

/// The answer as it is sent.
pub(crate) fn finish(request: &Request, response: Response) -> hyper::Response<Answer> {
    let Response { status, headers, mut body, missing_bytes, .. } = response;
    let mut builder = hyper::Response::builder().status(status);
    for (name, value) in &headers {
        builder = builder.header(name, value);
    }
    builder = builder.header("vary", "Origin, X-Origin, Referer");
    let answer = if missing_bytes > 0 {
        builder = builder.header("content-length", body.len() + missing_bytes);
        Answer::BreaksOff { part: Some(Bytes::from(body)), flushed: false }
    } else {
        if !body.is_empty() && wants_gzip(request) {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            if let Ok(packed) = encoder.write_all(&body).and_then(|()| encoder.finish()) {
                body = packed;
                builder = builder.header("content-encoding", "gzip");
            }
        }
        Answer::Whole(Full::new(Bytes::from(body)))
    };
    builder.body(answer).unwrap_or_else(|_| {
        let text = Bytes::from_static(b"bad header in a fault");
        let mut response = hyper::Response::new(Answer::Whole(Full::new(text)));
        *response.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        response
    })
}
