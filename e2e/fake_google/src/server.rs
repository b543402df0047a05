//! HTTP around [`Google`]: connections, gzip, delays, dropped answers, pushes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Google;
use crate::discovery::Discovery;
use crate::http::{Fate, Request};
use crate::sender::Sender;
use crate::wire::{Answer, Dropped, finish};

/// State and clock, shared by connections and pushes.
#[derive(Debug)]
pub struct Shared {
    google: Mutex<Google>,
    started: Instant,
}

impl Shared {
    /// The state machine.
    pub fn google(&self) -> MutexGuard<'_, Google> {
        self.google.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Microseconds since the server has started.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

/// Milliseconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the shell is native and is where time comes from")]
#[must_use]
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A running server; dropping it stops it.
#[derive(Debug)]
pub struct Handle {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What it serves.
    pub state: Arc<Shared>,
    runtime: Option<Runtime>,
    sender: Sender,
}

impl Handle {
    /// `http://127.0.0.1:N`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Calls Rust methods of the state machine at the current time and delivers the pushes.
    pub fn with<T>(&self, act: impl FnOnce(&mut Google) -> T) -> T {
        let mut google = self.state.google();
        google.at(now_ms());
        google.set_monotonic_us(self.state.now_us());
        let out = act(&mut google);
        self.sender.send_all(google.take_pushes());
        out
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Starts a server on a loopback port, 0 for any. It runs on threads of its own. The discovery document
/// which the environment names judges its requests and answers.
pub fn start(port: u16) -> std::io::Result<Handle> {
    start_with(port, Discovery::from_environment().map_err(std::io::Error::other)?)
}

/// The same with this discovery document, or with none.
pub fn start_with(port: u16, discovery: Option<Discovery>) -> std::io::Result<Handle> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
    let addr = listener.local_addr()?;
    let mut google = Google::new();
    google.discovery = discovery.map(Arc::new);
    #[expect(clippy::disallowed_methods, reason = "the shell is native and is where time comes from")]
    let started = Instant::now();
    let state = Arc::new(Shared { google: Mutex::new(google), started });
    let sender = Sender::new(state.clone(), runtime.handle().clone());
    runtime.spawn(accept(listener, state.clone(), sender.clone()));
    Ok(Handle { addr, state, runtime: Some(runtime), sender })
}

async fn accept(listener: TcpListener, state: Arc<Shared>, sender: Sender) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let (state, sender) = (state.clone(), sender.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(state.clone(), sender.clone(), request));
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder.timer(TokioTimer::new());
            // An error is a client gone, or an answer dropped on purpose.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve(
    state: Arc<Shared>,
    sender: Sender,
    incoming: hyper::Request<Incoming>,
) -> Result<hyper::Response<Answer>, Dropped> {
    let (head, body) = incoming.into_parts();
    let body = body.collect().await.map_err(|_| Dropped)?.to_bytes();
    let request = Request {
        method: head.method.as_str().to_owned(),
        path_and_query: head.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
        headers: head
            .headers
            .iter()
            .map(|(n, v)| (n.as_str().to_owned(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
            .collect(),
        body: body.to_vec(),
    };
    let (response, first) = {
        let mut google = state.google();
        let response = google.handle_at(&request, now_ms(), state.now_us());
        let pushes = google.take_pushes();
        if response.pushes_first {
            (response, pushes)
        } else {
            // Pushes leave under the lock, so that their order is the order of the changes.
            sender.send_all(pushes);
            (response, Vec::new())
        }
    };
    for push in first {
        sender.deliver_now(push).await;
    }
    if response.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(response.delay_ms)).await;
    }
    if response.fate == Fate::DropConnection {
        return Err(Dropped);
    }
    Ok(finish(&request, response))
}
