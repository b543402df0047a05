//! The API against a scripted Google, objects that answer as told, and a real registry.

mod admin;
mod asking;
mod configuration;
mod cross_site;
mod errors;
mod events;
mod holds;
mod keys;
mod link;
mod lists;
mod making;
mod mirrors;
mod policy;
mod ranges;
mod replay;
mod sign_in;
mod unlink;

use std::cell::RefCell;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures::executor::block_on;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tminus_account::contract as account;
use tminus_domain::ids::{AccountId, PrefixedId, Ulid, UserId};
use tminus_testkit::TestPorts;
use tminus_user_graph::contract as graph;
use url::Url;

use crate::{ApiRequest, ApiResponse, Config, handle};

pub(super) const CLIENT_ID: &str = "client.apps.example";
pub(super) const ADMIN: &str = "operator-token";

pub(super) fn id<I: PrefixedId>(number: u128) -> I {
    I::from_ulid(Ulid::from_parts(1_767_225_600_000, number))
}

pub(super) fn settings() -> BTreeMap<String, String> {
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(ADMIN));
    let old_hash = data_encoding::HEXLOWER.encode(&Sha256::digest("older-token"));
    [
        ("GOOGLE_CLIENT_ID", CLIENT_ID.to_owned()),
        ("GOOGLE_CLIENT_SECRET", "client-secret".to_owned()),
        ("GOOGLE_AUTH_BASE_URL", "https://accounts.google.test".to_owned()),
        ("GOOGLE_OAUTH_BASE_URL", "https://oauth2.google.test/".to_owned()),
        ("PUBLIC_API_URL", "https://api.t-minus.test/".to_owned()),
        ("STATE_KEYS", format!("k2:{},k1:{}", STANDARD.encode([2; 32]), STANDARD.encode([1; 32]))),
        ("ADMIN_TOKEN_HASHES", format!("{hash}, {old_hash}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// The Worker, its world, and one browser.
pub(super) struct World {
    pub(super) ports: TestPorts,
    config: Config,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// A browser that is at Google.
pub(super) struct AtGoogle {
    pub(super) url: Url,
    pub(super) state: String,
}

impl AtGoogle {
    pub(super) fn param(&self, name: &str) -> Option<String> {
        self.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

impl World {
    pub(super) fn new() -> Self {
        let ports = TestPorts::new().unwrap();
        let overlay_calendar = id(900);
        ports.objects.on(move |_: &str, _: account::Create| Ok(account::Created { overlay_calendar }));
        ports.objects.on(|_: &str, _: graph::Create| Ok(()));
        ports.objects.on(|_: &str, _: graph::LinkAccount| Ok(()));
        let settings = settings();
        let config = Config::load(|name| settings.get(name).cloned()).unwrap();
        Self { ports, config, cookies: RefCell::default() }
    }

    /// Sends a request as it is.
    pub(super) fn send(&self, request: ApiRequest) -> ApiResponse {
        block_on(handle(&self.ports, &self.config, request))
    }

    pub(super) fn request(method: &str, target: &str) -> ApiRequest {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        ApiRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// Sends a GET as the browser does: with its cookies, keeping what it is given.
    pub(super) fn get(&self, target: &str) -> ApiResponse {
        let answer = self.send(self.with_cookies(Self::request("GET", target)));
        for (_, value) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            assert!(
                value.starts_with("__Host-") && value.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
            );
            let (name, rest) = value.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// The request with the browser's cookies.
    pub(super) fn with_cookies(&self, mut request: ApiRequest) -> ApiRequest {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers.push(("cookie".to_owned(), cookies.join("; ")));
        request
    }

    /// Sends a request as a page of ours does.
    pub(super) fn change(&self, method: &str, target: &str) -> ApiResponse {
        self.change_with(method, target, "")
    }

    /// Sends a request as a page of ours does, with a body.
    pub(super) fn change_with(&self, method: &str, target: &str, body: &str) -> ApiResponse {
        let mut request = self.with_cookies(Self::request(method, target));
        request.headers.push(("content-type".to_owned(), "application/json".to_owned()));
        request.headers.push(("sec-fetch-site".to_owned(), "same-origin".to_owned()));
        request.headers.push(("origin".to_owned(), "https://api.t-minus.test".to_owned()));
        request.body = body.as_bytes().to_vec();
        self.send(request)
    }

    pub(super) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    /// Puts a cookie into the browser, or takes it out.
    pub(super) fn put_cookie(&self, name: &str, value: Option<String>) {
        match value {
            Some(value) => self.cookies.borrow_mut().insert(name.to_owned(), value),
            None => self.cookies.borrow_mut().remove(name),
        };
    }

    /// Another browser, in the same world.
    pub(super) fn forget_cookies(&self) {
        self.cookies.borrow_mut().clear();
    }

    /// Sends a request with the admin token.
    pub(super) fn admin(&self, method: &str, target: &str, body: &str) -> ApiResponse {
        let mut request = Self::request(method, target);
        request.headers.push(("authorization".to_owned(), format!("Bearer {ADMIN}")));
        request.headers.push(("content-type".to_owned(), "application/json; charset=utf-8".to_owned()));
        request.body = body.as_bytes().to_vec();
        self.send(request)
    }

    /// Leaves for Google.
    pub(super) fn leave(&self, target: &str) -> AtGoogle {
        let answer = self.get(target);
        assert_eq!(answer.status, 302, "{}", text(&answer));
        let url = Url::parse(answer.header("location").unwrap()).unwrap();
        let state = url.query_pairs().find(|(key, _)| key == "state").unwrap().1.into_owned();
        AtGoogle { url, state }
    }

    /// Google will answer the next exchange so: for this subject, with these scopes.
    pub(super) fn google_grants(&self, subject: &str, scopes: &str) {
        self.google_answers(&claims(subject), scopes);
    }

    pub(super) fn google_answers(&self, claims: &Value, scopes: &str) {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let jwt = format!("{}.{}.c2ln", part(&json!({"alg": "RS256"})), part(claims));
        let tokens = json!({
            "access_token": "ya29.planted", "expires_in": 3599, "refresh_token": "1//planted",
            "scope": scopes, "token_type": "Bearer", "id_token": jwt,
        });
        self.ports.http.then_json(200, &tokens.to_string());
    }

    /// Comes back from Google with a code.
    pub(super) fn come_back(&self, state: &str) -> ApiResponse {
        self.get(&format!("/v1/auth/callback?code=4%2F0planted&state={state}"))
    }

    /// Signs in as a Google account.
    pub(super) fn sign_in(&self, subject: &str) -> UserId {
        let google = self.leave("/v1/auth/signin");
        self.google_grants(subject, "openid https://www.googleapis.com/auth/userinfo.email");
        let answer = self.come_back(&google.state);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["user_id"].as_str().unwrap().parse().unwrap()
    }

    /// Links a Google account to whoever is signed in.
    pub(super) fn link(&self, subject: &str) -> ApiResponse {
        let google = self.leave("/v1/auth/link");
        self.google_grants(subject, &google.param("scope").unwrap());
        self.come_back(&google.state)
    }

    /// Links a Google account and returns its id.
    pub(super) fn linked(&self, subject: &str) -> AccountId {
        let answer = self.link(subject);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["account_id"].as_str().unwrap().parse().unwrap()
    }
}

pub(super) fn claims(subject: &str) -> Value {
    json!({
        "iss": "https://accounts.google.com", "aud": CLIENT_ID, "azp": CLIENT_ID, "sub": subject,
        "email": format!("{subject}@example.com"), "email_verified": true, "iat": 0, "exp": 4_000_000_000_i64,
    })
}

pub(super) fn text(answer: &ApiResponse) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

pub(super) fn json(answer: &ApiResponse) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Status and code of a refusal.
pub(super) fn refusal(answer: &ApiResponse) -> (u16, String) {
    let code = json(answer)["error"]["code"].as_str().unwrap().to_owned();
    (answer.status, code)
}

/// What [`refusal`] is compared with.
pub(super) fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
