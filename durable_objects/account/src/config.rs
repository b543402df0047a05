//! What the object is configured with.

use std::num::NonZeroU32;

use tminus_domain::keys::KeyRing;
use tminus_domain::quota::PER_MINUTE;
use tminus_google::{ClientSecret, OauthClient, OauthConfig};
use tminus_ports::config::{ConfigError, ConfigReader};

/// Master keys, and how tokens are refreshed.
pub struct AccountConfig {
    pub(crate) master_keys: KeyRing,
    pub(crate) oauth: OauthClient,
    /// Calls that the provider grants an account in any minute.
    pub(crate) quota_per_minute: u32,
}

impl AccountConfig {
    /// Reads `MASTER_KEYS`, `GOOGLE_CLIENT_ID`, `GOOGLE_CLIENT_SECRET`, `GOOGLE_OAUTH_BASE_URL` and, if it is set,
    /// `GOOGLE_QUOTA_PER_MINUTE` (calls of a user in a minute, 600 unless told).
    ///
    /// # Errors
    /// [`ConfigError`] with everything that is missing or malformed.
    pub fn load(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = ConfigReader::new(get);
        let master_keys = reader.parsed("MASTER_KEYS", KeyRing::parse);
        let client_id = reader.required("GOOGLE_CLIENT_ID");
        let client_secret = ClientSecret::new(reader.required("GOOGLE_CLIENT_SECRET"));
        let oauth_base = reader.base_url("GOOGLE_OAUTH_BASE_URL");
        // Only the API Worker sends a user to the consent page.
        let auth_base = String::new();
        let oauth = OauthClient::new(OauthConfig { client_id, client_secret, oauth_base, auth_base });
        let quota = reader.optional("GOOGLE_QUOTA_PER_MINUTE", str::parse::<NonZeroU32>);
        let quota_per_minute = quota.map_or(PER_MINUTE, NonZeroU32::get);
        reader.finish(master_keys.map(|master_keys| Self { master_keys, oauth, quota_per_minute }))
    }
}
