//! Consent, PKCE, tokens, revocation.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use fake_google::http::{Query, Request, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::world::{ANNA, World};

const REDIRECT: &str = "http://127.0.0.1:9/callback";
const VERIFIER: &str = "a-verifier-which-is-long-enough-for-the-rules-43";
const SCOPE: &str = "openid email https://www.googleapis.com/auth/calendar.events \
                     https://www.googleapis.com/auth/calendar.calendarlist.readonly";

fn authorize(w: &mut World, extra: &[(&str, &str)]) -> Response {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
    let mut pairs = vec![
        ("client_id", "fake-client-id"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", SCOPE),
        ("state", "st"),
        ("login_hint", ANNA),
        ("access_type", "offline"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    pairs.retain(|(k, _)| extra.iter().all(|(e, _)| e != k));
    pairs.extend(extra.iter().filter(|(_, v)| !v.is_empty()));
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    w.raw(&Request::new("GET", &format!("/o/oauth2/v2/auth?{query}")))
}

fn redirected(response: &Response) -> Query {
    assert_eq!(response.status, 302, "{}", String::from_utf8_lossy(&response.body));
    let location = response.get_header("location").unwrap();
    assert!(location.starts_with(REDIRECT));
    Query::parse(location.split_once('?').unwrap().1.as_bytes())
}

fn code(w: &mut World, extra: &[(&str, &str)]) -> String {
    redirected(&authorize(w, extra)).get("code").unwrap().to_owned()
}

fn token(w: &mut World, fields: &[(&str, &str)]) -> (u16, Value) {
    let mut all = vec![
        ("client_id", "fake-client-id"),
        ("client_secret", "fake-client-secret"),
        ("redirect_uri", REDIRECT),
        ("grant_type", "authorization_code"),
        ("code_verifier", VERIFIER),
    ];
    all.retain(|(k, _)| fields.iter().all(|(f, _)| f != k));
    all.extend_from_slice(fields);
    let response = w.raw(&Request::new("POST", "/token").form(&all));
    (response.status, response.value())
}

#[test]
fn code_flow_with_pkce() {
    let mut w = World::new();
    let back = redirected(&authorize(&mut w, &[]));
    assert_eq!(back.get("state"), Some("st"));
    let code = back.get("code").unwrap().to_owned();
    let (status, out) = token(&mut w, &[("code", &code)]);
    assert_eq!(status, 200, "{out}");
    assert_eq!(out["expires_in"], 3599);
    assert_eq!(out["token_type"], "Bearer");
    assert!(out["scope"].as_str().unwrap().contains("calendar.events"));
    let refresh = out["refresh_token"].as_str().unwrap().to_owned();
    let claims = out["id_token"].as_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    assert_eq!(claims["email"], ANNA);
    assert_eq!(claims["aud"], "fake-client-id");
    assert_eq!(claims["sub"], w.google.users[ANNA].sub);
    w.token = out["access_token"].as_str().unwrap().to_owned();
    w.get("/users/me/calendarList");
    assert_eq!(token(&mut w, &[("code", &code)]).1["error"], "invalid_grant", "single use");
    let (status, out) = token(&mut w, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(status, 200);
    assert!(out["refresh_token"].is_null(), "Google does not rotate");
    // The second consent hands out a refresh token only when the prompt is forced.
    let second = crate::oauth::code(&mut w, &[]);
    assert!(token(&mut w, &[("code", &second)]).1["refresh_token"].is_null());
    let third = crate::oauth::code(&mut w, &[("prompt", "consent")]);
    assert!(token(&mut w, &[("code", &third)]).1["refresh_token"].is_string());
}

#[test]
fn bad_exchanges() {
    let mut w = World::new();
    let cases: [(&str, &str, u16, &str); 5] = [
        ("code_verifier", "another-verifier-which-is-long-enough-to-be-legal", 400, "invalid_grant"),
        ("redirect_uri", "http://127.0.0.1:9/other", 400, "redirect_uri_mismatch"),
        ("client_id", "nobody", 401, "invalid_client"),
        ("client_secret", "wrong", 401, "invalid_client"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
    ];
    for (key, value, status, error) in cases {
        let code = code(&mut w, &[]);
        let (got, out) = token(&mut w, &[("code", &code), (key, value)]);
        assert_eq!((got, out["error"].as_str()), (status, Some(error)), "{key}");
    }
    let plain = code(&mut w, &[("code_challenge", VERIFIER), ("code_challenge_method", "plain")]);
    assert_eq!(token(&mut w, &[("code", &plain)]).0, 200);
    let late = code(&mut w, &[]);
    w.now_ms += 601_000;
    assert_eq!(token(&mut w, &[("code", &late)]).1["error"], "invalid_grant");
}

#[test]
fn declined_scopes_and_denial() {
    let mut w = World::new();
    let list = "https://www.googleapis.com/auth/calendar.calendarlist.readonly";
    w.control("POST", "/settings", &json!({"declined_scopes": [list]}));
    let code = code(&mut w, &[]);
    let (_, out) = token(&mut w, &[("code", &code)]);
    assert!(!out["scope"].as_str().unwrap().contains("calendarlist"));
    w.control("POST", "/settings", &json!({"deny_consent": true}));
    assert_eq!(redirected(&authorize(&mut w, &[])).get("error"), Some("access_denied"));
    w.control("POST", "/settings", &json!({"deny_consent": false, "auto_consent": false}));
    let page = authorize(&mut w, &[]);
    assert_eq!(page.status, 200);
    assert!(String::from_utf8(page.body).unwrap().contains("chosen_user"));
    assert_eq!(authorize(&mut w, &[("client_id", "nobody")]).status, 401);
    assert_eq!(authorize(&mut w, &[("scope", "")]).status, 400);
}

#[test]
fn the_form_grants_what_is_ticked() {
    let mut w = World::new();
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("client_id", "fake-client-id"),
            ("redirect_uri", REDIRECT),
            ("response_type", "code"),
            ("scope", SCOPE),
            ("chosen_user", ANNA),
            ("granted", "https://www.googleapis.com/auth/calendar.events"),
            ("decision", "allow"),
        ])
        .finish();
    let back = redirected(&w.raw(&Request::new("GET", &format!("/o/oauth2/v2/auth/decide?{query}"))));
    let scope = back.get("scope").unwrap();
    assert!(scope.contains("calendar.events") && scope.contains("openid") && !scope.contains("calendarlist"));
}

#[test]
fn revocation_kills_the_whole_grant() {
    let mut w = World::new();
    let minted = w.control("POST", "/tokens", &json!({"email": ANNA}));
    let (access, refresh) = (
        minted["access_token"].as_str().unwrap().to_owned(),
        minted["refresh_token"].as_str().unwrap().to_owned(),
    );
    assert_eq!(w.raw(&Request::new("POST", "/revoke").form(&[("token", &access)])).status, 200);
    let (status, out) = token(&mut w, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(status, 400);
    assert_eq!(
        out,
        json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."})
    );
    assert_eq!(w.raw(&Request::new("POST", "/revoke").form(&[("token", &access)])).status, 400);
}

#[test]
fn the_oldest_refresh_token_dies_silently() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"refresh_token_limit": 2}));
    let tokens: Vec<String> =
        (0..3).map(|_| w.google.refresh_token(ANNA, "fake-client-id", &["calendar"])).collect();
    let alive: Vec<u16> = tokens
        .iter()
        .map(|t| token(&mut w, &[("grant_type", "refresh_token"), ("refresh_token", t)]).0)
        .collect();
    assert_eq!(alive, [400, 200, 200]);
}

