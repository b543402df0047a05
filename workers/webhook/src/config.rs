//! What the Worker is configured with.

use tminus_domain::keys::KeyRing;
use tminus_ports::config::{ConfigError, ConfigReader};

/// The keys that channel tokens are signed with.
pub struct Config {
    pub(crate) channel_keys: KeyRing,
}

impl Config {
    /// Reads `CHANNEL_KEYS`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is missing or malformed.
    pub fn load(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = ConfigReader::new(get);
        let channel_keys = reader.parsed("CHANNEL_KEYS", KeyRing::parse);
        reader.finish(channel_keys.map(|channel_keys| Self { channel_keys }))
    }
}
