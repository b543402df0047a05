//! Receiving a push: verify, mark dirty, nudge, answer (protocol rules 1 and 4).
//!
//! Effects, and why each may repeat:
//! 1. the calendar is marked dirty: no row is written if it is already;
//! 2. a nudge is sent: level-triggered, a duplicate costs a look-up.

use tminus_account::contract::{MarkDirty, MarkedDirty};
use tminus_domain::channel_token::{self, ChannelClaims};
use tminus_domain::dirty::{DirtyLevel, Lane};
use tminus_domain::ids::TraceId;
use tminus_ports::{CallError, Ports, call, chain, fresh_id};
use tminus_queues::{Queue, SyncMessage, send};
use tracing::Instrument as _;

use crate::Config;

/// The most of a body that is accepted: pushes have none.
pub const MAX_BODY_BYTES: usize = 1024;

/// A request to the Worker.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// The method.
    pub method: String,
    /// Names (lower-case) and values.
    pub headers: Vec<(String, String)>,
    /// The size of the body.
    pub body_len: usize,
}

impl PushRequest {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAnswer {
    /// The status: 200 is success, 503 is retried by the provider, anything else is not.
    pub status: u16,
    /// A JSON body.
    pub body: String,
}

impl WebhookAnswer {
    fn accepted() -> Self {
        Self { status: 200, body: r#"{"ok":true}"#.to_owned() }
    }

    fn refused(status: u16, code: &str, message: &str) -> Self {
        let body = serde_json::json!({ "error": { "code": code, "message": message } });
        Self { status, body: body.to_string() }
    }
}

/// Receives a push.
pub async fn receive<P: Ports>(ports: &P, config: &Config, request: PushRequest) -> WebhookAnswer {
    let claims = match check(config, &request) {
        Ok(claims) => claims,
        Err(refusal) => {
            tracing::warn!(worker = "webhook", status = refusal.status, "a push was refused");
            return refusal;
        }
    };
    if request.header("x-goog-resource-state") == Some("sync") {
        // The channel's first message: it is open, nothing has changed.
        return WebhookAnswer::accepted();
    }
    let trace: TraceId = fresh_id(ports);
    let ChannelClaims { account, calendar } = claims;
    let span = tracing::info_span!("push", worker = "webhook", %trace, %account, %calendar);
    accept(ports, claims, trace).instrument(span).await
}

fn check(config: &Config, request: &PushRequest) -> Result<ChannelClaims, WebhookAnswer> {
    if request.method != "POST" {
        return Err(WebhookAnswer::refused(405, "method_not_allowed", "a push is a POST"));
    }
    if request.body_len > MAX_BODY_BYTES {
        return Err(WebhookAnswer::refused(413, "body_too_large", "a push has no body"));
    }
    let (Some(channel), Some(token)) =
        (request.header("x-goog-channel-id"), request.header("x-goog-channel-token"))
    else {
        return Err(WebhookAnswer::refused(
            403,
            "token_missing",
            "a push carries its channel's id and token",
        ));
    };
    channel_token::verify(&config.channel_keys, channel, token)
        .map_err(|_| WebhookAnswer::refused(403, "token_invalid", "the channel token is not valid"))
}

async fn accept<P: Ports>(ports: &P, claims: ChannelClaims, trace: TraceId) -> WebhookAnswer {
    let ChannelClaims { account, calendar } = claims;
    let command = MarkDirty { calendar, level: DirtyLevel::Incremental };
    let marked = call(ports, &account.to_string(), &trace.to_string(), &command).await;
    let (lane, mark) = match &marked {
        Ok(MarkedDirty { nudge: Some(lane) }) => (*lane, None),
        Ok(MarkedDirty { nudge: None }) => {
            tracing::info!("a push for a calendar that is dirty already");
            return WebhookAnswer::accepted();
        }
        Err(error) if error.is_gone() => {
            tracing::info!("a push for an account that is gone");
            return WebhookAnswer::accepted();
        }
        // The object cannot be reached: the nudge is all that is left of the push, and marks the calendar itself.
        Err(error) => {
            tracing::warn!(error = %chain(error), "the calendar was not marked dirty");
            (Lane::Live, Some(command.level))
        }
    };
    match send(ports, Queue::sync(lane), trace, SyncMessage::Calendar { account, calendar, mark }).await {
        Ok(()) => {
            tracing::info!("a push was taken");
            WebhookAnswer::accepted()
        }
        Err(error) => unsent(marked, &error),
    }
}

fn unsent(marked: Result<MarkedDirty, CallError>, error: &tminus_ports::QueueError) -> WebhookAnswer {
    tracing::warn!(error = %chain(error), "the nudge was not sent");
    match marked {
        // It is durable: the object's timer nudges.
        Ok(_) => WebhookAnswer::accepted(),
        Err(_) => WebhookAnswer::refused(503, "unavailable", "the push could not be taken"),
    }
}