#[test]
fn refresh_tokens_of_an_app_in_testing_die_by_themselves() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"refresh_token_ttl_s": 604_800}));
    let code = code(&mut w, &[]);
    let (_, granted) = token(&mut w, &[("code", &code)]);
    assert_eq!(granted["refresh_token_expires_in"], 604_800);
    let old = granted["refresh_token"].as_str().unwrap().to_owned();
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", old.as_str())];
    w.now_ms += 604_799_000;
    assert_eq!(token(&mut w, &refresh).0, 200);
    w.now_ms += 1000;
    let (status, out) = token(&mut w, &refresh);
    assert_eq!((status, &out["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn tokens_can_be_as_long_as_google_allows_itself() {
    let mut w = World::new();
    w.control("POST", "/settings", &json!({"long_tokens": true}));
    let minted = w.control("POST", "/tokens", &json!({"email": ANNA}));
    let length = |key: &str| minted[key].as_str().unwrap().len();
    assert_eq!((length("access_token"), length("refresh_token")), (2048, 512));
    w.token = minted["access_token"].as_str().unwrap().to_owned();
    assert_eq!(w.call("GET", "/users/me/calendarList", None).status, 200);
}

#[test]
fn the_token_endpoint_can_fail_for_a_moment() {
    let mut w = World::new();
    let refresh = w.google.refresh_token(ANNA, "fake-client-id", &["calendar"]);
    let fault = json!({
        "match": {"operation": "oauth.token"},
        "effect": {"status": 503, "body": "{\"error\":\"internal_failure\"}"},
    });
    w.control("POST", "/faults", &fault);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let (status, out) = token(&mut w, &fields);
    assert_eq!((status, &out["error"]), (503, &json!("internal_failure")));
    assert_eq!(token(&mut w, &fields).0, 200);
}
