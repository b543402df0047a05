//! What the Worker must be told.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tminus_domain::keys::{KeyRing, KeyRingError};
use tminus_domain::signed::mac;
use tminus_google::{ClientSecret, OauthClient, OauthConfig};
use tminus_ports::config::{ConfigError, ConfigReader};

/// The configuration. `Debug` shows no key and no secret.
#[derive(Debug, Clone)]
pub struct Config {
    /// The OAuth client.
    pub(crate) oauth: OauthClient,
    /// Where Google sends people back to.
    pub(crate) redirect_uri: String,
    /// The origin of our own pages, as browsers name it.
    pub(crate) origin: String,
    /// Signs states and sessions.
    pub(crate) state_keys: KeyRing,
    /// Seals what browsers keep for us.
    pub(crate) cookie_keys: KeyRing,
    /// SHA-256 of each admin token; two are valid at once while one replaces the other.
    pub(crate) admin_tokens: Vec<[u8; 32]>,
}

impl Config {
    /// Reads the configuration, values by name through `get`.
    ///
    /// # Errors
    /// [`ConfigError`] naming everything that is missing or malformed, never a value.
    pub fn load(get: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut reader = ConfigReader::new(get);
        let client_id = reader.required("GOOGLE_CLIENT_ID");
        let client_secret = ClientSecret::new(reader.required("GOOGLE_CLIENT_SECRET"));
        let auth_base = reader.base_url("GOOGLE_AUTH_BASE_URL");
        let oauth_base = reader.base_url("GOOGLE_OAUTH_BASE_URL");
        let public = reader.base_url("PUBLIC_API_URL");
        let keys = reader.parsed("STATE_KEYS", |text| {
            let keys = KeyRing::parse(text)?;
            let cookie_keys = derived(&keys, text)?;
            Ok::<_, KeyRingError>((keys, cookie_keys))
        });
        let admin_tokens = reader.parsed("ADMIN_TOKEN_HASHES", admin_tokens);
        let config = keys.zip(admin_tokens).map(|((state_keys, cookie_keys), admin_tokens)| Self {
            oauth: OauthClient::new(OauthConfig { client_id, client_secret, oauth_base, auth_base }),
            redirect_uri: format!("{public}/v1/auth/callback"),
            origin: origin(&public).to_owned(),
            state_keys,
            cookie_keys,
            admin_tokens,
        });
        reader.finish(config)
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host.saturating_add(at));
    url.get(..end).unwrap_or(url)
}

/// A ring with the ids of `ring` and a key derived from each of its keys: no key both signs and encrypts.
fn derived(ring: &KeyRing, text: &str) -> Result<KeyRing, KeyRingError> {
    let ids = text.split(',').filter_map(|entry| entry.trim().split_once(':')).map(|(id, _)| id);
    let entries = ids.filter_map(|id| {
        let key = ring.get(id)?;
        Some(format!("{id}:{}", STANDARD.encode(mac(key, "derive\ncookie-encryption"))))
    });
    KeyRing::parse(&entries.collect::<Vec<_>>().join(","))
}

fn admin_tokens(text: &str) -> Result<Vec<[u8; 32]>, &'static str> {
    let hashes: Option<Vec<[u8; 32]>> = text
        .split(',')
        .map(|hash| {
            let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(hash.trim().as_bytes()).ok()?;
            bytes.try_into().ok()
        })
        .collect();
    hashes.filter(|hashes| (1..=2).contains(&hashes.len())).ok_or("not one or two SHA-256 in hexadecimal")
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_origin_has_no_path() {
        for url in ["https://api.example", "https://api.example/base", "https://api.example/"] {
            assert_eq!(origin(url), "https://api.example");
        }
        assert_eq!(origin("http://127.0.0.1:8787/x"), "http://127.0.0.1:8787");
    }
}
