//! Channels and the pushes they produce.

use serde_json::{Value, json};

use crate::api::Call;
use crate::error::{ApiError, ApiResult};
use crate::http::Response;
use crate::ids::stable_number;
use crate::state::Google;
use crate::time::rfc1123;

/// A notification channel on a calendar's events.
#[derive(Debug, Clone)]
pub struct Channel {
    /// Id given by the client.
    pub id: String,
    /// Token given by the client.
    pub token: Option<String>,
    /// Webhook.
    pub address: String,
    /// Watched calendar.
    pub calendar: String,
    /// Stable id of the watched collection.
    pub resource_id: String,
    /// Address of the watched collection.
    pub resource_uri: String,
    /// Silent from then on.
    pub expires_ms: i64,
    /// Owner.
    pub email: String,
    /// Owner's client.
    pub client_id: String,
    /// Last message number.
    pub message_number: u64,
    /// So many changes are still pushed although it has been stopped.
    pub pushes_after_stop: u32,
}

/// One webhook call to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// Order over all channels.
    pub seq: u64,
    /// Where to POST.
    pub url: String,
    /// All headers but the transport's; the body is empty.
    pub headers: Vec<(String, String)>,
    /// Channel id.
    pub channel: String,
    /// Calendar id.
    pub calendar: String,
    /// `sync` or `exists`.
    pub state: &'static str,
    /// Message number.
    pub message_number: u64,
    /// Wait this long first.
    pub delay_ms: u64,
    /// Does not wait for earlier pushes of its channel.
    pub overtakes: bool,
}

const USER_AGENT: &str = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)";

/// `events.watch`.
pub fn watch(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let body = call.body()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|s| !s.is_empty());
    let (calendar, _) = google.calendar_for(&call.access.email, &call.calendar)?;
    if !calendar.push_supported {
        return Err(ApiError::new(
            400,
            "calendar",
            "pushNotSupportedForRequestedResource",
            "Push notifications are not supported by this resource.",
        ));
    }
    let id = text("id").ok_or_else(|| ApiError::required("Required"))?.to_owned();
    if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_+/=.".contains(&b)) {
        return Err(ApiError::new(400, "global", "invalid", "Invalid channel id."));
    }
    if !matches!(text("type"), Some("web_hook" | "webhook")) {
        return Err(ApiError::new(400, "global", "channelUnknownType", "Unknown channel type"));
    }
    let address = text("address").ok_or_else(|| ApiError::required("WebHook callback address missing"))?;
    check_address(address, google.settings.allow_http)?;
    let token = text("token").map(str::to_owned);
    if token.as_ref().is_some_and(|t| t.len() > 256) {
        return Err(ApiError::new(400, "global", "channelTokenTooLong", "Channel token is too long."));
    }
    if google.burnt_channels.contains(&id) {
        let message = format!("Channel id {id} not unique");
        return Err(ApiError::new(400, "global", "channelIdNotUnique", message));
    }
    let expires_ms = expiration(google, &body)?;
    let incarnation = format!("{}/{}", calendar.id, calendar.incarnation);
    let resource_id =
        format!("r{:020}{:07}", stable_number(&incarnation), stable_number(&calendar.id) % 10_000_000);
    let encoded = percent_encoding::utf8_percent_encode(&call.calendar, percent_encoding::NON_ALPHANUMERIC);
    let path = encoded.to_string().replace("%2E", ".").replace("%2D", "-").replace("%5F", "_");
    let resource_uri = format!("https://www.googleapis.com/calendar/v3/calendars/{path}/events?alt=json");
    let channel = Channel {
        id: id.clone(),
        token,
        address: address.to_owned(),
        calendar: call.calendar.clone(),
        resource_id,
        resource_uri,
        expires_ms,
        email: call.access.email.clone(),
        client_id: call.access.client_id.clone(),
        message_number: 0,
        pushes_after_stop: 0,
    };
    let mut out = json!({
        "kind": "api#channel",
        "id": channel.id,
        "resourceId": channel.resource_id,
        "resourceUri": channel.resource_uri,
        "expiration": channel.expires_ms.to_string(),
    });
    if google.settings.channel_expiration_as_number {
        out["expiration"] = channel.expires_ms.into();
    }
    if let Some(token) = &channel.token {
        out["token"] = token.as_str().into();
    }
    google.burnt_channels.insert(id.clone());
    google.channels.insert(id.clone(), channel);
    google.notify(&id, "sync");
    let pushes_first = google.settings.sync_push_first;
    Ok(Response { pushes_first, ..Response::json(200, &out) })
}

fn check_address(address: &str, allow_http: bool) -> ApiResult<()> {
    let not_https = || {
        ApiError::new(
            400,
            "global",
            "push.webhookUrlNotHttps",
            "WebHook callback must be HTTPS: ".to_owned() + address,
        )
    };
    let url = url::Url::parse(address).map_err(|_| not_https())?;
    match url.scheme() {
        "https" => Ok(()),
        "http" if allow_http => Ok(()),
        _ => Err(not_https()),
    }
}

/// The more restrictive of what is asked for and what we grant.
fn expiration(google: &Google, body: &crate::model::Object) -> ApiResult<i64> {
    let settings = &google.settings;
    let invalid = |n: i64| ApiError::invalid(format!("Invalid ttl value for channel {n}"));
    let number = |value: &Value| value.as_i64().or_else(|| value.as_str()?.parse().ok());
    let ttl_ms = match body.get("params").and_then(|p| p.get("ttl")) {
        Some(value) => Some(number(value).ok_or_else(|| invalid(0))? * 1000),
        None => None,
    };
    let until = match body.get("expiration") {
        Some(value) => Some(number(value).ok_or_else(|| invalid(0))? - google.now_ms),
        None => None,
    };
    let asked = match (ttl_ms, until) {
        (Some(a), Some(b)) => a.min(b),
        (Some(a), None) | (None, Some(a)) => a,
        (None, None) => settings.default_channel_ttl_s * 1000,
    };
    if asked <= 0 {
        return Err(invalid(asked / 1000));
    }
    // Google answers whole seconds.
    let expires_ms = google.now_ms + asked.min(settings.max_channel_ttl_s * 1000);
    Ok(expires_ms - expires_ms.rem_euclid(1000))
}

