//! Delivers pushes: in order per channel, channels side by side.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use crate::push::Push;
use crate::server::Shared;

/// The longest Google waits for a webhook here.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A push and when it leaves.
type Due = (Instant, Push);

/// Queues of pushes, one per channel.
#[derive(Debug, Clone)]
pub struct Sender {
    shared: Arc<Shared>,
    runtime: tokio::runtime::Handle,
    queues: Arc<Mutex<HashMap<String, UnboundedSender<Due>>>>,
    client: Client<HttpConnector, Empty<Bytes>>,
}

impl Sender {
    /// A sender whose tasks run on `runtime`.
    #[must_use]
    pub fn new(shared: Arc<Shared>, runtime: tokio::runtime::Handle) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Self { shared, runtime, queues: Arc::default(), client }
    }

    /// Queues pushes without waiting.
    pub fn send_all(&self, pushes: Vec<Push>) {
        if pushes.is_empty() {
            return;
        }
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        for push in pushes {
            let due = Instant::now() + Duration::from_millis(push.delay_ms);
            if push.overtakes {
                self.runtime.spawn(deliver_at(self.shared.clone(), self.client.clone(), (due, push)));
                continue;
            }
            let queue = queues.entry(push.channel.clone()).or_insert_with(|| {
                let (sender, receiver) = unbounded_channel();
                self.runtime.spawn(deliver(self.shared.clone(), self.client.clone(), receiver));
                sender
            });
            // The task ends only with the runtime.
            let _ = queue.send((due, push));
        }
    }

    /// Delivers a push, its delay included, and returns when it has been answered.
    pub async fn deliver_now(&self, push: Push) {
        let due = Instant::now() + Duration::from_millis(push.delay_ms);
        deliver_at(self.shared.clone(), self.client.clone(), (due, push)).await;
    }
}

async fn deliver(
    shared: Arc<Shared>,
    client: Client<HttpConnector, Empty<Bytes>>,
    mut queue: UnboundedReceiver<Due>,
) {
    while let Some(due) = queue.recv().await {
        deliver_at(shared.clone(), client.clone(), due).await;
    }
}

async fn deliver_at(shared: Arc<Shared>, client: Client<HttpConnector, Empty<Bytes>>, (due, push): Due) {
    if push.delay_ms > 0 {
        tokio::time::sleep_until(due).await;
    }
    let status = attempt(&shared, &client, &push).await;
    if retryable(status) {
        // Later pushes of the channel do not wait for a retry.
        tokio::spawn(retry(shared.clone(), client.clone(), push));
    }
}

async fn retry(shared: Arc<Shared>, client: Client<HttpConnector, Empty<Bytes>>, push: Push) {
    let (retries, base_ms) = {
        let google = shared.google();
        (google.settings.push_retries, google.settings.push_retry_base_ms)
    };
    for n in 0..retries {
        tokio::time::sleep(Duration::from_millis(base_ms.saturating_mul(1 << n.min(16)))).await;
        if !retryable(attempt(&shared, &client, &push).await) {
            return;
        }
    }
}

/// 0 stands for a connection which failed.
const fn retryable(status: u16) -> bool {
    matches!(status, 0 | 500 | 502 | 503 | 504)
}

async fn attempt(shared: &Shared, client: &Client<HttpConnector, Empty<Bytes>>, push: &Push) -> u16 {
    let mut builder = hyper::Request::post(&push.url);
    for (name, value) in &push.headers {
        builder = builder.header(name, value);
    }
    let request = builder.header("content-length", "0").body(Empty::new());
    record(shared, "push_sent", push, None);
    let status = match request {
        Ok(request) => match tokio::time::timeout(TIMEOUT, client.request(request)).await {
            Ok(Ok(response)) => {
                let status = response.status().as_u16();
                // Read to the end, so that the connection can be used again.
                let _ = tokio::time::timeout(TIMEOUT, response.into_body().collect()).await;
                status
            }
            _ => 0,
        },
        Err(_) => 400,
    };
    record(shared, "push_answered", push, Some(status));
    status
}

fn record(shared: &Shared, kind: &'static str, push: &Push, status: Option<u16>) {
    let mut google = shared.google();
    google.set_monotonic_us(shared.now_us());
    google.record(kind, &push.calendar, |e| {
        e.channel = Some(push.channel.clone());
        e.what = Some(push.state.to_owned());
        e.message_number = Some(push.message_number);
        e.status = status;
    });
}
