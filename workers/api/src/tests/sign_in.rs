use serde_json::json;
use sha2::{Digest as _, Sha256};
use tminus_domain::keys::{Key, KeyRing};
use tminus_domain::signed::sign;
use tminus_ports::Clock as _;

use super::*;
use crate::cookies::{OAUTH, SESSION};

#[test]
fn a_sign_in_asks_for_identity_only_and_proves_itself_by_pkce() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    assert!(google.url.as_str().starts_with("https://accounts.google.test/o/oauth2/v2/auth?"));
    let expected = [
        ("client_id", CLIENT_ID),
        ("redirect_uri", "https://api.t-minus.test/v1/auth/callback"),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("code_challenge_method", "S256"),
        ("access_type", "online"),
    ];
    for (name, value) in expected {
        assert_eq!(google.param(name).as_deref(), Some(value), "{name}");
    }
    world.google_grants("ann", "openid email");
    let answer = world.come_back(&google.state);
    assert_eq!(answer.status, 200);

    let exchange = world.ports.http.asked().pop().unwrap();
    assert_eq!(exchange.url, "https://oauth2.google.test/token");
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&exchange.body).into_owned().collect();
    assert_eq!(form["code"], "4/0planted");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(google.param("code_challenge"), Some(challenge));
    // The verifier never left the browser in the open.
    assert!(!google.url.as_str().contains(&form["code_verifier"]));
}

#[test]
fn the_cookie_of_the_sign_in_hides_the_verifier_and_is_taken_back() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    let sealed = world.cookie(OAUTH).unwrap();
    world.google_grants("ann", "openid email");
    world.come_back(&google.state);
    let exchange = world.ports.http.asked().pop().unwrap();
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&exchange.body).into_owned().collect();
    assert!(!sealed.contains(&form["code_verifier"]));
    assert_eq!(world.cookie(OAUTH).as_deref(), Some(""));
}

#[test]
fn signing_in_twice_is_the_same_user_and_another_subject_is_another() {
    let world = World::new();
    let ann = world.sign_in("ann");
    world.forget_cookies();
    assert_eq!(world.sign_in("ann"), ann);
    assert_ne!(world.sign_in("bob"), ann);
}

#[test]
fn a_linked_account_signs_in_too() {
    let world = World::new();
    let ann = world.sign_in("ann");
    world.linked("ann-at-work");
    world.forget_cookies();
    assert_eq!(world.sign_in("ann-at-work"), ann);
}

#[test]
fn a_browser_gets_a_page_and_nobody_keeps_the_answer() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    world.google_grants("ann", "openid email");
    let mut request = World::request("GET", &format!("/v1/auth/callback?code=c&state={}", google.state));
    let cookie = format!("{OAUTH}={}", world.cookie(OAUTH).unwrap());
    request.headers = vec![("accept".to_owned(), "text/html,*/*".to_owned()), ("cookie".to_owned(), cookie)];
    let answer = world.send(request);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}

#[test]
fn a_callback_that_is_malformed_is_refused() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    let state = &google.state;
    let cases = [
        (String::new(), 400, "state_missing"),
        ("code=c".to_owned(), 400, "state_missing"),
        ("code=&state=".to_owned(), 400, "state_missing"),
        (format!("state={state}"), 400, "code_missing"),
        (format!("code=a&code=b&state={state}"), 400, "invalid_parameter"),
        (format!("code={}&state={state}", "c".repeat(3000)), 400, "code_invalid"),
        (format!("code={}&state={state}", "c".repeat(9000)), 400, "invalid_parameter"),
        ("code=c&state=%FF%00planted".to_owned(), 400, "state_invalid"),
        ("error=access_denied&state=x".to_owned(), 403, "consent_denied"),
        ("error=planted".to_owned(), 400, "consent_failed"),
    ];
    for (query, status, code) in cases {
        let answer = world.get(&format!("/v1/auth/callback?{query}"));
        assert_eq!(refusal(&answer), refused(status, code), "{query}");
        assert!(!text(&answer).contains("planted"));
    }
    // None of it used the state up.
    world.google_grants("ann", "openid email");
    assert_eq!(world.come_back(state).status, 200);
}

#[test]
fn a_state_expires_after_ten_minutes() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    world.ports.clock.advance_seconds(600);
    assert_eq!(refusal(&world.come_back(&google.state)), refused(400, "state_expired"));
    assert!(world.ports.http.asked().is_empty());
}

