//! The OAuth client: what it sends, what refusals mean.

use super::script::Script;
use crate::{
    AuthorizeRequest, ClientSecret, CodeExchange, OauthClient, OauthConfig, OauthError, OauthFailure,
    RefreshToken,
};
use futures::executor::block_on;
use tminus_ports::{Classify, ErrorClass, HttpError};

fn client() -> OauthClient {
    OauthClient::new(OauthConfig {
        client_id: "id.apps".to_owned(),
        client_secret: ClientSecret::new("hush"),
        oauth_base: "https://oauth2.googleapis.com".to_owned(),
        auth_base: "https://accounts.google.com".to_owned(),
    })
}

fn refresh(http: &Script) -> Result<crate::TokenResponse, OauthError> {
    block_on(client().refresh(http, &RefreshToken::new("1//r t")))
}

#[test]
fn consent_is_asked_for() {
    let ask = AuthorizeRequest {
        scopes: &["openid", "https://www.googleapis.com/auth/calendar.events"],
        redirect_uri: "https://t-minus.test/cb",
        state: "s&t",
        code_challenge: "c-_",
        login_hint: Some("a@example.com"),
        include_granted_scopes: true,
        offline: true,
    };
    assert_eq!(
        client().authorize_url(&ask),
        "https://accounts.google.com/o/oauth2/v2/auth?client_id=id.apps\
         &redirect_uri=https%3A%2F%2Ft-minus.test%2Fcb&response_type=code\
         &scope=openid%20https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fcalendar.events&state=s%26t\
         &code_challenge=c-_&code_challenge_method=S256&access_type=offline&prompt=consent\
         &include_granted_scopes=true&login_hint=a%40example.com"
    );
    let plain = AuthorizeRequest { login_hint: None, include_granted_scopes: false, ..ask };
    assert!(client().authorize_url(&plain).ends_with("&access_type=offline&prompt=consent"));
    let sign_in = AuthorizeRequest { offline: false, ..plain };
    assert!(client().authorize_url(&sign_in).ends_with("&code_challenge_method=S256&access_type=online"));
}

#[test]
fn a_code_is_exchanged() {
    let http = Script::json(
        200,
        r#"{"access_token":"ya29.a","expires_in":3599,"refresh_token":"1//r","scope":"openid https://x/calendar.events","token_type":"Bearer","id_token":"a.b.c"}"#,
    );
    let exchange = CodeExchange { code: "4/0", redirect_uri: "https://t/cb", code_verifier: "v" };
    let tokens = block_on(client().exchange_code(&http, &exchange)).unwrap();
    assert_eq!(tokens.access_token.expose(), "ya29.a");
    assert_eq!(tokens.refresh_token.as_ref().map(RefreshToken::expose), Some("1//r"));
    assert!(tokens.grants("https://x/calendar.events") && !tokens.grants("https://x/calendar"));
    let shown = format!("{tokens:?} {:?}", client());
    assert!(!["ya29", "1//r", "a.b.c", "hush"].iter().any(|secret| shown.contains(secret)), "{shown}");
    let request = http.request();
    assert_eq!(request.url, "https://oauth2.googleapis.com/token");
    assert_eq!(
        request.body,
        b"grant_type=authorization_code&code=4%2F0&redirect_uri=https%3A%2F%2Ft%2Fcb&client_id=id.apps&client_secret=hush&code_verifier=v"
    );
}

#[test]
fn a_refresh_brings_no_new_refresh_token() {
    let http = Script::json(200, r#"{"access_token":"ya29.b","expires_in":"3599","token_type":"Bearer"}"#);
    let tokens = refresh(&http).unwrap();
    assert_eq!((tokens.expires_in, tokens.refresh_token), (Some(3599), None));
    assert_eq!(
        http.request().body,
        b"grant_type=refresh_token&refresh_token=1%2F%2Fr%20t&client_id=id.apps&client_secret=hush"
    );
}

#[test]
fn refusals() {
    let rows: &[(u16, &str, OauthFailure)] = &[
        (
            400,
            r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
            OauthFailure::ConsentGone,
        ),
        (
            401,
            r#"{"error":"invalid_client","error_description":"The OAuth client was not found."}"#,
            OauthFailure::Misconfigured,
        ),
        (400, r#"{"error":"unauthorized_client"}"#, OauthFailure::Misconfigured),
        (400, r#"{"error":"invalid_request"}"#, OauthFailure::Misconfigured),
        (400, r#"{"error":"redirect_uri_mismatch"}"#, OauthFailure::Misconfigured),
        (403, "<html>proxy</html>", OauthFailure::Misconfigured),
        (429, "", OauthFailure::RateLimited),
        (403, r#"{"error":"rate_limit_exceeded"}"#, OauthFailure::RateLimited),
        (400, r#"{"error":"internal_failure"}"#, OauthFailure::Backend),
        (500, r#"{"error":"internal_failure"}"#, OauthFailure::Backend),
        (503, r#"{"error":"invalid_grant"}"#, OauthFailure::Backend),
        (502, "<html>", OauthFailure::Backend),
        (302, "", OauthFailure::Malformed),
        (200, "<html>", OauthFailure::Malformed),
    ];
    for (status, body, failure) in rows {
        let error = refresh(&Script::json(*status, body)).unwrap_err();
        assert_eq!(error.failure, *failure, "{status} {body}");
        let class = match failure {
            OauthFailure::ConsentGone | OauthFailure::CodeRejected => ErrorClass::Reject,
            OauthFailure::Misconfigured | OauthFailure::Malformed => ErrorClass::Bug,
            _ => ErrorClass::RETRY,
        };
        assert_eq!(error.class(), class, "{status} {body}");
    }
    let error = refresh(&Script::broken(HttpError::NoAnswer("x".to_owned()))).unwrap_err();
    assert_eq!((error.failure, error.status), (OauthFailure::NoAnswer, 0));
    let limited = Script::default().then(429, &[("retry-after", "9")], "");
    assert_eq!(refresh(&limited).unwrap_err().class(), ErrorClass::Retry { after_s: Some(9) });
}

#[test]
fn a_bad_code_is_not_a_lost_consent() {
    let http = Script::json(400, r#"{"error":"invalid_grant","error_description":"Malformed auth code."}"#);
    let exchange = CodeExchange { code: "4/0", redirect_uri: "https://t/cb", code_verifier: "v" };
    let error = block_on(client().exchange_code(&http, &exchange)).unwrap_err();
    assert_eq!(error.failure, OauthFailure::CodeRejected);
    assert_eq!(error.to_string(), "oauth exchange: code_rejected (status 400, error invalid_grant)");
}

#[test]
fn a_revocation_is_final_however_often() {
    let revoke = |status, body| {
        let http = Script::json(status, body);
        let done = block_on(client().revoke(&http, &RefreshToken::new("1//r")));
        assert_eq!(http.request().url, "https://oauth2.googleapis.com/revoke");
        assert_eq!(http.request().body, b"token=1%2F%2Fr");
        done.map_err(|error| error.failure)
    };
    assert_eq!(revoke(200, "{}"), Ok(()));
    assert_eq!(revoke(400, r#"{"error":"invalid_token"}"#), Ok(()));
    assert_eq!(revoke(400, r#"{"error":"invalid_request"}"#), Err(OauthFailure::Misconfigured));
    assert_eq!(revoke(503, ""), Err(OauthFailure::Backend));
}
