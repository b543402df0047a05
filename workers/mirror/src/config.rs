//! What the Worker is configured with.

use tminus_ports::config::{ConfigError, ConfigReader};

/// The provider.
pub struct Config {
    pub(crate) api_base: String,
}

impl Config {
    /// Reads `GOOGLE_API_BASE_URL`.
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is missing or malformed.
    pub fn load(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = ConfigReader::new(get);
        let api_base = reader.base_url("GOOGLE_API_BASE_URL");
        reader.finish(Some(Self { api_base }))
    }
}
