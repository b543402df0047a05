//! Push channels (Calendar API v3, events.watch; "Get push notifications").

use super::lenient::number_or_text;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// A channel to be opened. `Debug` leaves the token out: it is the only proof of a push.
#[derive(Clone, PartialEq, Eq)]
pub struct WatchRequest {
    /// Our id, up to 64 characters, never used before.
    pub id: String,
    /// Where pushes go; https.
    pub address: String,
    /// Sent along with every push, up to 256 characters.
    pub token: String,
    /// How long the channel should live; Google may grant less. `None` for its default of seven days.
    pub ttl_s: Option<u32>,
}

impl Serialize for WatchRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Params {
            ttl: String,
        }
        let mut object = serializer.serialize_struct("WatchRequest", 5)?;
        object.serialize_field("id", &self.id)?;
        object.serialize_field("type", "web_hook")?;
        object.serialize_field("address", &self.address)?;
        object.serialize_field("token", &self.token)?;
        if let Some(ttl) = self.ttl_s {
            object.serialize_field("params", &Params { ttl: ttl.to_string() })?;
        }
        object.end()
    }
}

impl std::fmt::Debug for WatchRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WatchRequest")
            .field("id", &self.id)
            .field("ttl_s", &self.ttl_s)
            .finish_non_exhaustive()
    }
}

/// An open channel. A push may arrive before this answer does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchResponse {
    /// The id that was asked for.
    pub id: String,
    /// The watched resource, the same for every channel on it. Needed to stop the channel.
    pub resource_id: String,
    /// When the channel ends, milliseconds since the Unix epoch.
    #[serde(default, deserialize_with = "number_or_text")]
    pub expiration: Option<i64>,
}

/// A channel to be stopped (channels.stop).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopRequest<'a> {
    pub(crate) id: &'a str,
    pub(crate) resource_id: &'a str,
}
