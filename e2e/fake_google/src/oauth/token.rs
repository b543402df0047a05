//! Token, revocation and user-info endpoints.

use base64::{Engine, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::{Query, Request, Response};
use crate::oauth::{Client, Refresh};
use crate::state::Google;

fn error(status: u16, code: &str, description: &str) -> Response {
    Response::json(status, &json!({"error": code, "error_description": description}))
}

fn invalid_grant(description: &str) -> Response {
    error(400, "invalid_grant", description)
}

/// `POST /token`.
pub fn token(google: &mut Google, request: &Request) -> Response {
    let form = request.form_body();
    let grant_type = form.get("grant_type").unwrap_or_default();
    if !matches!(grant_type, "authorization_code" | "refresh_token") {
        return error(400, "unsupported_grant_type", &format!("Invalid grant_type: {grant_type}"));
    }
    let (client_id, secret) = credentials(request, &form);
    let Some(client_id) = client_id else {
        return error(400, "invalid_request", "Could not determine client ID from request.");
    };
    let Some(client) = google.oauth.client(&client_id) else {
        return error(401, "invalid_client", "The OAuth client was not found.");
    };
    if secret.is_none() {
        return error(400, "invalid_request", "client_secret is missing.");
    }
    if secret.as_deref() != Some(client.secret.as_str()) {
        return error(401, "invalid_client", "Unauthorized");
    }
    if grant_type == "refresh_token" {
        refresh(google, &form, &client_id, &client)
    } else {
        exchange(google, &form, &client_id, &client)
    }
}

/// From the form, or from HTTP Basic.
fn credentials(request: &Request, form: &Query) -> (Option<String>, Option<String>) {
    let own = |key| form.get(key).map(str::to_owned);
    let basic = request
        .get_header("authorization")
        .and_then(|h| h.strip_prefix("Basic "))
        .and_then(|b| STANDARD.decode(b).ok())
        .and_then(|b| String::from_utf8(b).ok())
        .and_then(|t| t.split_once(':').map(|(a, b)| (a.to_owned(), b.to_owned())));
    match basic {
        Some((id, secret)) => (Some(id), Some(secret)),
        None => (own("client_id"), own("client_secret")),
    }
}

fn exchange(google: &mut Google, form: &Query, client_id: &str, client: &Client) -> Response {
    let Some(text) = form.get("code") else {
        return error(400, "invalid_request", "Missing required parameter: code");
    };
    // Single use, whatever comes of it.
    let Some(code) = google.oauth.codes.remove(text) else {
        return invalid_grant("Malformed auth code.");
    };
    if code.expires_ms <= google.now_ms || code.client_id != client_id {
        return invalid_grant("Bad Request");
    }
    if form.get("redirect_uri") != Some(code.redirect_uri.as_str()) {
        return error(400, "redirect_uri_mismatch", "Bad Request");
    }
    if let Some((challenge, hashed)) = &code.challenge {
        let Some(verifier) = form.get("code_verifier") else {
            return invalid_grant("Missing code verifier.");
        };
        let legal = (43..=128).contains(&verifier.len())
            && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        let computed = if *hashed {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
        } else {
            verifier.to_owned()
        };
        if !legal || computed != *challenge {
            return invalid_grant("Invalid code verifier.");
        }
    }
    google.counters.count("token.exchange");
    let mut out =
        access_body(google, &code.email, client_id, client, code.scopes.clone(), code.nonce.as_deref());
    if code.offline {
        out["refresh_token"] = google.issue_refresh(&code.email, client_id, code.scopes).into();
        if let Some(seconds) = google.settings.refresh_token_ttl_s {
            out["refresh_token_expires_in"] = seconds.into();
        }
    }
    Response::json(200, &out)
}

fn refresh(google: &mut Google, form: &Query, client_id: &str, client: &Client) -> Response {
    let Some(text) = form.get("refresh_token") else {
        return error(400, "invalid_request", "Missing required parameter: refresh_token");
    };
    let live = |r: &Refresh| r.client_id == client_id && r.expires_ms.is_none_or(|at| at > google.now_ms);
    let Some(old) = google.oauth.refreshes.get(text).filter(|r| live(r)).cloned() else {
        return invalid_grant("Token has been expired or revoked.");
    };
    let scopes = match form.get("scope") {
        Some(asked) => {
            let asked: Vec<String> = asked.split_whitespace().map(str::to_owned).collect();
            if asked.iter().any(|s| !old.scopes.contains(s)) {
                return error(400, "invalid_scope", "Bad Request");
            }
            asked
        }
        None => old.scopes.clone(),
    };
    google.counters.count("token.refresh");
    let mut out = access_body(google, &old.email, client_id, client, scopes, None);
    if google.settings.rotate_refresh_tokens {
        out["refresh_token"] = google.issue_refresh(&old.email, client_id, old.scopes).into();
    }
    Response::json(200, &out)
}

fn access_body(
    google: &mut Google,
    email: &str,
    client_id: &str,
    client: &Client,
    scopes: Vec<String>,
    nonce: Option<&str>,
) -> Value {
    let scope = scopes.join(" ");
    let id_token = scopes
        .iter()
        .any(|s| s == "openid")
        .then(|| id_token(google, email, client_id, client, &scopes, nonce));
    let access_token = google.issue_access(email, client_id, scopes);
    let mut out = json!({
        "access_token": access_token,
        "expires_in": google.settings.access_token_ttl_s,
        "scope": scope,
        "token_type": "Bearer",
    });
    if let Some(token) = id_token.flatten() {
        out["id_token"] = token.into();
    }
    out
}

/// A JWT signed HS256 with the client secret. Google signs RS256: clients which verify the signature
/// against Google's keys cannot be tested here; those which trust the TLS channel can.
fn id_token(
    google: &Google,
    email: &str,
    client_id: &str,
    client: &Client,
    scopes: &[String],
    nonce: Option<&str>,
) -> Option<String> {
    let user = google.users.get(email)?;
    let now_s = google.now_ms.div_euclid(1000);
    let mut claims = json!({
        "iss": "https://accounts.google.com",
        "azp": client_id,
        "aud": client_id,
        "sub": user.sub,
        "iat": now_s,
        "exp": now_s + 3600,
    });
    if scopes.iter().any(|s| s.ends_with("userinfo.email")) {
        claims["email"] = email.into();
        claims["email_verified"] = true.into();
    }
    if scopes.iter().any(|s| s.ends_with("userinfo.profile")) {
        claims["name"] = user.name.as_str().into();
    }
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    let header = json!({"alg": "HS256", "typ": "JWT"});
    let encode = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
    let signed = format!("{}.{}", encode(&header), encode(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(client.secret.as_bytes()).ok()?;
    mac.update(signed.as_bytes());
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())))
}

