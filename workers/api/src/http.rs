//! Requests and answers, as the platform hands them over.

use serde::Serialize;

use crate::conventions::ApiError;

/// The largest body that is read. A shell that read more than this may pass on any body longer than it.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request. `Debug` shows nothing that may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// The method's name, in upper case.
    pub method: String,
    /// The path, still encoded.
    pub path: String,
    /// The query without its `?`, still encoded; empty for none.
    pub query: String,
    /// Names (lower-case) and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl ApiRequest {
    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the client is a browser that shows a page, rather than a program.
    pub(crate) fn wants_page(&self) -> bool {
        self.header("accept").is_some_and(|accept| accept.contains("text/html"))
    }
}

impl std::fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// An answer. `Debug` shows the status only.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiResponse {
    /// The status code.
    pub status: u16,
    /// Names (lower-case) and values; a name may come more than once.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl ApiResponse {
    fn new(status: u16, content_type: &str, body: Vec<u8>) -> Self {
        let headers = [
            ("content-type", content_type),
            // Every answer is about one person, and some set cookies.
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            // The callback's own URL holds a code: no page may send it on.
            ("referrer-policy", "no-referrer"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { status, headers, body }
    }

    /// An answer in JSON.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_vec(body)
            .map_err(|_| ApiError::Internal { what: "the answer does not encode" })?;
        Ok(Self::raw_json(status, body))
    }

    /// An answer that is JSON already.
    pub(crate) fn raw_json(status: u16, body: Vec<u8>) -> Self {
        Self::new(status, "application/json", body)
    }

    /// An iCalendar file.
    pub(crate) fn calendar(text: String) -> Self {
        Self::new(200, "text/calendar; charset=utf-8", text.into_bytes())
    }

    /// A page without scripts, styles or links. `text` must hold nothing from outside.
    pub(crate) fn page(text: &'static str) -> Self {
        let body = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>T-Minus</title><p>{text}</p></html>\n"
        );
        Self::new(200, "text/html; charset=utf-8", body.into_bytes())
            .with("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    }

    /// What docs/API.md is made of, as it is checked in.
    pub(crate) fn description() -> Self {
        Self::raw_json(200, include_bytes!("../openapi.json").to_vec())
    }

    /// Sends the browser elsewhere.
    pub(crate) fn redirect(location: &str) -> Self {
        Self::new(302, "text/plain", Vec::new()).with("location", location)
    }

    /// With one more header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The first value of a header, by its lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for ApiResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiResponse").field("status", &self.status).finish_non_exhaustive()
    }
}
