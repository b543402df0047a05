//! Requests and answers as plain values, so that the core needs no HTTP library.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

/// One HTTP request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Upper-case method.
    pub method: String,
    /// Path and query as they stand on the request line.
    pub path_and_query: String,
    /// Headers with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request without headers or body.
    #[must_use]
    pub fn new(method: &str, path_and_query: &str) -> Self {
        Self { method: method.to_owned(), path_and_query: path_and_query.to_owned(), ..Self::default() }
    }

    /// Adds a header; the name is lower-cased.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Adds `Authorization: Bearer <token>`.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    /// Sets a form body.
    #[must_use]
    pub fn form(mut self, fields: &[(&str, &str)]) -> Self {
        self.body =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().into_bytes();
        self.header("content-type", "application/x-www-form-urlencoded")
    }

    /// First value of a header.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// Path without the query, still percent-encoded.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path_and_query.split_once('?').map_or(self.path_and_query.as_str(), |(p, _)| p)
    }

    /// Decoded query.
    #[must_use]
    pub fn query(&self) -> Query {
        let raw = self.path_and_query.split_once('?').map_or("", |(_, q)| q);
        Query::parse(raw.as_bytes())
    }

    /// Decoded path segments; empty ones are skipped.
    #[must_use]
    pub fn segments(&self) -> Vec<String> {
        self.path()
            .split('/')
            .filter(|s| !s.is_empty())
            .map(|s| percent_decode_str(s).decode_utf8_lossy().into_owned())
            .collect()
    }

    /// The form body.
    #[must_use]
    pub fn form_body(&self) -> Query {
        Query::parse(&self.body)
    }
}

/// Decoded `k=v` pairs in their order.
#[derive(Debug, Clone, Default)]
pub struct Query(pub Vec<(String, String)>);

impl Query {
    /// Decodes an urlencoded string.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        Self(form_urlencoded::parse(raw).map(|(k, v)| (k.into_owned(), v.into_owned())).collect())
    }

    /// First non-empty value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(k, v)| k == key && !v.is_empty()).map(|(_, v)| v.as_str())
    }

    /// All values of a key.
    pub fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// What the shell does with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fate {
    /// Send it.
    #[default]
    Answer,
    /// Close the connection without a byte. The effect of the call, if any, has happened.
    DropConnection,
}

/// One HTTP answer, with what the shell shall do to it.
#[derive(Debug, Clone, Default)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Headers; `Content-Length` is left to the shell.
    pub headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
    /// Whether the client gets to see it.
    pub fate: Fate,
    /// Wait this long before answering.
    pub delay_ms: u64,
    /// So many bytes are promised and never sent: the connection closes after the body.
    pub missing_bytes: usize,
    /// The pushes which the call has produced are delivered before it is answered.
    pub pushes_first: bool,
    /// A batch leaves the answer of this part out.
    pub omitted: bool,
}

impl Response {
    /// An answer without body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=UTF-8", body.to_string())
    }

    /// A JSON answer carrying the resource's etag also as a header.
    #[must_use]
    pub fn resource(body: &Value) -> Self {
        let mut response = Self::json(200, body);
        if let Some(etag) = body.get("etag").and_then(Value::as_str) {
            response.headers.push(("etag".to_owned(), etag.to_owned()));
        }
        response
    }

    /// A page.
    #[must_use]
    pub fn html(status: u16, body: String) -> Self {
        Self::text(status, "text/html; charset=UTF-8", body)
    }

    /// Any text.
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), content_type.to_owned())],
            body: body.into_bytes(),
            ..Self::default()
        }
    }

    /// `302 Found`.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        Self { status: 302, headers: vec![("location".to_owned(), location.to_owned())], ..Self::default() }
    }

    /// First value of a header.
    #[must_use]
    pub fn get_header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON; `Null` when it is none.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}
