//! The consent page and the error page.

use std::fmt::Write as _;

use crate::http::{Query, Response};
use crate::oauth::authorize::sign_in;
use crate::state::Google;

const STYLE: &str = "body{font:16px system-ui;max-width:30rem;margin:3rem auto;padding:0 1rem}\
label{display:block;margin:.5rem 0}button{font:inherit;padding:.4rem 1rem;margin-right:.5rem}";

/// Accounts to choose from and a box per scope.
pub fn consent(google: &Google, query: &Query, scopes: &[String]) -> Response {
    let mut form = String::new();
    for (key, value) in &query.0 {
        let (key, value) = (escape(key), escape(value));
        let _ = write!(form, "<input type=hidden name=\"{key}\" value=\"{value}\">");
    }
    let hint = query.get("login_hint");
    for (index, user) in google.users.values().enumerate() {
        let chosen = hint.map_or(index == 0, |h| h == user.email || h == user.sub);
        let checked = if chosen { " checked" } else { "" };
        let (email, name) = (escape(&user.email), escape(&user.name));
        let _ = write!(
            form,
            "<label><input type=radio name=chosen_user value=\"{email}\"{checked}> {name} ({email})</label>"
        );
    }
    form.push_str("<hr>");
    for scope in scopes.iter().filter(|s| !sign_in(s)) {
        let checked = if google.settings.declined_scopes.contains(scope) { "" } else { " checked" };
        let scope = escape(scope);
        let _ = write!(
            form,
            "<label><input type=checkbox name=granted value=\"{scope}\"{checked}> {scope}</label>"
        );
    }
    let client = escape(query.get("client_id").unwrap_or_default());
    Response::html(
        200,
        format!(
            "<!DOCTYPE html><html lang=en><title>Sign in - fake Google</title><style>{STYLE}</style>\
             <h1>Choose an account</h1><p>to continue to {client}</p>\
             <form action=\"/o/oauth2/v2/auth/decide\">{form}<p>\
             <button name=decision value=allow>Allow</button>\
             <button name=decision value=deny>Deny</button></p></form></html>"
        ),
    )
}

/// Google shows errors before the redirect on a page of its own.
pub fn error(status: u16, code: &str, text: &str) -> Response {
    let (code, text) = (escape(code), escape(text));
    Response::html(
        status,
        format!(
            "<!DOCTYPE html><html lang=en><title>Error {status}: {code}</title><style>{STYLE}</style>\
             <h1>Access blocked</h1><p>{text}</p><p>Error {status}: {code}</p></html>"
        ),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
