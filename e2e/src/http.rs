//! A blocking HTTP client without redirects, and a browser that keeps cookies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::header::{HeaderMap, LOCATION, SET_COOKIE};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The most redirects that a browser follows.
const MAX_REDIRECTS: usize = 8;

/// A client; cloned, it shares its connections.
#[derive(Debug, Clone)]
pub struct Http {
    runtime: Arc<tokio::runtime::Runtime>,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.body).with_context(|| format!("unexpected answer: {}", self.shown()))
    }

    /// The body as JSON if the status is `status`.
    pub fn expect<T: DeserializeOwned>(&self, status: u16) -> Result<T> {
        if self.status != status {
            bail!("expected {status}, got {}", self.shown());
        }
        self.json()
    }

    /// The code of the error that it tells.
    #[must_use]
    pub fn error_code(&self) -> Option<String> {
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        body["error"]["code"].as_str().map(str::to_owned)
    }

    /// Status and body, for messages.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

impl Http {
    /// A client.
    pub fn new() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            runtime: Arc::new(runtime),
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// Sends a request.
    pub fn send(&self, method: &str, url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Reply> {
        let mut request = hyper::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body)))?;
        let exchange = async {
            let (head, body) = self.client.request(request).await?.into_parts();
            let body = body.collect().await?.to_bytes().to_vec();
            Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
        };
        let limited = async { tokio::time::timeout(TIMEOUT, exchange).await };
        self.runtime.block_on(limited).context("no answer in time")?.map_err(|error: anyhow::Error| {
            let path = Url::parse(url).map_or_else(|_| url.to_owned(), |url| url.path().to_owned());
            error.context(format!("{method} {path}"))
        })
    }

    /// GET.
    pub fn get(&self, url: &str, headers: &[(&str, &str)]) -> Result<Reply> {
        self.send("GET", url, headers, Vec::new())
    }

    /// POST of JSON.
    pub fn post(&self, url: &str, headers: &[(&str, &str)], body: &Value) -> Result<Reply> {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send("POST", url, &all, body.to_string().into_bytes())
    }
}

/// A browser: cookies by origin, redirects followed by hand.
#[derive(Debug)]
pub struct Browser {
    http: Http,
    cookies: Mutex<BTreeMap<String, BTreeMap<String, String>>>,
}

impl Browser {
    /// A browser without cookies.
    #[must_use]
    pub fn new(http: Http) -> Self {
        Self { http, cookies: Mutex::default() }
    }

    /// Opens a URL and stays there.
    pub fn get(&self, url: &str) -> Result<Reply> {
        self.send("GET", url, None)
    }

    /// Sends a DELETE, as a page of the same origin does.
    pub fn delete(&self, url: &str) -> Result<Reply> {
        self.send("DELETE", url, None)
    }

    /// Sends a PUT of JSON.
    pub fn put(&self, url: &str, body: &Value) -> Result<Reply> {
        self.send("PUT", url, Some(body))
    }

    /// Sends a PATCH of JSON.
    pub fn patch(&self, url: &str, body: &Value) -> Result<Reply> {
        self.send("PATCH", url, Some(body))
    }

    /// Sends a POST of JSON.
    pub fn post(&self, url: &str, body: &Value) -> Result<Reply> {
        self.send("POST", url, Some(body))
    }

    /// The cookies that it brings along to a URL, as they stand in the header.
    pub fn cookies(&self, url: &str) -> Result<String> {
        let all = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.get(&origin(url)?).into_iter().flatten();
        Ok(own.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; "))
    }

    fn send(&self, method: &str, url: &str, body: Option<&Value>) -> Result<Reply> {
        let cookie = self.cookies(url)?;
        let mut headers: Vec<(&str, &str)> = Vec::new();
        if !cookie.is_empty() {
            headers.push(("cookie", &cookie));
        }
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let reply = self.http.send(method, url, &headers, body)?;
        let mut all = self.cookies.lock().unwrap_or_else(PoisonError::into_inner);
        let own = all.entry(origin(url)?).or_default();
        for header in reply.headers.get_all(SET_COOKIE) {
            let text = header.to_str()?;
            let (name, value) =
                text.split(';').next().and_then(|pair| pair.split_once('=')).unwrap_or_default();
            if text.contains("Max-Age=0;") || value.is_empty() {
                own.remove(name);
            } else {
                own.insert(name.to_owned(), value.to_owned());
            }
        }
        drop(all);
        Ok(reply)
    }

    /// Opens a URL and goes where it leads.
    pub fn follow(&self, url: &str) -> Result<Reply> {
        let mut url = Url::parse(url)?;
        for _ in 0..MAX_REDIRECTS {
            let reply = self.get(url.as_str())?;
            match reply.headers.get(LOCATION) {
                Some(location) if (300..400).contains(&reply.status) => url = url.join(location.to_str()?)?,
                _ => return Ok(reply),
            }
        }
        bail!("too many redirects")
    }

    /// The location that a URL redirects to.
    pub fn location(&self, url: &str) -> Result<Url> {
        let reply = self.get(url)?;
        let location = reply.headers.get(LOCATION);
        let location = location.with_context(|| format!("no redirect: {}", reply.shown()))?;
        Ok(Url::parse(url)?.join(location.to_str()?)?)
    }
}

fn origin(url: &str) -> Result<String> {
    Ok(Url::parse(url)?.origin().ascii_serialization())
}