/// `channels.stop`: same user and client only.
pub fn stop(google: &mut Google, call: &Call<'_>) -> ApiResult {
    let body = call.body()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or("");
    let (id, resource) = (text("id"), text("resourceId"));
    let found = google.channels.get(id).is_some_and(|c| {
        c.resource_id == resource
            && c.email == call.access.email
            && c.client_id == call.access.client_id
            && c.expires_ms > google.now_ms
    });
    if !found {
        let message = format!("Channel '{id}' not found for project '{}'", call.access.project());
        return Err(ApiError::new(404, "global", "notFound", message));
    }
    if let Some(mut channel) = google.channels.remove(id) {
        channel.pushes_after_stop = google.settings.pushes_after_stop;
        google.retired_channels.insert(id.to_owned(), channel);
    }
    Ok(Response::empty(204))
}

impl Google {
    /// Tells every live channel of a calendar about a change.
    pub(crate) fn notify_change(&mut self, calendar: &str, through_api: bool) {
        if !self.settings.pushes_enabled || (through_api && !self.settings.echo_pushes) {
            return;
        }
        let now_ms = self.now_ms;
        let ids: Vec<String> = self
            .channels
            .values()
            .filter(|c| c.calendar == calendar && c.expires_ms > now_ms)
            .map(|c| c.id.clone())
            .collect();
        let stragglers = self.retired_channels.values_mut().filter(|c| c.calendar == calendar);
        let stragglers: Vec<String> = stragglers
            .filter(|c| c.expires_ms > now_ms && c.pushes_after_stop > 0)
            .map(|c| {
                c.pushes_after_stop -= 1;
                c.id.clone()
            })
            .collect();
        for id in ids.into_iter().chain(stragglers) {
            self.notify(&id, "exists");
        }
    }

    fn notify(&mut self, id: &str, state: &'static str) {
        if !self.settings.pushes_enabled {
            return;
        }
        let lossy = state == "exists";
        let lost = lossy && self.happens(self.settings.push_drop_rate);
        let twice = lossy && self.happens(self.settings.push_duplicate_rate);
        let late = lossy && self.happens(self.settings.push_reorder_rate);
        let jitter_ms = if lossy { self.settings.push_jitter_ms } else { 0 };
        let extra_ms = if jitter_ms > 0 { self.draw() % (jitter_ms + 1) } else { 0 };
        let delay_ms = self.settings.push_delay_ms + extra_ms;
        let channel = self.channels.get_mut(id).or_else(|| self.retired_channels.get_mut(id));
        let Some(channel) = channel else { return };
        // Numbers grow, but not one by one.
        let step = 1 + stable_number(id) % 3;
        channel.message_number += if channel.message_number == 0 { 1 } else { step };
        let mut push = channel.push(state, delay_ms);
        push.overtakes = jitter_ms > 0;
        if lost {
            self.counters.count("push.lost");
            return;
        }
        if late && !self.held_pushes.contains_key(id) {
            self.held_pushes.insert(id.to_owned(), push);
            return;
        }
        if twice {
            self.send(push.clone());
        }
        self.send(push);
        if let Some(held) = self.held_pushes.remove(id) {
            self.send(held);
        }
    }

    /// Sends the pushes which still wait for a next one to overtake them.
    pub fn release_pushes(&mut self) {
        for held in std::mem::take(&mut self.held_pushes).into_values() {
            self.send(held);
        }
    }

    /// Draws from the seed, but only where something can come of it.
    fn happens(&mut self, rate: f64) -> bool {
        rate > 0.0 && self.ids.chance(self.settings.seed) < rate
    }

    fn draw(&mut self) -> u64 {
        let chance = self.ids.chance(self.settings.seed);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "32 bits of a unit")]
        let number = (chance * 4_294_967_296.0) as u64;
        number
    }

    /// Sends a push on any channel whatever its state: repeated, forged and straggling deliveries.
    pub fn push_by_hand(&mut self, channel: &Channel, state: &'static str) {
        let push = channel.push(state, 0);
        self.send(push);
    }
}

impl Channel {
    fn push(&self, state: &'static str, delay_ms: u64) -> Push {
        let mut headers = vec![
            ("accept".to_owned(), "*/*".to_owned()),
            ("accept-encoding".to_owned(), "gzip,deflate,br".to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("x-goog-channel-id".to_owned(), self.id.clone()),
            ("x-goog-channel-expiration".to_owned(), rfc1123(self.expires_ms)),
            ("x-goog-message-number".to_owned(), self.message_number.to_string()),
            ("x-goog-resource-id".to_owned(), self.resource_id.clone()),
            ("x-goog-resource-state".to_owned(), state.to_owned()),
            ("x-goog-resource-uri".to_owned(), self.resource_uri.clone()),
        ];
        if let Some(token) = &self.token {
            headers.push(("x-goog-channel-token".to_owned(), token.clone()));
        }
        Push {
            seq: 0,
            url: self.address.clone(),
            headers,
            channel: self.id.clone(),
            calendar: self.calendar.clone(),
            state,
            message_number: self.message_number,
            delay_ms,
            overtakes: false,
        }
    }
}