/// `POST /revoke`: either token kills the whole consent.
pub fn revoke(google: &mut Google, request: &Request) -> Response {
    let (form, query) = (request.form_body(), request.query());
    let Some(token) = form.get("token").or_else(|| query.get("token")) else {
        return error(400, "invalid_request", "Missing required parameter: token");
    };
    let oauth = &google.oauth;
    let owner = oauth.accesses.get(token).map(|a| (a.email.clone(), a.client_id.clone()));
    let owner = owner.or_else(|| oauth.refreshes.get(token).map(|r| (r.email.clone(), r.client_id.clone())));
    match owner {
        Some((email, client)) => {
            google.oauth.revoke(&email, Some(&client));
            Response::json(200, &json!({}))
        }
        None => error(400, "invalid_token", "Token expired or revoked"),
    }
}

/// OpenID user info.
pub fn user_info(google: &mut Google, request: &Request) -> Response {
    let token = request.get_header("authorization").and_then(|h| h.strip_prefix("Bearer "));
    let access = token.and_then(|t| google.oauth.access(t, google.now_ms));
    match access.and_then(|a| google.users.get(&a.email)) {
        Some(user) => Response::json(
            200,
            &json!({"sub": user.sub, "email": user.email, "email_verified": true, "name": user.name}),
        ),
        None => error(401, "invalid_request", "Invalid Credentials"),
    }
}
