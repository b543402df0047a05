//! Google's OAuth: consent page, tokens, revocation.

pub mod authorize;
pub mod page;
pub mod token;

use std::collections::{BTreeMap, BTreeSet};

use crate::http::{Request, Response};
use crate::state::Google;

/// Client accepted without registration.
pub const DEFAULT_CLIENT_ID: &str = "fake-client-id";
/// Its secret.
pub const DEFAULT_CLIENT_SECRET: &str = "fake-client-secret";

/// A registered client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Secret.
    pub secret: String,
    /// Allowed redirects; empty allows any.
    pub redirect_uris: Vec<String>,
}

/// An authorization code waiting to be exchanged.
#[derive(Debug, Clone)]
pub struct Code {
    /// Who consented.
    pub email: String,
    /// To which client.
    pub client_id: String,
    /// Must be repeated at the exchange.
    pub redirect_uri: String,
    /// What was granted.
    pub scopes: Vec<String>,
    /// `(challenge, is S256)`.
    pub challenge: Option<(String, bool)>,
    /// Goes into the id token.
    pub nonce: Option<String>,
    /// Hand out a refresh token.
    pub offline: bool,
    /// Useless from then on.
    pub expires_ms: i64,
}

/// What an access token allows.
#[derive(Debug, Clone)]
pub struct Access {
    /// Whose data.
    pub email: String,
    /// Which client.
    pub client_id: String,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Useless from then on.
    pub expires_ms: i64,
}

impl Access {
    /// The number of the client's project, for messages.
    #[must_use]
    pub fn project(&self) -> u64 {
        crate::ids::stable_number(&self.client_id) % 1_000_000_000_000
    }
}

/// A refresh token.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// Whose data.
    pub email: String,
    /// Which client.
    pub client_id: String,
    /// Granted scopes.
    pub scopes: Vec<String>,
    /// Order of issue.
    pub serial: u64,
    /// Useless from then on.
    pub expires_ms: Option<i64>,
}

/// All OAuth state.
#[derive(Debug, Default)]
pub struct OAuth {
    /// Registered clients; without any, the default one is accepted.
    pub clients: BTreeMap<String, Client>,
    /// Live codes.
    pub codes: BTreeMap<String, Code>,
    /// Access tokens.
    pub accesses: BTreeMap<String, Access>,
    /// Refresh tokens.
    pub refreshes: BTreeMap<String, Refresh>,
    /// Scopes granted so far by `(email, client)`.
    pub grants: BTreeMap<(String, String), BTreeSet<String>>,
    serial: u64,
}

impl OAuth {
    /// A live access token.
    #[must_use]
    pub fn access(&self, token: &str, now_ms: i64) -> Option<&Access> {
        self.accesses.get(token).filter(|a| a.expires_ms > now_ms)
    }

    /// The client with this id.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Client> {
        self.clients.get(id).cloned().or_else(|| {
            (id == DEFAULT_CLIENT_ID)
                .then(|| Client { secret: DEFAULT_CLIENT_SECRET.to_owned(), redirect_uris: Vec::new() })
        })
    }

    /// Kills the whole consent of a user, for one client or for all.
    pub fn revoke(&mut self, email: &str, client: Option<&str>) {
        let hit = |e: &str, c: &str| e == email && client.is_none_or(|x| x == c);
        self.accesses.retain(|_, a| !hit(&a.email, &a.client_id));
        self.refreshes.retain(|_, r| !hit(&r.email, &r.client_id));
        self.codes.retain(|_, c| !hit(&c.email, &c.client_id));
        self.grants.retain(|(e, c), _| !hit(e, c));
    }
}

impl Google {
    /// A new access token, as if the user had just consented; for tests which are not about OAuth.
    /// Short scope names such as `calendar.events` are completed.
    pub fn access_token(&mut self, email: &str, scopes: &[&str]) -> String {
        let scopes = scopes.iter().map(|s| full_scope(s)).collect();
        self.issue_access(email, DEFAULT_CLIENT_ID, scopes)
    }

