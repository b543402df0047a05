//! What the Worker is configured with.

use tminus_domain::keys::KeyRing;
use tminus_ports::config::{ConfigError, ConfigReader};

/// The provider, and how it reaches us.
pub struct Config {
    pub(crate) api_base: String,
    pub(crate) webhook_url: String,
    pub(crate) channel_keys: KeyRing,
}

impl Config {
    /// Reads `GOOGLE_API_BASE_URL`, `PUBLIC_WEBHOOK_URL` and `CHANNEL_KEYS`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is missing or malformed.
    pub fn load(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = ConfigReader::new(get);
        let api_base = reader.base_url("GOOGLE_API_BASE_URL");
        let webhook_url = reader.base_url("PUBLIC_WEBHOOK_URL");
        let channel_keys = reader.parsed("CHANNEL_KEYS", KeyRing::parse);
        reader.finish(channel_keys.map(|channel_keys| Self { api_base, webhook_url, channel_keys }))
    }
}
