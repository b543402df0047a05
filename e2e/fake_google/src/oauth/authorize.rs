//! The authorization endpoint: checks, consent, redirect with a code.

use std::collections::BTreeSet;

use crate::http::{Query, Request, Response};
use crate::oauth::{Client, Code, page};
use crate::state::Google;

/// A checked authorization request.
struct Ask {
    client_id: String,
    redirect_uri: String,
    scopes: Vec<String>,
    state: Option<String>,
    challenge: Option<(String, bool)>,
}

/// `GET /o/oauth2/v2/auth`: at once with a known `login_hint`, else a page.
pub fn authorize(google: &mut Google, request: &Request) -> Response {
    let query = request.query();
    let ask = match check(google, &query) {
        Ok(ask) => ask,
        Err(response) => return *response,
    };
    let hint = query.get("login_hint").and_then(|hint| {
        google.users.values().find(|u| u.email == hint || u.sub == hint).map(|u| u.email.clone())
    });
    match hint {
        Some(email) if google.settings.auto_consent => {
            let declined = google.settings.declined_scopes.clone();
            let granted = ask.scopes.iter().filter(|s| !declined.contains(s)).cloned().collect();
            let deny = google.settings.deny_consent;
            finish(google, &query, &ask, &email, granted, deny)
        }
        _ => page::consent(google, &query, &ask.scopes),
    }
}

/// The page's form.
pub fn decide(google: &mut Google, request: &Request) -> Response {
    let query = request.query();
    let ask = match check(google, &query) {
        Ok(ask) => ask,
        Err(response) => return *response,
    };
    let email = query.get("chosen_user").unwrap_or_default().to_owned();
    if !google.users.contains_key(&email) {
        return page::error(400, "invalid_request", "Choose an account.");
    }
    let ticked: Vec<&str> = query.all("granted").collect();
    let granted = ask.scopes.iter().filter(|s| sign_in(s) || ticked.contains(&s.as_str())).cloned().collect();
    let deny = query.get("decision") != Some("allow");
    finish(google, &query, &ask, &email, granted, deny)
}

/// Scopes which only sign in; they have no box of their own.
pub fn sign_in(scope: &str) -> bool {
    matches!(scope, "openid" | "email" | "profile") || scope.contains("/auth/userinfo.")
}

fn check(google: &Google, query: &Query) -> Result<Ask, Box<Response>> {
    let refuse = |code: &str, text: &str| Err(Box::new(page::error(400, code, text)));
    let Some(client_id) = query.get("client_id") else {
        return refuse("invalid_request", "Missing required parameter: client_id");
    };
    let Some(Client { redirect_uris, .. }) = google.oauth.client(client_id) else {
        return Err(Box::new(page::error(401, "invalid_client", "The OAuth client was not found.")));
    };
    let Some(redirect_uri) = query.get("redirect_uri") else {
        return refuse("invalid_request", "Missing required parameter: redirect_uri");
    };
    if !redirect_uris.is_empty() && !redirect_uris.iter().any(|u| u == redirect_uri) {
        return refuse("redirect_uri_mismatch", "The redirect URI does not match the registered ones.");
    }
    if url::Url::parse(redirect_uri).is_err() {
        return refuse("invalid_request", "Invalid parameter value for redirect_uri");
    }
    if query.get("response_type") != Some("code") {
        return refuse("unsupported_response_type", "Invalid response_type");
    }
    let scopes: Vec<String> =
        query.get("scope").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    if scopes.is_empty() {
        return refuse("invalid_request", "Missing required parameter: scope");
    }
    let challenge = match (query.get("code_challenge"), query.get("code_challenge_method")) {
        (None, None) => None,
        (Some(text), None | Some("plain")) => Some((text.to_owned(), false)),
        (Some(text), Some("S256")) => Some((text.to_owned(), true)),
        (Some(_), Some(_)) => return refuse("invalid_request", "Invalid code_challenge_method"),
        (None, Some(_)) => return refuse("invalid_request", "Missing required parameter: code_challenge"),
    };
    Ok(Ask {
        client_id: client_id.to_owned(),
        redirect_uri: redirect_uri.to_owned(),
        scopes,
        state: query.get("state").map(str::to_owned),
        challenge,
    })
}

fn finish(
    google: &mut Google,
    query: &Query,
    ask: &Ask,
    email: &str,
    granted: Vec<String>,
    deny: bool,
) -> Response {
    // Declining every box is declining.
    let nothing = ask.scopes.iter().any(|s| !sign_in(s)) && granted.iter().all(|s| sign_in(s));
    if deny || nothing {
        return back(ask, &[("error", "access_denied")]);
    }
    let key = (email.to_owned(), ask.client_id.clone());
    let before = google.oauth.grants.get(&key).cloned();
    let consented = query.get("prompt").is_some_and(|p| p.split_whitespace().any(|w| w == "consent"));
    let offline = query.get("access_type") == Some("offline") && (consented || before.is_none());
    let mut scopes: BTreeSet<String> = granted.iter().map(|s| canonical(s)).collect();
    google.oauth.grants.entry(key).or_default().extend(scopes.iter().cloned());
    if query.get("include_granted_scopes") == Some("true") {
        scopes.extend(before.unwrap_or_default());
    }
    let code = google.ids.token("4/0fake-");
    let entry = Code {
        email: email.to_owned(),
        client_id: ask.client_id.clone(),
        redirect_uri: ask.redirect_uri.clone(),
        scopes: scopes.into_iter().collect(),
        challenge: ask.challenge.clone(),
        nonce: query.get("nonce").map(str::to_owned),
        offline,
        expires_ms: google.now_ms + google.settings.code_ttl_s * 1000,
    };
    let scope = entry.scopes.join(" ");
    google.oauth.codes.insert(code.clone(), entry);
    back(ask, &[("code", &code), ("scope", &scope)])
}

/// Google answers the short names `email` and `profile` with their long ones.
fn canonical(scope: &str) -> String {
    match scope {
        "email" | "profile" => format!("https://www.googleapis.com/auth/userinfo.{scope}"),
        other => other.to_owned(),
    }
}

fn back(ask: &Ask, pairs: &[(&str, &str)]) -> Response {
    let Ok(mut url) = url::Url::parse(&ask.redirect_uri) else {
        return page::error(400, "invalid_request", "Invalid redirect_uri");
    };
    {
        let mut out = url.query_pairs_mut();
        if let Some(state) = &ask.state {
            out.append_pair("state", state);
        }
        out.extend_pairs(pairs);
    }
    Response::redirect(url.as_str())
}
