//! One request to Google and its answer.

use crate::error::{ApiError, Asked, Failure};
use crate::secret::AccessToken;
use crate::target::Target;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tminus_ports::{Http, HttpRequest, HttpResponse, Method};

/// Google compresses only when both `accept-encoding` and the user agent say gzip ("Improve performance").
pub(crate) const USER_AGENT: &str = concat!("T-Minus/", env!("CARGO_PKG_VERSION"), " (gzip)");

/// A request under way.
pub(crate) struct Call<'a> {
    asked: Asked,
    method: Method,
    target: Target,
    if_match: Option<&'a str>,
    content_type: String,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(operation: &'static str, method: Method, target: Target) -> Self {
        Self {
            asked: Asked::new(operation),
            method,
            target,
            if_match: None,
            content_type: String::new(),
            body: Vec::new(),
        }
    }

    /// The answer may say that the sync token is no longer good.
    pub(crate) fn sync_token(mut self, sent: bool) -> Self {
        self.asked.sync_token = sent;
        self
    }

    /// Only if the resource still has this version (RFC 9110 §13.1.1).
    pub(crate) fn if_match(mut self, etag: Option<&'a str>) -> Self {
        self.asked.if_match = etag.is_some();
        self.if_match = etag;
        self
    }

    pub(crate) fn json<T: Serialize>(self, value: &T) -> Result<Self, ApiError> {
        let body = to_json(self.asked.operation, value)?;
        Ok(self.body("application/json", body))
    }

    pub(crate) fn body(mut self, content_type: impl Into<String>, body: Vec<u8>) -> Self {
        self.content_type = content_type.into();
        self.body = body;
        self
    }

    /// Sends it. `Ok` is an answer of success.
    pub(crate) async fn send<H: Http>(self, http: &H, token: &AccessToken) -> Result<HttpResponse, ApiError> {
        let mut headers = vec![
            header("authorization", format!("Bearer {}", token.expose())),
            header("user-agent", USER_AGENT.to_owned()),
            header("accept-encoding", "gzip".to_owned()),
        ];
        if !self.content_type.is_empty() {
            headers.push(header("content-type", self.content_type));
        }
        if let Some(etag) = self.if_match {
            headers.push(header("if-match", header_value(etag)));
        }
        let url = self.target.into_text();
        let request = HttpRequest { method: self.method, url, headers, body: self.body };
        let answer =
            http.send(request).await.map_err(|error| ApiError::from_http(self.asked.operation, &error))?;
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        Err(ApiError::from_answer(self.asked, answer.status, answer.header("retry-after"), &answer.body))
    }

    /// Sends it and reads the answer's JSON.
    pub(crate) async fn fetch<H: Http, T: DeserializeOwned>(
        self,
        http: &H,
        token: &AccessToken,
    ) -> Result<T, ApiError> {
        let operation = self.asked.operation;
        let answer = self.send(http, token).await?;
        serde_json::from_slice(&answer.body)
            .map_err(|_| ApiError::malformed(operation, answer.status, "notTheResource"))
    }
}

/// A value as JSON.
pub(crate) fn to_json<T: Serialize>(operation: &'static str, value: &T) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(value)
        .map_err(|_| ApiError::local(operation, Failure::InvalidRequest, "notSerializable"))
}

fn header(name: &str, value: String) -> (String, String) {
    (name.to_owned(), value)
}

/// A header value without the control characters that would end it (RFC 9110 §5.5).
pub(crate) fn header_value(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}
