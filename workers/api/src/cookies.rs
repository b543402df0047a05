//! Cookies, in and out. The `__Host-` prefix makes browsers refuse them from any other host or without TLS.

use crate::http::ApiRequest;

/// The session's cookie.
pub(crate) const SESSION: &str = "__Host-tminus-session";
/// The cookie of a consent under way.
pub(crate) const OAUTH: &str = "__Host-tminus-oauth";

/// The value of a cookie of the request.
pub(crate) fn cookie<'a>(request: &'a ApiRequest, name: &str) -> Option<&'a str> {
    let headers = request.headers.iter().filter(|(key, _)| key == "cookie");
    headers
        .flat_map(|(_, value)| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The header that sets a cookie for this many seconds; 0 removes it. `Lax`, not `Strict`: the browser comes back
/// from Google by a link, and must bring its cookies; a foreign form or script brings none.
pub(crate) fn set(name: &str, value: &str, seconds: i64) -> String {
    format!("{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax")
}