#[test]
fn a_forged_state_is_refused() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    let expires = world.ports.clock.now().plus_seconds(60);
    let foreign = KeyRing::single("k2".to_owned(), Key::new([9; 32]));
    let ours = KeyRing::single("k2".to_owned(), Key::new([2; 32]));
    let payload = json!({"f": "sign_in", "n": "00"}).to_string();
    let states = [
        format!("{}x", google.state),
        google.state.replacen("1.k2.", "1.k1.", 1),
        sign(&foreign, "oauth-state", payload.as_bytes(), expires),
        // Signed by us, but for something else.
        sign(&ours, "session", payload.as_bytes(), expires),
        sign(&ours, "oauth-state", b"{}", expires),
    ];
    for state in states {
        assert_eq!(refusal(&world.come_back(&state)), refused(400, "state_invalid"), "{state}");
    }
    assert!(world.ports.http.asked().is_empty());
}

#[test]
fn a_state_of_another_browser_is_refused() {
    let world = World::new();
    let theirs = world.leave("/v1/auth/signin");
    world.forget_cookies();
    assert_eq!(refusal(&world.come_back(&theirs.state)), refused(400, "state_invalid"));
    world.leave("/v1/auth/signin");
    assert_eq!(refusal(&world.come_back(&theirs.state)), refused(400, "state_invalid"));
    assert!(world.ports.http.asked().is_empty());
}

#[test]
fn a_state_works_once() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    let sealed = world.cookie(OAUTH);
    world.google_grants("ann", "openid email");
    assert_eq!(world.come_back(&google.state).status, 200);
    world.put_cookie(OAUTH, sealed);
    assert_eq!(refusal(&world.come_back(&google.state)), refused(400, "state_used"));
    assert_eq!(world.ports.http.asked().len(), 1);
}

#[test]
fn what_google_refuses_or_leaves_out_is_told_apart() {
    let cases = [
        (400, r#"{"error":"invalid_grant"}"#, 400, "code_rejected"),
        (401, r#"{"error":"invalid_client"}"#, 500, "internal"),
        (503, "busy", 503, "unavailable"),
        (200, r#"{"access_token":"a","scope":"openid"}"#, 500, "internal"),
        (200, r#"{"access_token":"a","scope":"openid","id_token":"x"}"#, 500, "internal"),
    ];
    for (status, body, expected, code) in cases {
        let world = World::new();
        let google = world.leave("/v1/auth/signin");
        world.ports.http.then_json(status, body);
        assert_eq!(refusal(&world.come_back(&google.state)), refused(expected, code), "{body}");
    }
}

#[test]
fn an_id_token_for_another_client_signs_nobody_in() {
    for (field, value) in [("aud", json!("other")), ("iss", json!("https://evil.test")), ("exp", json!(1))] {
        let world = World::new();
        let google = world.leave("/v1/auth/signin");
        let mut claims = claims("ann");
        claims[field] = value;
        world.google_answers(&claims, "openid email");
        assert_eq!(refusal(&world.come_back(&google.state)), refused(500, "internal"), "{field}");
        assert_eq!(world.cookie(SESSION), None);
    }
}

#[test]
fn an_address_nobody_vouches_for_makes_no_user_and_a_taken_one_neither() {
    let world = World::new();
    let google = world.leave("/v1/auth/signin");
    let mut unverified = claims("ann");
    unverified["email_verified"] = json!(false);
    world.google_answers(&unverified, "openid email");
    assert_eq!(refusal(&world.come_back(&google.state)), refused(403, "email_unverified"));

    world.sign_in("ann");
    let google = world.leave("/v1/auth/signin");
    let mut heir = claims("heir");
    heir["email"] = json!("ann@example.com");
    world.google_answers(&heir, "openid email");
    assert_eq!(refusal(&world.come_back(&google.state)), refused(409, "email_taken"));
}

#[test]
fn a_session_lasts_seven_days_and_is_not_forged() {
    let world = World::new();
    world.sign_in("ann");
    assert_eq!(world.get("/v1/accounts").status, 200);
    world.ports.clock.advance_seconds(7 * 24 * 3600);
    assert_eq!(refusal(&world.get("/v1/accounts")), refused(401, "unauthenticated"));
    for value in [None, Some(String::new()), Some("1.k2.9999999999.e30.AAAA".to_owned())] {
        world.put_cookie(SESSION, value);
        assert_eq!(refusal(&world.get("/v1/accounts")), refused(401, "unauthenticated"));
    }
}
