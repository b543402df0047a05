//! The OAuth client ("Using OAuth 2.0 to Access Google APIs"; RFC 6749, RFC 7009, RFC 7636).

use crate::oauth_error::{EXCHANGE, OauthError, REFRESH, REVOKE};
use crate::request::USER_AGENT;
use crate::secret::{ClientSecret, RefreshToken};
use crate::target::{Target, form};
use crate::wire::TokenResponse;
use crate::wire::error::OauthErrorBody;
use tminus_ports::{Http, HttpRequest, HttpResponse, Method};

/// Our registration at Google, and where Google is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthConfig {
    /// The client's id.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: ClientSecret,
    /// The origin of the token endpoint without a trailing slash, such as `https://oauth2.googleapis.com`.
    pub oauth_base: String,
    /// The origin of the consent screen without a trailing slash, such as `https://accounts.google.com`.
    pub auth_base: String,
}

/// A consent to be asked for.
#[derive(Clone, Copy)]
pub struct AuthorizeRequest<'a> {
    /// The scopes.
    pub scopes: &'a [&'a str],
    /// Where the answer goes; registered at Google.
    pub redirect_uri: &'a str,
    /// What ties the answer to the asking (RFC 6749 §10.12).
    pub state: &'a str,
    /// From [`crate::pkce::code_challenge`].
    pub code_challenge: &'a str,
    /// The account, by address or `sub`, if one is meant.
    pub login_hint: Option<&'a str>,
    /// Whether scopes that were granted before are included.
    pub include_granted_scopes: bool,
    /// Whether a refresh token is wanted. Not for a mere sign-in: Google keeps 100 of them an account and client,
    /// and drops the oldest, which may be the one that a linked account lives on.
    pub offline: bool,
}

/// A code to be exchanged for tokens.
#[derive(Clone, Copy)]
pub struct CodeExchange<'a> {
    /// The code of the redirect.
    pub code: &'a str,
    /// The same as when consent was asked for.
    pub redirect_uri: &'a str,
    /// The verifier of the challenge.
    pub code_verifier: &'a str,
}

/// The OAuth client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OauthClient {
    config: OauthConfig,
}

impl OauthClient {
    /// A client.
    #[must_use]
    pub const fn new(config: OauthConfig) -> Self {
        Self { config }
    }

    /// The id of the client: the audience of its id tokens.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.config.client_id
    }

    /// Where the browser goes to consent. `access_type=offline` goes with `prompt=consent`, which yields a refresh
    /// token every time, not just the first.
    #[must_use]
    pub fn authorize_url(&self, ask: &AuthorizeRequest<'_>) -> String {
        Target::new(self.config.auth_base.as_str())
            .path("/o/oauth2/v2/auth")
            .query("client_id", &self.config.client_id)
            .query("redirect_uri", ask.redirect_uri)
            .query("response_type", "code")
            .query("scope", &ask.scopes.join(" "))
            .query("state", ask.state)
            .query("code_challenge", ask.code_challenge)
            .query("code_challenge_method", "S256")
            .query("access_type", if ask.offline { "offline" } else { "online" })
            .maybe("prompt", ask.offline.then_some("consent"))
            .maybe("include_granted_scopes", ask.include_granted_scopes.then_some("true"))
            .maybe("login_hint", ask.login_hint)
            .into_text()
    }

    /// Exchanges the code of a consent (RFC 6749 §4.1.3). A code works once.
    ///
    /// # Errors
    /// [`OauthError`] if it does not work; [`crate::OauthFailure::CodeRejected`] asks for a new consent.
    pub async fn exchange_code<H: Http>(
        &self,
        http: &H,
        exchange: &CodeExchange<'_>,
    ) -> Result<TokenResponse, OauthError> {
        let body = form(&[
            ("grant_type", "authorization_code"),
            ("code", exchange.code),
            ("redirect_uri", exchange.redirect_uri),
            ("client_id", &self.config.client_id),
            ("client_secret", self.config.client_secret.expose()),
            ("code_verifier", exchange.code_verifier),
        ]);
        self.tokens(http, EXCHANGE, body).await
    }

    /// A new access token (RFC 6749 §6).
    ///
    /// # Errors
    /// [`OauthError`] if it does not work; [`crate::OauthFailure::ConsentGone`] if the user must consent again.
    pub async fn refresh<H: Http>(
        &self,
        http: &H,
        refresh_token: &RefreshToken,
    ) -> Result<TokenResponse, OauthError> {
        let body = form(&[
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose()),
            ("client_id", &self.config.client_id),
            ("client_secret", self.config.client_secret.expose()),
        ]);
        self.tokens(http, REFRESH, body).await
    }

    /// Ends the whole grant that a refresh token belongs to (RFC 7009). One that is over already is fine.
    ///
    /// # Errors
    /// [`OauthError`] if it does not work.
    pub async fn revoke<H: Http>(&self, http: &H, refresh_token: &RefreshToken) -> Result<(), OauthError> {
        let answer = self.post(http, REVOKE, "/revoke", form(&[("token", refresh_token.expose())])).await?;
        if (200..300).contains(&answer.status) {
            return Ok(());
        }
        let over = OauthErrorBody::read(&answer.body).error == "invalid_token";
        if answer.status == 400 && over { Ok(()) } else { Err(refused(REVOKE, &answer)) }
    }

    async fn tokens<H: Http>(
        &self,
        http: &H,
        operation: &'static str,
        body: Vec<u8>,
    ) -> Result<TokenResponse, OauthError> {
        let answer = self.post(http, operation, "/token", body).await?;
        if !(200..300).contains(&answer.status) {
            return Err(refused(operation, &answer));
        }
        serde_json::from_slice(&answer.body).map_err(|_| OauthError::malformed(operation, answer.status))
    }

    async fn post<H: Http>(
        &self,
        http: &H,
        operation: &'static str,
        path: &str,
        body: Vec<u8>,
    ) -> Result<HttpResponse, OauthError> {
        let headers = vec![
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("user-agent".to_owned(), USER_AGENT.to_owned()),
            ("accept-encoding".to_owned(), "gzip".to_owned()),
        ];
        let url = format!("{}{path}", self.config.oauth_base);
        let request = HttpRequest { method: Method::Post, url, headers, body };
        http.send(request).await.map_err(|error| OauthError::from_http(operation, &error))
    }
}

fn refused(operation: &'static str, answer: &HttpResponse) -> OauthError {
    OauthError::from_answer(operation, answer.status, answer.header("retry-after"), &answer.body)
}