    /// A new refresh token and its consent, as if the user had gone through the pages.
    pub fn refresh_token(&mut self, email: &str, client_id: &str, scopes: &[&str]) -> String {
        let scopes: Vec<String> = scopes.iter().map(|s| full_scope(s)).collect();
        let key = (email.to_owned(), client_id.to_owned());
        self.oauth.grants.entry(key).or_default().extend(scopes.iter().cloned());
        self.issue_refresh(email, client_id, scopes)
    }

    pub(crate) fn issue_access(&mut self, email: &str, client_id: &str, scopes: Vec<String>) -> String {
        let token = self.secret("ya29.fake-", 2048);
        let expires_ms = self.now_ms + self.settings.access_token_ttl_s * 1000;
        let access = Access { email: email.to_owned(), client_id: client_id.to_owned(), scopes, expires_ms };
        self.oauth.accesses.insert(token.clone(), access);
        token
    }

    pub(crate) fn issue_refresh(&mut self, email: &str, client_id: &str, scopes: Vec<String>) -> String {
        let token = self.secret("1//fake-", 512);
        let expires_ms = self.settings.refresh_token_ttl_s.map(|s| self.now_ms + s * 1000);
        let oauth = &mut self.oauth;
        oauth.serial += 1;
        let refresh = Refresh {
            email: email.to_owned(),
            client_id: client_id.to_owned(),
            scopes,
            serial: oauth.serial,
            expires_ms,
        };
        oauth.refreshes.insert(token.clone(), refresh);
        let mut same: Vec<(u64, String)> = oauth
            .refreshes
            .iter()
            .filter(|(_, r)| r.email == email && r.client_id == client_id)
            .map(|(t, r)| (r.serial, t.clone()))
            .collect();
        same.sort();
        let excess = same.len().saturating_sub(self.settings.refresh_token_limit);
        for (_, old) in same.into_iter().take(excess) {
            oauth.refreshes.remove(&old);
        }
        token
    }

    fn secret(&mut self, prefix: &str, longest: usize) -> String {
        let mut token = self.ids.token(prefix);
        if self.settings.long_tokens {
            token.extend(std::iter::repeat_n('x', longest.saturating_sub(token.len())));
        }
        token
    }

    /// Expires the access tokens of a user; refresh tokens stay good.
    pub fn expire_access_tokens(&mut self, email: &str) {
        self.oauth.accesses.retain(|_, a| a.email != email);
    }
}

fn full_scope(short: &str) -> String {
    match short {
        "openid" => short.to_owned(),
        s if s.contains("://") => s.to_owned(),
        s => format!("{}{s}", crate::scopes::PREFIX),
    }
}

/// An endpoint outside the Calendar API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Endpoint {
    Authorize,
    Decide,
    Token,
    Revoke,
    UserInfo,
}

impl Endpoint {
    /// Name for counters and faults.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "oauth.authorize",
            Self::Decide => "oauth.decide",
            Self::Token => "oauth.token",
            Self::Revoke => "oauth.revoke",
            Self::UserInfo => "oauth.userinfo",
        }
    }
}

/// Finds the endpoint of a path.
#[must_use]
pub fn operation(request: &Request, segments: &[String]) -> Option<Endpoint> {
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match (request.method.as_str(), path.as_slice()) {
        ("GET", ["o", "oauth2", "v2", "auth"] | ["o", "oauth2", "auth"]) => Endpoint::Authorize,
        ("GET", ["o", "oauth2", "v2", "auth", "decide"]) => Endpoint::Decide,
        ("POST", ["token"] | ["oauth2", "v4", "token"]) => Endpoint::Token,
        ("POST", ["revoke"] | ["o", "oauth2", "revoke"]) => Endpoint::Revoke,
        ("GET", ["v1" | "oauth2", "userinfo"] | ["oauth2", "v3", "userinfo"]) => Endpoint::UserInfo,
        _ => return None,
    })
}

/// Handles an endpoint.
pub fn handle(google: &mut Google, endpoint: Endpoint, request: &Request) -> Response {
    match endpoint {
        Endpoint::Authorize => authorize::authorize(google, request),
        Endpoint::Decide => authorize::decide(google, request),
        Endpoint::Token => token::token(google, request),
        Endpoint::Revoke => token::revoke(google, request),
        Endpoint::UserInfo => token::user_info(google, request),
    }
}
